"""Downloads that are not over: until they are, browsers and tools give their files a name that says so."""

_ENDINGS = (".part", ".partial", ".filepart", ".crdownload", ".opdownload", ".download", ".aria2")

WHAT_TO_DO = "a download that is not over, as its name says: wait for its end, or rename it if it is whole"
"""The end of a sentence on one."""


def whole_name(name: str) -> str:
    """Return the name that a file has once its download is over.

    >>> [whole_name(name) for name in ("loans.csv.part", "Loans.csv.CRDOWNLOAD", "loans.csv", ".part")]
    ['loans.csv', 'Loans.csv', 'loans.csv', '.part']
    """
    ending = next((each for each in _ENDINGS if name.lower().endswith(each)), "")
    return name[: -len(ending)] if 0 < len(ending) < len(name) else name


def is_unfinished(name: str) -> bool:
    """Return whether a file's name says that its download is not over."""
    return whole_name(name) != name
