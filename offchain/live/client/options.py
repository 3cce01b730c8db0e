"""Command-line options of the client, and what they make."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ml.settings import ALLOWED_MISSING, TrainingSettings
from offchain.user_path import UserPath

Command = TypeVar("Command", bound=Callable[..., Any])

KEEP_ROUNDS = 8
_TRAINING = TrainingSettings()


class Share(click.ParamType):
    """One of several shares, as `3/8`: share 3, from 0, of 8."""

    name = "i/k"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Returns (i, k)."""
        index, _, of = str(value).partition("/")
        if not (index.isdecimal() and of.isdecimal() and int(index) < int(of)):
            self.fail(f"{value!r} is no share; the third of eight is 2/8.", param, ctx)
        return int(index), int(of)


def data_options(function: Command) -> Command:
    """Adds where the client's rows come from."""
    for decorator in (
        click.option(
            "--rows", type=click.IntRange(min=1), help="Rows of the built-in set that are shared out."
        ),
        click.option(
            "--dataset",
            type=click.Choice(("loans", "digits")),
            default="loans",
            show_default=True,
            help="Built-in set of which --share takes a share.",
        ),
        click.option(
            "--share", type=Share(), help="Share I, from 0, of K of a built-in set; to try things out."
        ),
        click.option(
            "--encoding",
            type=UserPath(),
            help="The founders' file by which all clients turn loans into rows (`ape run encoding`).",
        ),
        click.option(
            "--data",
            type=UserPath(),
            help="Your loans: a CSV with Lending Club's columns, plain or in GZ, BZ2, XZ or ZIP.",
        ),
        click.option(
            "--allow-missing",
            type=click.FloatRange(0, 1),
            default=ALLOWED_MISSING,
            show_default=True,
            metavar="SHARE",
            help="Share of your decided loans that may be left out for gaps or what cannot be read.",
        ),
        click.option(
            "--accept-rows",
            is_flag=True,
            help="Go on though your rows look unlike those that the encoding was fitted on.",
        ),
    ):
        function = decorator(function)
    return function


def training_options(function: Command) -> Command:
    """Adds how the client trains."""
    for decorator in (
        click.option(
            "--device", type=click.Choice(("cpu", "cuda")), default="cpu", show_default=True, help="Where."
        ),
        click.option(
            "--learning-rate",
            type=float,
            default=_TRAINING.learning_rate,
            show_default=True,
            help="Adam's step size.",
        ),
        click.option(
            "--batch",
            type=click.IntRange(min=1),
            default=_TRAINING.batch,
            show_default=True,
            help="Rows a step.",
        ),
        click.option(
            "--local-epochs",
            type=click.IntRange(min=1),
            default=_TRAINING.local_epochs,
            show_default=True,
            help="Passes over your rows in a round.",
        ),
    ):
        function = decorator(function)
    return function


def keep_rounds_option(function: Command) -> Command:
    """Adds `--keep-rounds`."""
    return click.option(
        "--keep-rounds",
        type=click.IntRange(min=1),
        default=KEEP_ROUNDS,
        show_default=True,
        metavar="ROUNDS",
        help="Last rounds of which the cache keeps every update. What the global model is made of stays.",
    )(function)


def store_option(required: bool = True) -> Callable[[Command], Command]:
    """Adds `--store`."""
    return click.option(
        "--store",
        "stores",
        multiple=True,
        required=required,
        metavar="URL",
        help="Where artefacts are: a folder, s3://bucket/folder or whatever fsspec opens, https://server of "
        "`ape run store`, ipfs+http://127.0.0.1:5001. Repeatable.",
    )
