"""URLs that people give: whether they are any, and how they are shown, without what only owners may know."""

import re
from urllib.parse import unquote, urlsplit

_SHORTEST = 3
"""Characters of a secret that is looked for; shorter ones would be found in every word."""
_SHORTEST_KEY = 8
"""Of one in a path, whose other parts are words such as v3."""
_CHAINED = re.compile(r"::(?=[A-Za-z][\w+.-]*(?:://|::))")
"""Between the parts of what fsspec opens; not in an IPv6 address."""
_HERE = ("file", "local", "memory")
"""Schemes without a server."""


def shown(url: str) -> str:
    """Return what a message, a log and a measure have of a URL: the server, and `/...` where more follows.

    Keys are in users, passwords, queries, and in paths alike. Of a folder of this machine all is shown.

    >>> shown("https://me:secret@store.example/a?token=b"), shown("https://store.example:8443/")
    ('https://store.example/...', 'https://store.example:8443')
    >>> shown("zip://x::s3://bucket/a"), shown("file:///home/me/store"), shown("/home/me/store")
    ('zip://x::s3://bucket/...', 'file:///home/me/store', '/home/me/store')
    """
    return "::".join(_shown(part) for part in _CHAINED.split(url))


def url_fault(url: str) -> str | None:
    """Return what keeps a URL of a server from being one, without any part of it; None when nothing does.

    >>> url_fault("https://node.example:8545/key"), url_fault("https://:8545"), url_fault("http://[::1")
    (None, 'it names no host', 'its host or port is none')
    """
    if not url.isprintable() or " " in url:
        return "it has spaces or invisible characters in it"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "its host or port is none"
    if not parts.hostname:
        return "it names no host"
    return "its host or port is none" if port == 0 else None


def without_secrets(text: object, url: str) -> str:
    """Return what a library says of a URL, `text`, without the URL's secrets.

    >>> without_secrets("no host for https://me:secret@store.example?key=abc", "https://me:secret@store.example?key=abc")
    'no host for https://store.example/...'
    >>> without_secrets("no /v3/0123456789/a", "https://node.example/v3/0123456789")
    'no /v3/***/a'
    """
    told = str(text).replace(url, shown(url))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        told = told.replace(secret, "***")
    return told


def _shown(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() in _HERE:
        return url
    authority, path, more = _parts(rest)
    is_whole = not path.strip("/") and not more
    return scheme + separator + authority.rpartition("@")[2] + ("" if is_whole else "/...")


def _parts(rest: str) -> tuple[str, str, str]:
    """Authority, path, and what follows the path, of what follows `://`."""
    end = min((rest.find(mark) for mark in "?#" if mark in rest), default=len(rest))
    place, more = rest[:end], rest[end:]
    slash = place.find("/")
    if slash >= 0 and "@" in place and _is_cut_password(place[:slash]):
        slash = place.find("/", place.rindex("@"))
    if slash < 0:
        slash = len(place)
    return place[:slash], place[slash:], more


def _is_cut_password(authority: str) -> bool:
    """Whether what stands before the first slash is a user and a part of a password rather than a host."""
    before, colon, after = authority.rpartition(":")
    return "@" not in authority and bool(colon) and not after.isdigit() and not before.startswith("[")


def _secrets(url: str) -> set[str]:
    found: set[str] = set()
    for part in _CHAINED.split(url):
        scheme, separator, rest = part.partition("://")
        if not separator or scheme.lower() in _HERE:
            continue
        authority, path, more = _parts(rest)
        user_info = authority.rpartition("@")[0]
        found |= {user_info, user_info.partition(":")[2], more.lstrip("?#")}
        found |= {name for name in path.split("/") if len(name) >= _SHORTEST_KEY}
        found |= {pair.partition("=")[2] for pair in more.lstrip("?#").replace("#", "&").split("&")}
    found |= {unquote(secret) for secret in found}
    return {secret for secret in found if len(secret) >= _SHORTEST}
