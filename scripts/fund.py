"""`ape run fund`: gives tokens to the budget of which attendance is rewarded."""

import click

from ml.messages import counted
from offchain.command import Command
from offchain.live.acting import Acting, acting_options
from offchain.live.deploying.amounts import Unit
from offchain.live.purse.funding import fund
from offchain.live.watching.rewarding import rounds_covered
from offchain.live.watching.view import read_view


@click.command(cls=Command)
@acting_options
@click.option(
    "--amount", required=True, metavar="TOKENS", help="How many; only rewards and a sweep take them out."
)
def cli(acting: Acting, amount: str) -> None:
    """Give tokens to the budget that rewards included proposers and everyone who reveals a ballot."""
    there, chain = acting.reach()
    unit = Unit.read(chain, there)
    given = unit.base_units(amount)
    receipt = fund(chain, acting.sender(chain), there, given, unit)
    view = read_view(chain, there)
    click.echo(
        f"Gave {unit.named(given)} in transaction {receipt.hash}; the budget holds "
        f"{unit.named(view.budget)}, enough for {counted(rounds_covered(view), 'round')} of the members "
        "there are now."
    )
