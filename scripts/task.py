"""`ape run task`: the tasks there are, what founders write of one, what a member tries before it stakes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from ml.judging.bases import MEMORY
from ml.private_files import write_whole
from ml.settings import ALLOWED_MISSING, DEFAULT_POLICY, AnyPolicy
from offchain.command import Command
from offchain.console import say
from offchain.errors import SettingsError
from offchain.finite_range import FiniteRange
from offchain.named_values import named_values
from offchain.policy_option import PolicyParameter
from offchain.user_path import UserPath
from offchain.yaml_file import read_mapping, section

_TASK = "Built-in name, FILE.py:Class, a table's FILE.json, or package.module:Class."

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@click.group(invoke_without_command=False)
def cli() -> None:
    """Describe a task, check it on rows, or list the built-in ones."""


def _task_options(function: Decorated) -> Decorated:
    return click.option("--task", required=True, help=_TASK)(_rows_options(function))


def _rows_options(function: Decorated) -> Decorated:
    for decorator in (
        click.option("--data", type=UserPath(), help="File or folder of rows, where the task reads one."),
        click.option(
            "--share",
            metavar="I/K",
            help="Share I, from 0, of K of the rows that a task makes, in place of --data.  [default: 0/8]",
        ),
        click.option(
            "--allow-missing",
            type=FiniteRange(0, 1),
            metavar="SHARE",
            help="Share of a table's rows that may be left out for gaps or what cannot be read.  [default: "
            f"{ALLOWED_MISSING}]",
        ),
        click.option(
            "--accept-rows",
            is_flag=True,
            help="Go on though rows look unlike those that an encoding was fitted on.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of the first model.",
        ),
        click.option(
            "--task-option",
            "options",
            multiple=True,
            metavar="NAME=VALUE",
            help="Option of the task, by name. Repeatable.",
        ),
    ):
        function = decorator(function)
    return function


@cli.command("list", cls=Command)
def list_tasks() -> None:
    """List the built-in tasks and their options."""
    from offchain.learning.catalogue import lines

    for line in lines():
        click.echo(line)


@cli.command(cls=Command)
@_task_options
@click.option(
    "--policy",
    type=PolicyParameter(),
    default=DEFAULT_POLICY,
    show_default=True,
    help="How voters judge: a policy by name, or a YAML file, such as `ape run calibrate --policy-out` "
    "writes.",
)
@click.option("--metric", help="Score that voters compare.  [default: the task's, or likelihood]")
@click.option(
    "--tolerance",
    type=FiniteRange(0),
    default=0.05,
    show_default=True,
    help="Relative loss of score that still passes, of policies by one score and of bases among the last "
    "models.",
)
@click.option(
    "--memory",
    type=click.IntRange(1, MEMORY),
    default=MEMORY,
    show_default=True,
    help="Last included models of which each client builds on the newest that its own rows find good; 1 for "
    "the global model whatever it is.",
)
@click.option(
    "--genesis",
    type=UserPath(),
    help="Safetensors of the first model, such as pretrained weights.  [default: drawn by --seed]",
)
@click.option(
    "--probe",
    type=UserPath(),
    help="Rows that everyone may know: what a member's machine computes of eight is compared with what the "
    "founders' did.  [default: the task's own]",
)
@click.option(
    "--into",
    type=UserPath(dir_okay=False, exists=True, writable=True),
    help="Configuration without learning, to the end of which it is written; a first model that the task "
    "draws is then kept beside it, as NAME.genesis.safetensors.  [default: print it]",
)
def describe(
    task: str,
    options: tuple[str, ...],
    data: Path | None,
    share: str | None,
    seed: int,
    allow_missing: float | None,
    accept_rows: bool,
    policy: AnyPolicy,
    metric: str | None,
    tolerance: float,
    memory: int,
    genesis: Path | None,
    probe: Path | None,
    into: Path | None,
) -> None:
    """Write what a deployment's rules bind of a task: `learning` of its configuration."""
    from offchain.learning.catalogue import Sample, describe_for_deployment
    from offchain.learning.describing import FoundersFiles

    drawn = None if into is None else into.with_suffix(".genesis.safetensors")
    if into is not None and "learning" in read_mapping(into, "configuration", SettingsError):
        raise SettingsError(f"{into} has learning already: take it out first")
    choices = named_values(options) | _choices(allow_missing, accept_rows)
    sample = Sample.of(task, choices, data, share, seed)
    say(sample.told)
    files = FoundersFiles(genesis, drawn, probe)
    found = describe_for_deployment(sample, policy, metric, tolerance, memory, files)
    text = section("learning", found.model_dump(mode="json", exclude_none=True))
    if into is None:
        click.echo(text, nl=False)
    else:
        write_whole(into, into.read_bytes() + f"\n{text}".encode())
        click.echo(f"Written to {into}.")


