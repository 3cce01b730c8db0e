"""Commands whose faults are told in one sentence each, whatever went wrong."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import click

from ml.errors import MLError
from ml.messages import cleaned
from offchain.ending import ended_in_time
from offchain.errors import OffchainError
from offchain.system_errors import of_the_system
from offchain.told_to_end import interrupting

INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C ended."""


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


@contextmanager
def interruptible(how_to_go_on: Callable[[], str]) -> Iterator[None]:
    """End a command that is told to end in the middle of the block in order, with what continues it.

    Raises:
        SystemExit: Instead of what a signal raises.
    """
    try:
        with interrupting():
            yield
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {how_to_go_on()}")
        raise SystemExit(INTERRUPTED) from None
