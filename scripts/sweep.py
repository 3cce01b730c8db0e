"""`ape run sweep`: sends what nobody can win any more to a deployment's treasury."""

import click

from offchain.command import Command
from offchain.live.acting import Acting, acting_options
from offchain.live.deploying.amounts import Unit
from offchain.live.purse.sweeping import sweep


@click.command(cls=Command)
@acting_options
def cli(acting: Acting) -> None:
    """Send the reward pool to the treasury: after the last round, or when nobody played for long."""
    there, chain = acting.reach()
    unit = Unit.read(chain, there)
    receipt = sweep(chain, acting.sender(chain), there)
    swept = next(event.values for event in receipt.events(there.manager) if event.name == "Swept")
    what, treasury = unit.named(swept["amount"]), swept["treasury"]
    click.echo(f"Sent {what} to the treasury, {treasury}, in transaction {receipt.hash}.")