@cli.command(cls=Command)
@_rows_options
@click.option("--task", help=f"{_TASK}  [default: the deployment's]")
@click.option("--train", metavar="FILE.py:FUNCTION", help="Training of your own.  [default: the task's]")
@click.option(
    "--deployment",
    metavar="NAME",
    help="Of deployments/NAME.yaml, or that file: also everything that a client checks at its start, and "
    "whether phases are long enough.",
)
def check(
    task: str | None,
    options: tuple[str, ...],
    data: Path | None,
    share: str | None,
    seed: int,
    allow_missing: float | None,
    accept_rows: bool,
    train: str | None,
    deployment: str | None,
) -> None:
    """Try a task on rows, before anyone stakes: one page."""
    if task is None and deployment is None:
        raise click.UsageError("give --task, or --deployment, whose task it then is")
    given, choices = named_values(options), _choices(allow_missing, accept_rows)
    if deployment is None:
        assert task is not None
        lines = _checked(task, given | choices, data, share, seed, train)
    else:
        lines = _of_a_deployment(deployment, task, given, choices, data, share, train)
    for name, text in lines:
        click.echo(f"{name:>16}  {text}")


def _choices(allow_missing: float | None, accept_rows: bool) -> dict[str, Any]:
    """Options of any task that were chosen: who describes one without them binds nothing of them."""
    chosen: dict[str, Any] = {} if allow_missing is None else {"allow_missing": allow_missing}
    return {**chosen, "accept_rows": True} if accept_rows else chosen


def _checked(
    task: str,
    options: dict[str, Any],
    data: Path | None,
    share: str | None,
    seed: int,
    train: str | None,
) -> Iterator[tuple[str, str]]:
    from offchain.learning.catalogue import Sample
    from offchain.learning.task_check import page

    yield from page(Sample.of(task, options, data, share, seed), train)


def _of_a_deployment(
    deployment: str,
    task: str | None,
    options: dict[str, Any],
    choices: dict[str, Any],
    data: Path | None,
    share: str | None,
    train: str | None,
) -> Iterator[tuple[str, str]]:
    """First whether the task is the founders': until that is known, nothing of it runs."""
    from offchain.learning.catalogue import FIRST_SHARE, Sample
    from offchain.learning.task_check import page
    from offchain.live.client.options import Share
    from offchain.live.client.own_data import DataOptions
    from offchain.live.client.phases import against
    from offchain.live.deploying.book import named_files
    from offchain.live.deploying.configuration import load_configuration

    path, _ = named_files(deployment)
    configuration = load_configuration(path)
    rules = configuration.learning
    part = None if data and share is None else Share().convert(share or FIRST_SHARE, None, None)
    allowed, accepts = choices.get("allow_missing", ALLOWED_MISSING), "accept_rows" in choices
    own = DataOptions(data, part, task, options, train, allowed, accepts)
    yield from against(configuration, path.parent, own, {})
    named = own.here(path.parent).named(rules.task, rules.task_options)
    sample = Sample.of(named.name, {**named.options, **choices}, data, share, rules.genesis_seed)
    yield from page(replace(sample, told=()), train)  # What became of the rows is said above.
