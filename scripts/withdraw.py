"""`ape run withdraw`: takes free tokens out of a deployment."""

import click

from offchain.command import Command
from offchain.live.access.chain import Invocation
from offchain.live.acting import Acting, acting_options
from offchain.live.deploying.amounts import Unit
from offchain.live.purse.withdrawing import available, require_amount
from offchain.live.watching.view import read_view


@click.command(cls=Command)
@acting_options
@click.option("--amount", metavar="TOKENS", help="How many.  [default: all that can be withdrawn]")
def cli(
    acting: Acting,
    amount: str | None,
) -> None:
    """Withdraw tokens: a member's above the bond, all of one that left and waited."""
    there, chain = acting.reach()
    unit = Unit.read(chain, there)
    asked = unit.base_units(amount) if amount else None
    sender = acting.sender(chain)
    view = read_view(chain, there, [sender.address])
    most = available(view, view.clients[sender.address], unit)
    chosen = require_amount(asked, most, sender.address, unit)
    receipt = sender.send(Invocation(there.manager, "withdraw", (chosen,)))
    click.echo(f"Withdrew {unit.named(chosen)} to {sender.address} in transaction {receipt.hash}.")
