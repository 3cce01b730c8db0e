"""Ports of this machine for a server that is about to start."""

import socket
from random import SystemRandom

PORTS = range(10_000, 32_000)
"""Below those that Linux and macOS give to outgoing connections, any of which may hold one."""


def free_port() -> int:
    """Return a port that nobody listens on; drawn by no seed, so that two runs of one seed do not meet."""
    drawn = SystemRandom().sample(PORTS, len(PORTS))
    return next((port for port in drawn if is_free(port)), drawn[0])


def is_free(port: int) -> bool:
    """Return whether one may listen on a port of this machine's own address."""
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
