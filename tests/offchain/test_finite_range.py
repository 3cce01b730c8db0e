"""No command takes nan or inf for a number of seconds, rows or anything else."""

from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from offchain.finite_range import FiniteRange


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999"])
def test_what_is_no_finite_number_is_refused(number):
    cli = click.Command("cli", params=[click.Option(["--poll"], type=FiniteRange(min=0.01))])
    refused = CliRunner().invoke(cli, ["--poll", number])
    assert refused.exit_code == 2 and "Invalid value for '--poll'" in refused.output
    assert CliRunner().invoke(cli, ["--poll", "0.5"]).exit_code == 0


def commands():
    for path in sorted((Path(__file__).parents[2] / "scripts").glob("[!_]*.py")):
        cli = import_module(f"scripts.{path.stem}").cli
        yield from cli.commands.values() if isinstance(cli, click.Group) else [cli]


def test_no_command_takes_any():
    # A run's settings are numbers without bounds here, and refuse both by themselves.
    ranges = [each.type for every in commands() for each in every.params]
    ranges = [each for each in ranges if isinstance(each, click.FloatRange)]
    assert len(ranges) > 20
    assert all(isinstance(each, FiniteRange) for each in ranges)
