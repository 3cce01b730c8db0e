"""What code of others changes of the process that it runs in, put back when it returns.

A folder, streams, signals and defaults of libraries belong to whoever runs a task: left changed, results go
elsewhere, or are told to nobody.
"""

import _signal  # type: ignore[import-not-found]  # What `signal` is made of: its `getsignal` takes fifty times as long.
import decimal
import io
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import numpy as np

Undo = Callable[[], object]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE)
_PRIVATE = 0o077
_STREAMS = {1: "stdout", 2: "stderr"}
_copies: dict[int, tuple[tuple[int, int], int]] = {}
_exit = os._exit
_lock = threading.Lock()
_here = threading.local()


class _Visit:
    """Blocks that are open in this process, in whatever thread, and how to undo what they do to all."""

    blocks = 0
    undo: tuple[Undo, ...] = ()


@contextmanager
def put_back() -> Iterator[None]:
    """Put back what the block leaves changed: its thread's at its end, the process's when no other is open.

    Of the process: streams, the folder, a timer, filters that make errors of warnings, the depth of calls,
    the locale, who may read files that are made, PyTorch's default type. Of the thread: what signals do (the
    main one), NumPy's errors, the precision of decimals, PyTorch's default device and whether it keeps
    gradients. A copy of the process that the block made by `os.fork` and that comes out of it is ended.

    Raises:
        SystemExit: When the block calls `os._exit`, which would end this process without a word.
    """
    process, undo = os.getpid(), _enter()
    code: Any = 0
    try:
        yield
    except BaseException as error:
        code = error.code if isinstance(error, SystemExit) else 1
        raise
    finally:
        if os.getpid() != process:
            _exit(code if isinstance(code, int) else 1)
        _leave(undo)


def _enter() -> tuple[Undo, ...]:
    with _lock:
        if not _Visit.blocks:
            _Visit.undo = _of_process()
            os._exit = _told
        _Visit.blocks += 1
    _here.process, _here.blocks = os.getpid(), getattr(_here, "blocks", 0) + 1
    return _of_thread()


def _leave(undo: tuple[Undo, ...]) -> None:
    _undone(undo)
    _here.blocks -= 1
    with _lock:
        _Visit.blocks -= 1
        if not _Visit.blocks:
            os._exit = _exit
            _undone(_Visit.undo)


def _undone(undo: tuple[Undo, ...]) -> None:
    for each in undo:
        each()


def _told(status: int) -> Any:
    """`os._exit` of a thread that is in a block; copies of the process and other threads end it as ever."""
    if getattr(_here, "blocks", 0) and _here.process == os.getpid():
        raise SystemExit(status)
    _exit(status)


def _of_process() -> tuple[Undo, ...]:
    return _streams(), _folder(), _timer(), _warnings(), _depth(), _locale(), _mask(), _default_type()


def _of_thread() -> tuple[Undo, ...]:
    return _signals(), _numpy_errors(), _decimals(), _gradients()


def _streams() -> Undo:
    objects = {name: getattr(sys, name) for name in ("stdin", *_STREAMS.values())}
    files = {number: _kept(number) for number in _STREAMS}

    def undo() -> None:
        for name, stream in objects.items():
            setattr(sys, name, stream)
        for number, file in files.items():
            if file is not None and _file(number) != file:
                os.dup2(_copies[number][1], number)
            if getattr(objects[_STREAMS[number]], "closed", False):
                _reopen(number)

    return undo


def _kept(number: int) -> tuple[int, int] | None:
    """What file a number stands for, of which a copy is kept; None for none."""
    file = _file(number)
    if file is not None and (number not in _copies or _copies[number][0] != file):
        with suppress(KeyError):
            os.close(_copies.pop(number)[1])
        _copies[number] = file, os.dup(number)
    return file


def _file(number: int) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.fstat(number)
        return found.st_dev, found.st_ino
    return None


def _reopen(number: int) -> None:
    """A new stream in the place of one that is closed; one in memory stays so."""
    closed: TextIO = getattr(sys, _STREAMS[number])
    if isinstance(closed, io.TextIOWrapper):
        again = open(number, "w", encoding=closed.encoding, errors=closed.errors, closefd=False)
        setattr(sys, _STREAMS[number], again)


def _folder() -> Undo:
    place = _current()

    def undo() -> None:
        if place is not None and _current() != place:
            os.chdir(place)

    return undo


def _current() -> str | None:
    with suppress(OSError):  # It may be gone.
        return os.getcwd()
    return None


def _timer() -> Undo:
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        return lambda: None  # Somebody's: how long it has to go has changed since.
    return lambda: signal.setitimer(signal.ITIMER_REAL, 0)


def _warnings() -> Undo:
    before = warnings.filters[:]

    def undo() -> None:
        if warnings.filters != before:
            kept = [each for each in warnings.filters if each[0] != "error" or each in before]
            warnings.filters[:] = kept  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]

    return undo


def _depth() -> Undo:
    before = sys.getrecursionlimit()
    return lambda: sys.setrecursionlimit(max(before, sys.getrecursionlimit()))


def _locale() -> Undo:
    before = locale.setlocale(locale.LC_ALL)
    return lambda: locale.setlocale(locale.LC_ALL) == before or locale.setlocale(locale.LC_ALL, before)


def _mask() -> Undo:
    before = os.umask(_PRIVATE)  # There is no other way to look.
    os.umask(before)
    return lambda: os.umask(before)


def _default_type() -> Undo:
    if (torch := sys.modules.get("torch")) is None:
        return lambda: None
    before = torch.get_default_dtype()
    return lambda: torch.get_default_dtype() == before or torch.set_default_dtype(before)


def _signals() -> Undo:
    if threading.current_thread() is not threading.main_thread():
        return lambda: None  # Python lets no other thread change them.
    before = [_signal.getsignal(number) for number in _SIGNALS]

    def undo() -> None:
        for number, handler in zip(_SIGNALS, before, strict=True):
            if handler is not None and _signal.getsignal(number) is not handler:
                signal.signal(number, handler)

    return undo


def _numpy_errors() -> Undo:
    before = np.geterr()
    return lambda: np.geterr() == before or np.seterr(**before)


def _decimals() -> Undo:
    before = decimal.getcontext()
    kept = before.prec, before.rounding

    def undo() -> None:
        if decimal.getcontext() is not before:
            decimal.setcontext(before)
        if (before.prec, before.rounding) != kept:
            before.prec, before.rounding = kept

    return undo


def _gradients() -> Undo:
    if (torch := sys.modules.get("torch")) is None:
        return lambda: None
    before = torch.is_grad_enabled()

    def undo() -> None:
        if torch.is_grad_enabled() != before:
            torch.set_grad_enabled(before)
        if not torch.empty(0).is_cpu:
            torch.set_default_device(None)

    return undo
