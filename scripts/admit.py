"""`ape run admit`: changes the list of those who may join, where an owner keeps one."""

from pathlib import Path

import click

from offchain.chain.compiled import compiled_contracts
from offchain.command import Command
from offchain.live.acting import Acting, acting_options
from offchain.live.options import (
    ADDRESS,
)
from offchain.live.purse.admitting import addresses_in, calls, changes, registry_of, require_owner
from offchain.live.purse.receiving import require_somebodys
from offchain.user_path import UserPath


@click.command(cls=Command)
@click.argument("addresses", type=ADDRESS, nargs=-1)
@acting_options
@click.option("--file", "path", type=UserPath(dir_okay=False), help="More addresses, one a line.")
@click.option("--remove", is_flag=True, help="Take them off the list; who is a member stays one.")
@click.option("--calldata", is_flag=True, help="Print what the owner has to send, and send nothing.")
def cli(
    addresses: tuple[str, ...],
    acting: Acting,
    path: Path | None,
    remove: bool,
    calldata: bool,
) -> None:
    """Put ADDRESSES onto the list of those who may join; the account is the owner of the list."""
    wanted = [*addresses, *(addresses_in(path) if path else ())]
    if not wanted:
        raise click.UsageError("name addresses, or a file of them with --file")
    there, chain = acting.reach()
    if not remove:
        require_somebodys(there, wanted, "which cannot join")
    registry = registry_of(chain, there, compiled_contracts()["RegistryAdmission"])
    news = changes(chain, registry, wanted, listed=not remove)
    done = "off" if remove else "on"
    if not news:
        click.echo(f"All {len(set(wanted))} are {done} the list already; nothing was sent.")
        return
    messages = list(calls(registry.contract, news, listed=not remove))
    if calldata:
        for message in messages:
            click.echo(f"to {registry.contract.address} data 0x{message.data.hex()}")
        return
    sender = acting.sender(chain)
    require_owner(registry, sender.address)
    for message in messages:
        receipt = sender.send(message)
        click.echo(f"transaction {receipt.hash}")
    click.echo(f"{len(news)} of {len(set(wanted))} addresses came {done} the list.")
