"""The end of a command, which what others' code began beside it does not put off for ever."""

import atexit
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

GRACE = 10.0
"""Seconds that threads and processes have to end by themselves once a command is done."""
_LAST = 5.0
_NAMED = 3
_done = threading.Event()
"""Python is about to wait for threads; nothing but what its own executors register by tells so."""


@contextmanager
def ended_in_time() -> Iterator[None]:
    """End the process in time once the block, a whole command, is done, with the status that it has then.

    Python waits at its end for threads that are no daemons and for processes of `multiprocessing`, however
    long they take: a task's code may have begun one that never ends.
    """
    before = {*threading.enumerate()}
    status = 0
    try:
        yield
    except BaseException as error:
        status = _status(error)
        raise
    finally:
        if _left(before):
            threading._register_atexit(_done.set)  # type: ignore[attr-defined]
            # Both now: from 3.12 on no thread is begun once Python ends.
            last = _Last()
            last.start()
            threading.Thread(target=_end, args=(before, status, last), name="end", daemon=True).start()


def _status(error: BaseException) -> int:
    if isinstance(error, click.ClickException):
        return error.exit_code
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    code = error.code if isinstance(error, SystemExit) else 1
    return code if isinstance(code, int) else int(code is not None)


def _left(before: set[threading.Thread]) -> list[str]:
    """Names of what Python waits for at its end."""
    threads = [
        each.name
        for each in threading.enumerate()
        if each not in before and not each.daemon and each is not threading.main_thread()
    ]
    return threads + [each.name for each in multiprocessing.active_children() if not each.daemon]


class _Last(threading.Thread):
    """Does what is registered for Python's end, when it is asked to."""

    def __init__(self) -> None:
        super().__init__(name="last", daemon=True)
        self._asked = threading.Event()

    def run(self) -> None:
        self._asked.wait()
        atexit._run_exitfuncs()

    def done_in(self, seconds: float) -> None:
        """Ask for it, and wait no longer than that."""
        self._asked.set()
        self.join(seconds)


def _end(before: set[threading.Thread], status: int, last: _Last) -> None:
    _done.wait()  # What called the command may go on, as tests do.
    time.sleep(GRACE)
    if not (left := _left(before)):
        return
    names = ", ".join(left[:_NAMED]) + (f" and {len(left) - _NAMED} more" if len(left) > _NAMED else "")
    told = f"Note: what still ran {GRACE:g} s after the command was done is ended with it: {names}"
    with suppress(OSError, ValueError):
        click.echo(told, err=True)
    for child in multiprocessing.active_children():
        child.kill()
    last.done_in(_LAST)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
