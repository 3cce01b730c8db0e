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
            threading.Thread(target=_end, args=(before, status), name="end", daemon=True).start()


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


def _end(before: set[threading.Thread], status: int) -> None:
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
    last = threading.Thread(target=atexit._run_exitfuncs, daemon=True)
    last.start()
    last.join(_LAST)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
