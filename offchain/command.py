"""Commands whose faults are told in one sentence each, whatever went wrong."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import click

from ml.errors import MLError
from ml.messages import cleaned, reason
from offchain.ending import ended_in_time
from offchain.errors import OffchainError

INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C ended."""

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


def run_each_script_once() -> None:
    """Keep what Ape makes of a script: it runs all of them for each of them, a thousand for `--help`."""
    ape_run: Any = sys.modules.get("ape_run._cli")
    make = getattr(getattr(ape_run, "ScriptCommand", None), "_get_command", None)
    if make is not None and not hasattr(make, "cache_info"):
        ape_run.ScriptCommand._get_command = cache(make)


run_each_script_once()


class Command(click.Command):
    """A command that ends with a sentence where this project, a disk or the memory refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it.

        Raises:
            ClickException: With the sentence.
        """
        with ended_in_time(), sentences():
            return super().invoke(ctx)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what the block may raise into a `ClickException`.

    A closed pipe stays what it is: click ends on it without a word.
    """
    try:
        yield
    except (OffchainError, MLError) as error:
        raise click.ClickException(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(of_the_system(error)) from error
    except MemoryError as error:
        raise click.ClickException(f"out of memory ({cleaned(error, 200) or 'no more to be had'})") from error


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
