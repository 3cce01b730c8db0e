"""What the operating system refuses, in a sentence."""

import errno

from ml.messages import cleaned, reason

_AGAIN = "give the same command again"
_HELP = {
    errno.ENOSPC: "make room, and {again}",
    errno.EDQUOT: "make room, and {again}",
    errno.EFBIG: "this user may write no larger files (ulimit -f)",
    errno.EMFILE: "this process may have no more files open (ulimit -n)",
    errno.EROFS: "choose another place, or make it writable",
    errno.EACCES: "give this user the right to it, or choose another place",
    errno.EPERM: "give this user the right to it, or choose another place",
}


def of_the_system(error: OSError, again: str = _AGAIN, at: object = None) -> str:
    """Return what the operating system refuses: at which file, why, and what helps.

    Args:
        error: The refusal.
        again: What to do once there is room.
        at: The file, where the refusal names none, or one on the way to it.
    """
    named = at or error.filename
    if error.errno == errno.ENOENT and not named:  # What is not there has a name, but for one.
        return "the folder that this was called in is gone: change to one that is there (cd)"
    what = cleaned(named) if named else "something that this needs"
    known = _HELP.get(error.errno or 0, "").format(again=again)
    return f"{what} cannot be read or written: {reason(error)}" + (f"; {known}" if known else "")
