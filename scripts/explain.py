"""`ape run explain`: every change of a client's balance, adding up exactly to what the contract says."""

from pathlib import Path

import click

from offchain.command import Command
from offchain.console import people_console
from offchain.live.access.network import Nodes
from offchain.live.deploying.amounts import Unit
from offchain.live.logs import log_options
from offchain.live.options import ADDRESS, chain_options, deployment_option, log_cache_option
from offchain.live.starting import reach
from offchain.live.watching.explain import statement_of
from offchain.live.watching.log_cache import log_cache
from offchain.live.watching.statement_report import print_statement, statement_json, times_of
from offchain.machine_json import json_text


@click.command(cls=Command)
@click.argument("address", type=ADDRESS)
@deployment_option
@chain_options
@log_options
@log_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def cli(
    address: str,
    deployment: str,
    nodes: Nodes,
    cache: Path | None,
    as_json: bool,
) -> None:
    """Explain every change of the balance of ADDRESS."""
    there, chain = reach(deployment, nodes)
    statement = statement_of(chain, there, address, log_cache(there, cache))
    unit, times = Unit.read(chain, there), times_of(chain, statement)
    if as_json:
        click.echo(json_text("statement", statement_json(statement, unit, times)))
    elif not statement.changes:
        click.echo(f"Nothing ever changed for {address} in deployment {there.name}.")
    else:
        print_statement(people_console(), statement, unit, times)
