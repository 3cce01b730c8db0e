"""What is waited for longer than a person expects is said while it lasts."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NOTICE_SECONDS = 15.0
"""After which it is."""
_log = logging.getLogger(__name__)


@contextmanager
def noticed(waited: str, end: str) -> Iterator[None]:
    """Say what is waited for, and how that ends, where the block takes long."""
    told = "%s for %g s; %s"
    timer = threading.Timer(NOTICE_SECONDS, _log.warning, (told, waited, NOTICE_SECONDS, end))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
