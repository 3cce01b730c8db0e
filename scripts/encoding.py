"""`ape run encoding`: the file by which all members turn a table, or a built-in task's rows, into inputs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ml.errors import DataError
from ml.messages import counted
from ml.private_files import write_whole
from ml.settings import ALLOWED_MISSING
from offchain import first_edition
from offchain.command import Command
from offchain.finite_range import FiniteRange
from offchain.named_values import named_values
from offchain.user_path import OutPath, UserPath

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

INPUT_KINDS = ("number", "category", "date")
_FEWEST_GROUPS = 10
"""Of which a simulation's fewest clients, four, hold two each, with a fifth of them for the test."""

if TYPE_CHECKING:
    from ml.tasks.tables.fitting import Fitted


class _Names(click.ParamType):
    """Names of columns with commas between them."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if isinstance(value, tuple) else tuple(filter(None, map(str.strip, value.split(","))))


class _Kind(click.ParamType):
    """What the target is, or COLUMN=KIND of an input: a pair, without column for the target."""

    name = "[column=]kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        column, _, kind = value.rpartition("=")
        known = INPUT_KINDS if column else ("classes", "numbers")
        if kind not in known:
            what = f"column {column!r}" if column else "the target"
            self.fail(f"{value!r} is no kind of {what}; use {' or '.join(known)}", param, ctx)
        return column, kind


class _Widths(click.ParamType):
    """Whole numbers with commas between them."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isdecimal() and 0 < int(part) <= 8192 for part in parts) or len(parts) > 8:
            self.fail(f"{value!r} are no widths of up to eight layers, such as 128,128", param, ctx)
        return tuple(map(int, parts))


def _former_options(function: Decorated) -> Decorated:
    """Adds the first edition's names of options of tasks, which are not shown."""
    for name in first_edition.SHORT:
        function = click.option(f"--{name.replace('_', '-')}", name, hidden=True)(function)
    return function


@click.command(cls=Command)
@click.option(
    "--data",
    type=UserPath(),
    required=True,
    help="Rows that everyone may know: a CSV, plain or in GZ, BZ2, XZ or ZIP, or a Parquet file.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="COLUMN",
    help="What is to be said of a row. Repeatable: several of two outcomes, or amounts.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=_Kind(),
    help="classes or numbers, of the target; COLUMN=number, COLUMN=category or COLUMN=date, of an input. "
    "Repeatable.  [default: by their looks]",
)
@click.option("--positive", metavar="VALUE", help="Of two outcomes, the one whose likelihood is learned.")
@click.option("--drop", type=_Names(), default=(), help="Columns to leave out: a,b.")
@click.option("--keep", type=_Names(), default=(), help="Columns to use that look like identifiers: a,b.")
@click.option("--group", metavar="COLUMN", help="What stays on one side of splits, such as a patient.")
@click.option("--time", metavar="COLUMN", help="By which the latest rows validate.")
@click.option("--encoding", metavar="NAME", help="Of the text, such as cp1252.  [default: as it looks]")
@click.option("--separator", metavar="CHARACTER", help="Between cells.  [default: as it looks]")
@click.option(
    "--decimal", type=click.Choice((".", ",")), help="What stands before a fraction.  [default: as it looks]"
)
@click.option(
    "--missing",
    multiple=True,
    metavar="TEXT",
    help="What stands for nothing in it, beside the usual spellings, such as -99. Repeatable.",
)
@click.option(
    "--hidden",
    type=_Widths(),
    default=(128, 128),
    metavar="WIDTHS",
    help="Hidden layers: 128,128.",
)
@click.option(
    "--task",
    metavar="NAME",
    help="Built-in task that has an encoding of its own, in place of --target.  [default, without --target: "
    f"{first_edition.ENCODED}]",
)
@click.option("--task-option", "options", multiple=True, metavar="NAME=VALUE", help="Option of that task.")
@_former_options
@click.option(
    "--allow-missing",
    type=FiniteRange(0, 1),
    default=ALLOWED_MISSING,
    show_default=True,
    metavar="SHARE",
    help="Share of the rows that may be left out for gaps or what cannot be read.",
)
@click.option("--out", type=OutPath(), required=True, help="The JSON file to write.")
def cli(
    data: Path,
    targets: tuple[str, ...],
    task: str | None,
    options: tuple[str, ...],
    allow_missing: float,
    out: Path,
    **wishes: Any,
) -> None:
    """Look at rows that everyone may know, once, and write how all members read theirs.

    With --target the file is a task: `ape run simulate --task FILE.json --data ROWS`. A person can edit it.
    """
    former = {name: value for name in first_edition.SHORT if (value := wishes.pop(name)) is not None}
    chosen = {**former, **named_values(options)}
    if not targets:
        _refuse_beside_a_task(wishes)
        _of_a_task(task, {**chosen, "allow_missing": allow_missing}, data, out)
    elif task or chosen:
        raise click.UsageError("--target is of a table: leave --task and options of a task out")
    else:
        _of_a_table(data, allow_missing, out, targets=targets, **wishes)


