"""Command-line options of the client, and what they make."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from ml.home import at_home
from ml.settings import ALLOWED_MISSING, PrivacySettings
from offchain.finite_range import FiniteRange
from offchain.live.options import ADDRESS
from offchain.user_path import UserPath
from offchain.worker.limits import START_SECONDS

Command = TypeVar("Command", bound=Callable[..., Any])

KEEP_ROUNDS = 8
_MOST_PROOF = 100_000  # Bytes; nodes take transactions of up to 128 KiB.


@dataclass(frozen=True)
class Whose:
    """Of which member the spent ε is asked, with what its client was told beside its rows.

    Attributes:
        client: Its address.
        privacy: What its updates stay within.
        share: (i, k) where its rows are a share of those that the task makes.
        training: Where it trains otherwise than the task says, by the names of `TrainingSettings`.
    """

    client: str
    privacy: PrivacySettings
    share: tuple[int, int] | None = None
    training: Mapping[str, int] = field(default_factory=dict)


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


class Proof(click.ParamType):
    """Bytes, as hex that begins with 0x, or in a file: as they are, or as such hex."""

    name = "HEX|FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """Return the bytes."""
        if isinstance(value, bytes):
            return value
        if (text := str(value).strip()).lower().startswith("0x"):
            return self._of_hex(text, param, ctx)
        if not (path := at_home(text)).is_file():
            self.fail(f"{text!r} is neither hex that begins with 0x nor a file.", param, ctx)
        try:
            with path.open("rb") as file:
                content = file.read(2 * _MOST_PROOF + 100)
        except OSError as error:
            self.fail(f"{path} cannot be read: {error.strerror}.", param, ctx)
        if content.strip()[:2].lower() == b"0x":
            return self._of_hex(content.strip().decode("latin-1"), param, ctx)
        return self._fitting(content, param, ctx)

    def _of_hex(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        try:
            return self._fitting(bytes.fromhex(text[2:]), param, ctx)
        except ValueError:
            shown = text if len(text) <= 80 else f"{text[:77]}..."
            self.fail(f"{shown!r} is no hex: expected 0x and two of 0-9, a-f for each byte.", param, ctx)

    def _fitting(self, proof: bytes, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if len(proof) > _MOST_PROOF:
            self.fail(f"a proof of more than {_MOST_PROOF:,} bytes fits no transaction.", param, ctx)
        return proof


def task_options(function: Command) -> Command:
    """Adds where the founders' task is."""
    for decorator in (
        click.option(
            "--task-option",
            "task_options",
            multiple=True,
            metavar="NAME=VALUE",
            help="Option of the task that names a file which is elsewhere here. Repeatable.",
        ),
        click.option(
            "--task",
            metavar="FILE.py:CLASS",
            help="Where the founders' task is here.  [default: beside the configuration]",
        ),
    ):
        function = decorator(function)
    return function


_share_option = click.option(
    "--share",
    type=Share(),
    help="Share I, from 0, of K of the rows that a task makes; to try things out.",
)
_batch_option = click.option(
    "--batch",
    type=click.IntRange(min=1),
    help="Rows a step.  [default: the task's]",
)
_epochs_option = click.option(
    "--local-epochs",
    type=click.IntRange(min=1),
    help="Passes over your rows in a round.  [default: the task's]",
)


def data_options(function: Command) -> Command:
    """Adds where the client's rows come from, and what trains on them."""
    for decorator in (
        click.option(
            "--train", metavar="FILE.py:FUNCTION", help="Training of your own.  [default: the task's]"
        ),
        _share_option,
        click.option("--data", type=UserPath(), help="Your rows: the file or folder that the task reads."),
        click.option(
            "--allow-missing",
            type=FiniteRange(0, 1),
            default=ALLOWED_MISSING,
            show_default=True,
            metavar="SHARE",
            help="Share of your rows that may be left out for gaps or what cannot be read.",
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
            type=FiniteRange(0, min_open=True),
            help="Adam's step size.  [default: the task's]",
        ),
        _batch_option,
        _epochs_option,
    ):
        function = decorator(function)
    return function


def privacy_options(function: Command) -> Command:
    """Adds how training hides rows; a command gets what they say as `privacy`."""

    @wraps(function)
    def command(
        *args: Any,
        dp_epsilon: float | None,
        dp_delta: float | None,
        dp_clip: float | None,
        dp_updates: int | None,
        **chosen: Any,
    ) -> Any:
        given = {"epsilon": dp_epsilon, "delta": dp_delta, "clip": dp_clip, "updates": dp_updates}
        given = {name: value for name, value in given.items() if value is not None}
        if given and dp_epsilon is None:
            raise click.UsageError(
                f"--dp-{next(iter(given))} needs --dp-epsilon, without which nothing is hidden"
            )
        return function(*args, privacy=PrivacySettings(**given) if given else None, **chosen)

    fields, made = PrivacySettings.model_fields, command
    for name, kind in (
        ("updates", click.IntRange(1, 1_000_000)),
        ("clip", FiniteRange(0, min_open=True)),
        ("delta", FiniteRange(0, 1, min_open=True, max_open=True)),
        ("epsilon", FiniteRange(0, 1000, min_open=True)),
    ):
        field = fields[name]
        default = "none, without noise" if field.is_required() else field.default
        text = f"{(field.description or '').rstrip('.')}.  [default: {default}]"
        metavar = "EPSILON" if name == "epsilon" else None
        made = click.option(f"--dp-{name}", type=kind, metavar=metavar, help=text)(made)
    return made  # type: ignore[return-value]


def spending_options(function: Command) -> Command:
    """Adds of whom the spent ε is asked, with its client's options; a command gets them as `whose`."""

    @wraps(function)
    def command(
        *args: Any,
        privacy_of: str | None,
        privacy: PrivacySettings | None,
        share: tuple[int, int] | None,
        local_epochs: int | None,
        batch: int | None,
        **others: Any,
    ) -> Any:
        given = {"local_epochs": local_epochs, "batch": batch}
        training = {name: value for name, value in given.items() if value is not None}
        if privacy_of is None:
            if privacy or share or training:
                raise click.UsageError(
                    "--dp-epsilon, --share, --batch and --local-epochs are of whom --privacy-of names"
                )
            return function(*args, whose=None, **others)
        if privacy is None:
            raise click.UsageError("--privacy-of needs --dp-epsilon and the rest of what the client was told")
        if (share is None) == (others["data"] is None):
            raise click.UsageError("--privacy-of needs the client's rows, --data FILE or --share I/K")
        return function(*args, whose=Whose(privacy_of, privacy, share, training), **others)

    made = privacy_options(command)
    for option in (_batch_option, _epochs_option, _share_option):
        made = option(made)
    return click.option(
        "--privacy-of",
        type=ADDRESS,
        help="Member whose spent ε to tell, from its rows and its client's options: --dp-epsilon, ...",
    )(made)  # type: ignore[return-value]


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


def start_seconds_option(function: Command) -> Command:
    """Adds `--start-seconds`."""
    return click.option(
        "--start-seconds",
        type=FiniteRange(min=0, min_open=True),
        default=START_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="Time in which a task's code that is not the project's has to load, read rows and try both.",
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


def require_both(data: Path | None, stores: Sequence[str], whose: Whose | None = None) -> None:
    """Raise UsageError where rows to score models on were given without stores, or these without rows.

    Rows are of use without stores where somebody's spent ε is asked.
    """
    if (data is None) != (not stores) and (stores or whose is None):
        raise click.UsageError("--data needs --store, where the updates are, and the other way round")
