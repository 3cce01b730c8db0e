"""Code that this project did not write: what goes wrong in it is said in a sentence that names its place."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml.errors import MLError, TaskError
from ml.messages import cleaned

_OWN = Path(__file__).resolve().parent


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Raise whatever a task's or a trainer's code raises inside as a TaskError.

    Args:
        what: What was asked of it, such as "rows".

    Raises:
        TaskError: With the last line of the task's own file.
        MLError: What this package itself refuses comes through as it is.
    """
    try:
        yield
    except (MLError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # Anything at all, sys.exit() too: it is not ours.
        said = cleaned(error) or "no reason given"
        raise TaskError(f"{what} failed in {_place(error)}: {type(error).__name__}: {said}") from error


def _place(error: BaseException) -> str:
    """The innermost line that is neither ours nor a library's, or the innermost of all; bad syntax's own."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [frame for frame in frames if _is_foreign(frame.filename)]
    last = (foreign or list(frames))[-1]
    return f"{last.filename}, line {last.lineno}"


def _is_foreign(file: str) -> bool:
    """Whether a frame is of code that is neither ours, nor a library's, nor made on the way, in no file."""
    if "site-packages" in file or file.startswith("<"):
        return False
    return _OWN not in Path(file).resolve().parents
