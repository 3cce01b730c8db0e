"""Ports for servers of tests, of which many run at once on one machine."""

import itertools
import os

from offchain.chain.ports import PORTS, is_free

_candidates = (PORTS[(os.getpid() * 97 + number) % len(PORTS)] for number in itertools.count())


def free_port():
    """A port that nobody listens on; none is given twice, and other processes begin elsewhere."""
    return next(port for port in _candidates if is_free(port))
