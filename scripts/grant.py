"""`ape run grant`: hands tokens out to those who are to join."""

import logging

import click

from offchain.command import Command
from offchain.live.access.chain import Invocation
from offchain.live.acting import Acting, acting_options
from offchain.live.deploying.amounts import Unit
from offchain.live.options import (
    ADDRESS,
)
from offchain.live.purse.granting import grant, missing, require_receivers

_log = logging.getLogger("offchain.live.purse")


@click.command(cls=Command)
@click.argument("addresses", type=ADDRESS, nargs=-1, required=True)
@acting_options
@click.option("--amount", required=True, metavar="TOKENS", help="How many each is to own afterwards.")
def cli(
    addresses: tuple[str, ...],
    acting: Acting,
    amount: str,
) -> None:
    """Give each of ADDRESSES as many tokens as it is short of; giving again gives nothing twice."""
    there, chain = acting.reach()
    unit = Unit.read(chain, there)
    wanted = unit.base_units(amount)
    sender = acting.sender(chain)
    receivers = list(dict.fromkeys(addresses))
    for address in require_receivers(chain, there, sender.address, receivers):
        _log.warning("%s is a contract: what it is given only its code can use", address)
    amounts = missing(chain, there, receivers, wanted)
    (wallet,) = chain.read([Invocation(there.token, "balanceOf", (sender.address,))])
    grant(sender, there, amounts, wallet, unit)
    for address in receivers:
        click.echo(f"{address}: {_told(amounts.get(address, 0), wanted, unit)}")


def _told(given: int, wanted: int, unit: Unit) -> str:
    if given:
        return f"{unit.text(given, sign=True)} {unit.symbol}"
    return f"owns {unit.named(wanted)} or more already; nothing was sent to it"
