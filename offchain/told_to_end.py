"""How a program is told to end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end a program in order: SIGTERM, Ctrl-C, and a terminal that is closed.

    Not the last where whoever started the program wants it to outlive the terminal, as `nohup` does.
    """
    ours = (signal.SIGTERM, signal.SIGINT)
    return ours if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*ours, signal.SIGHUP)


@contextmanager
def interrupting() -> Iterator[None]:
    """Turn each of these signals into a `KeyboardInterrupt` for the length of the block.

    In threads but the main one, as a cluster's workers have, no signal can be handled: nothing changes there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.default_int_handler) for each in signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
