"""`ape run withdraw`: takes free tokens out of a deployment."""

import click

from offchain.engines import compiled_contracts
from offchain.errors import OffchainError
from offchain.live.access.account import unlock
from offchain.live.access.chain import Invocation
from offchain.live.access.network import connect_to
from offchain.live.access.sender import Sender
from offchain.live.client.withdrawing import available, require_amount
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import load_deployment
from offchain.live.logs import log_options, start_logging
from offchain.live.options import (
    account_option,
    chain_options,
    deployment_option,
    sending_options,
    sending_settings,
)
from offchain.live.starting import require_funds
from offchain.live.watching.view import read_view


@click.command()
@deployment_option
@chain_options
@account_option
@sending_options
@log_options
@click.option("--amount", metavar="TOKENS", help="How many.  [default: all that can be withdrawn]")
def cli(
    deployment: str,
    network: str | None,
    rpcs: tuple[str, ...],
    account: str,
    fee_cap: int,
    confirmations: int,
    patience: int,
    log_format: str,
    log_level: str,
    amount: str | None,
) -> None:
    """Withdraw tokens: a member's above the bond, all of one that left and waited."""
    start_logging(log_format, log_level)
    try:
        there = load_deployment(deployment, compiled_contracts())
        chain = connect_to(there, network, rpcs)
        unit = Unit.read(chain, there)
        asked = unit.base_units(amount) if amount else None
        key = unlock(account)
        require_funds(chain, key.address)
        sender = Sender(chain, key, sending_settings(fee_cap, confirmations, patience))
        view = read_view(chain, there, [key.address])
        most = available(view, view.clients[key.address], unit)
        chosen = require_amount(asked, most, key.address, unit)
        receipt = sender.send(Invocation(there.manager, "withdraw", (chosen,)))
    except OffchainError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Withdrew {unit.text(chosen)} {unit.symbol} to {key.address} in transaction {receipt.hash}.")
