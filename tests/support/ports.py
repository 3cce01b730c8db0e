"""Ports for servers of tests, of which many run at once on one machine."""

import itertools
import os
import socket

# Below those that Linux and macOS give to outgoing connections, any of which may take a free port.
FIRST, LAST = 10_000, 32_000
_candidates = (FIRST + (os.getpid() * 97 + number) % (LAST - FIRST) for number in itertools.count())


def free_port():
    """A port that nobody listens on; none is given twice, and other processes begin elsewhere."""
    return next(port for port in _candidates if _is_free(port))


def _is_free(port):
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
