"""What others wrote, made fit for a message, a log line and a terminal."""

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
    start = str(text)[: 2 * longest]  # No more work than what may come of it.
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
