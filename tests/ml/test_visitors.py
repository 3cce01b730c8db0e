"""What code of others changes of the process that it runs in is put back; it does not end it in silence."""

import decimal
import locale
import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.blame import blamed
from ml.errors import TaskError
from ml.visitors import put_back

ROOT = Path(__file__).parents[2]

OTHER = "C" if locale.setlocale(locale.LC_ALL) != "C" else "C.UTF-8"

CHANGES = {
    "the folder": (lambda: os.chdir("/"), os.getcwd),
    "a stream": (lambda: setattr(sys, "stdout", None), lambda: sys.stdout),
    "errors of NumPy": (lambda: np.seterr(all="raise"), np.geterr),
    "the default type": (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    "the default device": (lambda: torch.set_default_device("meta"), lambda: torch.empty(1).device),
    "gradients": (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    "warnings": (lambda: warnings.simplefilter("error"), lambda: warnings.filters[:]),
    "Ctrl-C": (
        lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        lambda: signal.getsignal(signal.SIGINT),
    ),
    "a timer": (
        lambda: signal.setitimer(signal.ITIMER_REAL, 1000),
        lambda: signal.getitimer(signal.ITIMER_REAL),
    ),
    "the locale": (lambda: locale.setlocale(locale.LC_ALL, OTHER), lambda: locale.setlocale(locale.LC_ALL)),
    "who may read files": (lambda: os.umask(0o777), lambda: (mask := os.umask(0o022), os.umask(mask))[0]),
    "decimals": (lambda: setattr(decimal.getcontext(), "prec", 3), lambda: +decimal.Decimal("1.2345")),
    "decimals' kind": (
        lambda: decimal.setcontext(decimal.Context(prec=2)),
        lambda: +decimal.Decimal("1.2345"),
    ),
    "the depth of calls": (lambda: sys.setrecursionlimit(300), sys.getrecursionlimit),
}
KEPT = [*CHANGES.values()]


@pytest.fixture(autouse=True)
def as_it_was():
    """Whatever a test finds wanting, the next finds as it was."""
    folder, stream, depth = os.getcwd(), sys.stdout, sys.getrecursionlimit()
    place, decimals, mask = locale.setlocale(locale.LC_ALL), decimal.getcontext().copy(), os.umask(0o022)
    os.umask(mask)
    errors, handler = np.geterr(), signal.getsignal(signal.SIGINT)
    with warnings.catch_warnings():
        yield
    os.chdir(folder)
    os.umask(mask)
    locale.setlocale(locale.LC_ALL, place)
    decimal.setcontext(decimals)
    sys.stdout = stream
    sys.setrecursionlimit(depth)
    np.seterr(**errors)
    signal.signal(signal.SIGINT, handler)
    signal.setitimer(signal.ITIMER_REAL, 0)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)


@pytest.mark.parametrize("change, look", KEPT, ids=[*CHANGES])
def test_what_is_changed_is_put_back_whether_or_not_it_fails(change, look):
    before = look()
    with put_back():
        change()
        assert look() != before
    assert look() == before
    with pytest.raises(TaskError, match="^rows failed in .*: KeyError: 'age'$"), blamed("rows"):
        change()
        raise KeyError("age")
    assert look() == before


def test_filters_that_make_no_errors_stay():
    with put_back():
        warnings.filterwarnings("ignore", "of no use")
        warnings.filterwarnings("error", "of use")
    assert [each[:2] for each in warnings.filters[:1]] == [("ignore", re.compile("of no use", re.IGNORECASE))]


def test_what_two_threads_change_is_put_back_when_both_are_done():
    before, inside, done, ends = os.getcwd(), threading.Event(), threading.Event(), []

    def second():
        with put_back():
            inside.set()
            done.wait(10)
            ends.append(os._exit)

    with put_back():
        os.chdir("/")
        thread = threading.Thread(target=second)
        thread.start()
        inside.wait(10)
    done.set()
    thread.join()
    assert os.getcwd() == before and ends != [os._exit]


@pytest.mark.parametrize("line", ["raise SystemExit", "quit()", "sys.exit(0)"])
def test_an_end_of_the_process_names_the_line(tmp_path, line):
    path = tmp_path / "own.py"
    path.write_text(f"import sys\n{line}\n")
    with (
        pytest.raises(
            TaskError,
            match=r"own\.py, line 2: it would end the process \(exit status 0\); raise an error that says",
        ),
        blamed("a task"),
    ):
        exec(compile(path.read_text(), path, "exec"))


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "GeneratorExit"])
def test_what_is_raised_as_if_it_came_from_outside_names_the_line(tmp_path, kind):
    path = tmp_path / "own.py"
    path.write_text(f"def losses():\n    raise {kind}\nlosses()")
    told = rf"own\.py, line 2: {kind}: no reason given$"
    with pytest.raises(TaskError, match=told), blamed("losses"):
        exec(compile(path.read_text(), path, "exec"))


def test_ctrl_c_is_nobodys_fault(tmp_path):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    path = tmp_path / "own.py"
    path.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(10**9): pass")
    with pytest.raises(KeyboardInterrupt), blamed("losses"):
        exec(compile(path.read_text(), path, "exec"))


def test_a_generator_ends_in_the_middle_of_others_code():
    def items():
        with blamed("an item"):
            yield 1
            yield 2

    made = items()
    assert next(made) == 1
    made.close()


def test_an_error_that_cannot_be_shown_is_told_of_its_line(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd")
    with pytest.raises(TaskError, match=r"own\.py, line 3: Odd: Odd that cannot be shown$"), blamed("losses"):
        exec(compile(path.read_text(), path, "exec"))


def test_a_fault_in_pythons_library_is_told_of_the_line_that_called_it(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("import json\njson.loads('')")
    told = r"^losses failed in .*own\.py, line 2: JSONDecodeError"
    with pytest.raises(TaskError, match=told), blamed("losses"):
        exec(compile(path.read_text(), path, "exec"))


def process(lines):
    """How a process ends that runs lines of others, and what it says after them."""
    script = (
        "import io, os, sys\nfrom ml.blame import blamed\nfrom ml.errors import TaskError\n"
        f"try:\n    with blamed('rows'):\n        {lines}\nexcept TaskError as error:\n    print(error)\n"
        "print('and on', flush=True)\nprint('told', file=sys.stderr, flush=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "lines",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "os.close(1); os.close(2)",
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
        "sys.stdout = sys.stderr = io.StringIO()",
    ],
)
def test_what_is_said_after_it_is_heard(lines):
    assert process(lines) == (0, "and on\n", "told\n")


def test_neither_ends_the_process_in_silence_nor_goes_on_twice():
    status, said, _ = process("os._exit(0)")
    assert status == 0 and "rows failed: it would end the process (exit status 0)" in said
    assert process("os.fork()") == (0, "and on\n", "told\n")


def test_copies_of_the_process_that_a_task_makes_end_as_ever():
    copies = """
        if not (copy := os.fork()):
            try: os._exit(3)
            except SystemExit: print('not ended', flush=True)
        print(os.waitpid(copy, 0)[1] >> 8, flush=True)"""
    assert process(copies.lstrip()) == (0, "3\nand on\n", "told\n")
