"""Code that this project did not write: what goes wrong in it is said in a sentence that names its place."""

import dis
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ml.errors import MLError, TaskError
from ml.messages import cleaned
from ml.visitors import put_back

_OWN = {Path(__file__).resolve().parents[1] / part for part in ("ml", "offchain", "scripts", "stakefed")}
_RAISE = dis.opmap["RAISE_VARARGS"]
_LIBRARIES = "site-packages/"
_PYTHON = Path(sysconfig.get_path("stdlib")).resolve()


@contextmanager
def blamed(what: str, is_theirs: bool = True, refusals: bool = False) -> Iterator[None]:
    """Raise whatever a task's or a trainer's code raises inside as a TaskError, and put back what it changes.

    Args:
        what: What was asked of it, such as "rows".
        is_theirs: Whether their code runs, or ours on what it made: then nothing has to be put back.
        refusals: Whether what this package refuses is of their making too, as where they call it.

    Raises:
        TaskError: With the last line of the task's own file.
        MLError: What this package itself refuses comes through as it is, but with `refusals`.
    """
    try:
        with put_back() if is_theirs else nullcontext():
            yield
    except MLError as error:
        if not refusals:
            raise
        raise TaskError(f"{what} failed{_place(error)}: {error}") from error
    except BaseException as error:  # Anything at all, sys.exit() too: it is not ours.
        if isinstance(error, KeyboardInterrupt | GeneratorExit) and not _is_raised(error):
            raise  # Ctrl-C, or the end of a generator that the block is in.
        raise TaskError(f"{what} failed{_place(error)}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit) and not isinstance(error.code, str):
        return (
            f"it would end the process (exit status {error.code or 0}); raise an error that says why instead"
        )
    return f"{type(error).__name__}: {cleaned(error) or 'no reason given'}"


def _place(error: BaseException) -> str:
    """The innermost line that is neither ours nor a library's, or else a library's; bad syntax's own."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" in {error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [frame for frame in frames if _is_foreign(frame.filename)]
    last = (foreign or list(frames))[-1]
    if _is_own(last.filename):
        return ""  # A call that never reached their code.
    return f" in {last.filename.rpartition(_LIBRARIES)[2]}, line {last.lineno}"


def _is_raised(error: BaseException) -> bool:
    """Whether a line of theirs says `raise`; what comes from outside is at any other instruction."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not _is_foreign((code := last.tb_frame.f_code).co_filename):
        return False
    return code.co_code[last.tb_lasti] == _RAISE


def _is_foreign(file: str) -> bool:
    """Whether a frame is of code that is neither ours, nor a library's, nor in no file that is here."""
    if _LIBRARIES in file or not Path(file).is_file():
        return False
    return not (_is_own(file) or _PYTHON in Path(file).resolve().parents)


def _is_own(file: str) -> bool:
    return not _OWN.isdisjoint(Path(file).resolve().parents)
