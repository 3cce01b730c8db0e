"""`ape run sweep`: sends what nobody can win any more to a deployment's treasury."""

import click

from offchain.command import Command
from offchain.live.access.network import Nodes
from offchain.live.access.sending import SendingSettings
from offchain.live.deploying.amounts import Unit
from offchain.live.logs import log_options
from offchain.live.options import (
    account_option,
    chain_options,
    deployment_option,
    sending_options,
)
from offchain.live.purse.sweeping import sweep
from offchain.live.starting import open_sender, reach


@click.command(cls=Command)
@deployment_option
@chain_options
@account_option
@sending_options
@log_options
def cli(deployment: str, nodes: Nodes, account: str, sending: SendingSettings) -> None:
    """Send the reward pool to the treasury: after the last round, or when nobody played for long."""
    there, chain = reach(deployment, nodes)
    unit = Unit.read(chain, there)
    receipt = sweep(open_sender(chain, account, sending), there)
    swept = next(event.values for event in receipt.events(there.manager) if event.name == "Swept")
    what = f"{unit.text(swept['amount'])} {unit.symbol}"
    click.echo(f"Sent {what} to the treasury, {swept['treasury']}, in transaction {receipt.hash}.")
