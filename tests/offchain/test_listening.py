"""Where servers listen: addresses as people give them, URLs as they are shown, reasons in words."""

import asyncio
import errno
import os
import signal
import socket

import pytest
from click.testing import CliRunner

from offchain.errors import OffchainError
from offchain.listening import cannot_listen, host_of, is_open, root_url
from offchain.serving import application, serve
from scripts.keeper import cli as keeper
from scripts.relay import cli as relay
from scripts.store import cli as store


@pytest.mark.parametrize(
    ("given", "host", "url"),
    [
        ("127.0.0.1", "127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "0.0.0.0", "http://0.0.0.0:80"),
        ("::1", "::1", "http://[::1]:80"),
        ("[::1]", "::1", "http://[::1]:80"),
        ("::", "::", "http://[::]:80"),
        ("fe80::1%eth0", "fe80::1%eth0", "http://[fe80::1%eth0]:80"),
        ("2001:DB8::1", "2001:db8::1", "http://[2001:db8::1]:80"),
        ("localhost", "localhost", "http://localhost:80"),
        ("store.hospital.example", "store.hospital.example", "http://store.hospital.example:80"),
    ],
)
def test_an_address_is_taken_and_shown(given, host, url):
    assert host_of(given) == host and root_url(host, 80) == url


@pytest.mark.parametrize(
    "given",
    ["", " ", "*", "0", "127.1", "2130706433", "0x7f000001", "127.0.0.1:80", "http://127.0.0.1", "a/b", "-x",
     "300.1.1.1", "::1::2", "[::1", "a" * 64, "x" * 300, "caf\u00e9", "a\0b", "127.0.0.1 "],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_it_is_bound(given):
    with pytest.raises(ValueError, match="is no address to listen on; .*127.0.0.1 .*0.0.0.0"):
        host_of(given)


def test_which_addresses_other_machines_reach():
    hosts = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "192.0.2.1", "store.example")
    assert [is_open(host) for host in hosts] == [False, False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EADDRINUSE, "x"), "cannot listen on [::1]:80: another program listens there"),
        (PermissionError(errno.EACCES, "x"), "this user may not, as is so of ports below 1024"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "this machine has no such address"),
        (socket.gaierror(-2, "Name or service not known"), "its name is not known here"),
        (OSError("odd"), "odd"),
    ],
)
def test_why_an_address_cannot_be_had_is_said(error, words):
    told = str(cannot_listen("::1", 80, error, "--port"))
    assert words in told and told.endswith("; choose another --port")


def test_a_taken_port_is_said_with_the_option_to_change():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OffchainError, match="another program listens there; choose another --here$"):
            serve(application([], 1, 0), "127.0.0.1", port, options="--here")


@pytest.mark.parametrize(
    ("command", "option"), [(store, "--host"), (relay, "--host"), (keeper, "--metrics-host")]
)
def test_commands_refuse_an_empty_address_which_sockets_take_for_all_of_them(command, option):
    result = CliRunner().invoke(command, [option, ""])
    assert result.exit_code == 2 and "'' is no address to listen on" in " ".join(result.output.split())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_server_ends_in_order_when_it_is_told_to(number, terminal_that_closes):
    serve(application([], 1, 1), "127.0.0.1", 0, lambda port: os.kill(os.getpid(), number))


def test_what_fails_in_the_loop_itself_is_a_line_now_and_then(caplog):
    """Such as a connection that comes while as many files are open as may be."""

    def started(port):
        loop = asyncio.get_running_loop()
        failed = OSError(errno.EMFILE, "Too many open files")
        for _ in range(3):
            loop.call_exception_handler({"message": "accept() out of\nresource", "exception": failed})
        os.kill(os.getpid(), signal.SIGTERM)

    serve(application([], 1, 1), "127.0.0.1", 0, started)
    (record,) = caplog.records
    assert record.getMessage() == "accept() out of resource (Too many open files)" and not record.exc_info
