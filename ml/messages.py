"""What others wrote, made fit for a message, a log line and a terminal."""

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from itertools import islice

_SHOWN = 80
LONGEST = 4000
"""Characters of a message; what our own sentences need at most, lists of names included."""


def cleaned(text: object, longest: int = LONGEST) -> str:
    """Return one line of printable characters, `longest` at most, of what anyone may have written.

    Line ends would forge lines of a log; escape sequences change a terminal; marks of direction make text
    read otherwise than it is.

    >>> cleaned("no" + chr(10) + "room" + chr(27) + "[2J")
    'no room [2J'
    >>> cleaned("x" * 100, 5)
    'xxxx…'
    """
    start = _text(text, str)[: 2 * longest]  # No more work than what may come of it.
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _text(of: object, written: Callable[[object], str]) -> str:
    """What others' code may have made says whatever it wants of itself, or fails."""
    try:
        return written(of)
    except (Exception, SystemExit):
        return f"{type(of).__name__} that cannot be shown"


def reason(error: BaseException, longest: int = LONGEST) -> str:
    """Return what an exception says, cleaned; the name of its type where it says nothing.

    >>> reason(ValueError("no" + chr(10) + "room")), reason(TimeoutError())
    ('no room', 'TimeoutError')
    >>> reason(OSError(28, "No space left on device", "a.json"))
    'No space left on device'
    """
    said = getattr(error, "strerror", None) or error
    return cleaned(said, longest) or type(error).__name__


def quoted(value: object) -> str:
    """Return a value that anyone may have written as a sentence quotes it: what is long is cut.

    >>> quoted("x" * 500) == "'" + "x" * 78 + "…", quoted(5)
    (True, '5')
    """
    is_printable = _text(value, str).isprintable()
    return cleaned(_text(value, repr if is_printable else ascii), _SHOWN)


def examples(texts: Collection[str]) -> str:
    """Return the first three of what is too much to name all of, each up to 30 characters.

    >>> examples(["a", "b", "c", "d"])
    "'a', 'b', 'c', …"
    """
    return ", ".join(repr(text[:30]) for text in islice(texts, 3)) + (", …" if len(texts) > 3 else "")


def counted(number: int, noun: str) -> str:
    """Return how many of something there are, the noun as the number takes it.

    >>> counted(1, "more member"), counted(0, "round"), counted(2, "address")
    ('1 more member', '0 rounds', '2 addresses')
    """
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"


def nearest(asked: str, names: Iterable[str]) -> str:
    """Return the end of a sentence on an unknown name: the known one that may be meant; empty for none.

    >>> nearest("sing-flip", ["zero", "sign-flip"])
    "; did you mean 'sign-flip'?"
    """
    by_small_letters = {name.lower(): name for name in names}
    near = get_close_matches(asked.lower(), by_small_letters, n=1)
    return f"; did you mean {by_small_letters[near[0]]!r}?" if near else ""
