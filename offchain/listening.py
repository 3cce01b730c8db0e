"""Where a server listens: which addresses are taken, how they are shown, and why one cannot be had."""

import errno
import re
import socket
from ipaddress import IPv6Address, ip_address

from offchain.errors import OffchainError
from offchain.exchange import is_local

_NAME = re.compile(r"(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not, as is so of ports below 1024",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EAFNOSUPPORT: "this machine has no addresses of that kind",
}


def host_of(value: str) -> str:
    """Return the address that a server is to listen on, without an IPv6 address's brackets.

    Raises:
        ValueError: When it is none, with what to give.

    >>> host_of("[::1]"), host_of("0.0.0.0"), host_of("localhost")
    ('::1', '0.0.0.0', 'localhost')
    """
    host = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    # Digits and full stops alone are old spellings of addresses: 0 would be all of a machine's.
    if not _NAME.fullmatch(host) or re.fullmatch(r"[\d.]+|0x.*", host):
        raise ValueError(
            f"{value!r} is no address to listen on; give it alone, without http:// and port: 127.0.0.1 for "
            "this machine, 0.0.0.0 for whoever reaches it"
        )
    return host


def root_url(host: str, port: int) -> str:
    """Return the URL of what listens there.

    >>> root_url("::1", 80)
    'http://[::1]:80'
    """
    try:
        bare = not isinstance(ip_address(host), IPv6Address)
    except ValueError:
        bare = True
    return f"http://{host if bare else f'[{host}]'}:{port}"


def is_open(host: str) -> bool:
    """Whether other machines may reach what listens there."""
    return not is_local(host)


def cannot_listen(host: str, port: int, error: Exception, options: str) -> OffchainError:
    """Return the error of an address that cannot be had, in a sentence that names the options to change."""
    number = error.errno if isinstance(error, OSError) else None
    known = _REASONS.get(number) if number is not None else None
    if isinstance(error, socket.gaierror):
        known = "its name is not known here"
    return OffchainError(
        f"cannot listen on {root_url(host, port).removeprefix('http://')}: {known or error}; choose another "
        f"{options}"
    )
