"""What a worker gives up at its start, before libraries start threads, and what its owner keeps from it."""

import ctypes
import os
import select
import sys
from contextlib import suppress
from pathlib import Path

_MOUNTS, _USER, _NETWORK = 0x00020000, 0x10000000, 0x40000000  # Of unshare(2).
_BIND = 0x1000  # Of mount(2).
_SET_DUMPABLE = 4  # Of prctl(2).


def keep_to_oneself() -> None:
    """Let no process of the same user read this one's memory and environment in /proc, nor a core of it.

    What needs no namespace: for systems that give a worker none.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def end_with(pipe: int) -> None:
    """Wait until nobody can write to a pipe any more, and end the process in the middle of whatever it does.

    Not by prctl(2): a child would end with the thread that started it, and questions have threads of their
    own.
    """
    watched = select.poll()
    watched.register(pipe, 0)
    watched.poll()
    os._exit(1)


def confine(hidden: list[str]) -> bool:
    """See neither a network nor some files from now on; whether that worked.

    A namespace of this user's own has no network at all. What is hidden there is covered, by an empty folder
    or by nothing, and a second namespace inside keeps it so: nobody in there may uncover what was covered
    outside.

    Args:
        hidden: Files and folders.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_USER | _MOUNTS | _NETWORK):
        return False
    _stay(user, group)
    covered = [_cover(libc, Path(place)) for place in hidden if Path(place).exists()]
    if libc.unshare(_USER | _MOUNTS):
        return False
    _stay(user, group)
    return all(covered)


def _stay(user: int, group: int) -> None:
    """Be called in the namespace what one is called outside."""
    with suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _cover(libc: ctypes.CDLL, place: Path) -> bool:
    where = os.fsencode(place)
    if place.is_dir():
        return bool(libc.mount(b"none", where, b"tmpfs", 0, b"mode=0500") == 0)
    return bool(libc.mount(b"/dev/null", where, None, _BIND, None) == 0)
