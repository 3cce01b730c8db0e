"""`ape run withdraw`: takes free tokens out of a deployment."""

import click

from offchain.command import Command
from offchain.live.access.chain import Invocation
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
from offchain.live.purse.withdrawing import available, require_amount
from offchain.live.starting import open_sender, reach
from offchain.live.watching.view import read_view


@click.command(cls=Command)
@deployment_option
@chain_options
@account_option
@sending_options
@log_options
@click.option("--amount", metavar="TOKENS", help="How many.  [default: all that can be withdrawn]")
def cli(
    deployment: str,
    nodes: Nodes,
    account: str,
    sending: SendingSettings,
    amount: str | None,
) -> None:
    """Withdraw tokens: a member's above the bond, all of one that left and waited."""
    there, chain = reach(deployment, nodes)
    unit = Unit.read(chain, there)
    asked = unit.base_units(amount) if amount else None
    sender = open_sender(chain, account, sending)
    view = read_view(chain, there, [sender.address])
    most = available(view, view.clients[sender.address], unit)
    chosen = require_amount(asked, most, sender.address, unit)
    receipt = sender.send(Invocation(there.manager, "withdraw", (chosen,)))
    took = f"{unit.text(chosen)} {unit.symbol}"
    click.echo(f"Withdrew {took} to {sender.address} in transaction {receipt.hash}.")
