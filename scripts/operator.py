"""`ape run operator`: names the second key that may sign a client's intents."""

import click

from offchain.command import Command
from offchain.live.access.chain import Invocation
from offchain.live.acting import Acting, acting_options
from offchain.live.options import (
    ADDRESS,
)
from offchain.live.purse.operating import operator_now, require_operator


@click.command(cls=Command)
@click.argument("address", type=ADDRESS, required=False)
@acting_options
@click.option("--none", "nobody", is_flag=True, help="Name nobody: only the account signs from then on.")
def cli(
    address: str | None,
    acting: Acting,
    nobody: bool,
) -> None:
    """Name ADDRESS the operator of a client, in place of the one before; the account is the client's.

    An operator can sign for the client's seats, and nothing else: run `ape run client --client-address` with
    its key, and keep the client's own away from the network.
    """
    there, chain = acting.reach()
    sender = acting.sender(chain)
    chosen = require_operator(chain, there, address, nobody, sender.address)
    before = operator_now(chain, there, sender.address)
    if chosen == before:
        click.echo(f"{chosen} is what {sender.address} named before; nothing was sent.")
        return
    receipt = sender.send(Invocation(there.manager, "setOperator", (chosen,)))
    click.echo(f"The operator of {sender.address} is {chosen}, was {before}: transaction {receipt.hash}.")