def _refuse_beside_a_task(wishes: dict[str, Any]) -> None:
    given = [name for name, value in wishes.items() if value and name != "hidden"]
    if given:
        raise click.UsageError(f"--{given[0].removesuffix('s')} is for a table: name its --target COLUMN too")


def _of_a_table(
    data: Path, allow_missing: float, out: Path, kinds: tuple[tuple[str, str], ...], **wishes: Any
) -> None:
    from ml.tasks.tables.encoding import input_names
    from ml.tasks.tables.fitting import Wishes, fit
    from ml.tasks.tables.reading import look_through

    by_column = dict(kinds)
    fitted = fit(data, Wishes(kind=by_column.pop("", None), kinds=by_column, **wishes))
    told = look_through(fitted.form, data, allow_missing)
    write_whole(out, fitted.form.model_dump_json(indent=1, exclude_none=True) + "\n")
    _tell(fitted, told)
    if fitted.groups is not None and fitted.groups < _FEWEST_GROUPS:
        click.echo(
            f"{fitted.form.group} has {counted(fitted.groups, 'value')}, too few for clients that hold whole "
            "ones, and a member with one alone has nothing to judge by: where it tells members apart, as a "
            f"hospital does, leave --group out, and simulate with --shares {fitted.form.group}"
        )
    click.echo(f"\nWritten to {out}: {len(input_names(fitted.form))} inputs of a model. Next:")
    click.echo(f"  ape run task check --task {out} --data {data}")
    if (shared := _shared_among(fitted.groups)) is not None:
        click.echo(f"  ape run simulate --network foundry --task {out} --data {data} {shared}")


def _shared_among(groups: int | None) -> str | None:
    """Clients of a first simulation: each needs two groups, one to train on and one to judge by, or parts.

    None where one is the test's, and two are not left.
    """
    if groups is not None and groups < 3:
        return None
    if groups is not None and groups < _FEWEST_GROUPS:
        return "--clients 20 --shares dirichlet --dirichlet-alpha 100"
    return f"--clients {20 if groups is None else min(20, int(groups * 0.8 / 2))}"


def _tell(fitted: "Fitted", told: tuple[str, ...]) -> None:
    for name, use in fitted.used.items():
        click.echo(f"{name}: {use}")
    for name, why in fitted.left_out.items():
        click.echo(f"left out: {name}: {why}")
    for sentence in (*told, *fitted.notes):
        click.echo(sentence)


def _of_a_task(task: str | None, options: dict[str, Any], data: Path, out: Path) -> None:
    # Here for the reason that scripts/simulate.py gives.
    from ml.tasks.encoded import fitted_encoding

    name = task or first_edition.ENCODED
    try:
        fitted = fitted_encoding(name, options, data)
    except DataError as error:
        if task or not data.exists():
            raise
        raise DataError(
            f"{error} (as task {name} reads it: name --target COLUMN of a table of yours)"
        ) from error
    for sentence in fitted.told:
        click.echo(sentence)
    write_whole(out, fitted.content + "\n")
    click.echo(f"Written to {out}. For the deployment's configuration:")
    click.echo(f"  ape run task describe --task {name} --task-option {fitted.option}={out} --data {data}")
