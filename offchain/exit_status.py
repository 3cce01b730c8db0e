"""How a process ended, in words."""

import signal


def how_ended(status: int) -> str:
    """Return what a process's status says.

    >>> how_ended(3), how_ended(-15), how_ended(-9)
    ('status 3', 'killed by signal 15', 'killed by signal 9, perhaps for want of memory')
    """
    if status >= 0:
        return f"status {status}"
    return f"killed by signal {-status}" + (
        ", perhaps for want of memory" if -status == signal.SIGKILL else ""
    )
