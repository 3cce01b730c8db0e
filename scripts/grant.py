"""`ape run grant`: hands tokens out to those who are to join."""

import click

from offchain.engines import compiled_contracts
from offchain.errors import OffchainError
from offchain.live.access.account import unlock
from offchain.live.access.chain import Invocation
from offchain.live.access.network import connect_to
from offchain.live.access.sender import Sender
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import load_deployment
from offchain.live.deploying.granting import grant, missing
from offchain.live.logs import log_options, start_logging
from offchain.live.options import (
    AddressParameter,
    account_option,
    chain_options,
    deployment_option,
    sending_options,
    sending_settings,
)


@click.command()
@click.argument("addresses", type=AddressParameter(), nargs=-1, required=True)
@deployment_option
@chain_options
@account_option
@sending_options
@log_options
@click.option("--amount", required=True, metavar="TOKENS", help="How many each is to own afterwards.")
def cli(
    addresses: tuple[str, ...],
    deployment: str,
    network: str | None,
    rpcs: tuple[str, ...],
    account: str,
    fee_cap: int,
    confirmations: int,
    patience: int,
    log_format: str,
    log_level: str,
    amount: str,
) -> None:
    """Give each of ADDRESSES as many tokens as it is short of; giving again gives nothing twice."""
    start_logging(log_format, log_level)
    try:
        there = load_deployment(deployment, compiled_contracts())
        chain = connect_to(there, network, rpcs)
        unit = Unit.read(chain, there)
        wanted = unit.base_units(amount)
        key = unlock(account)
        sender = Sender(chain, key, sending_settings(fee_cap, confirmations, patience))
        amounts = missing(chain, there, list(dict.fromkeys(addresses)), wanted)
        (wallet,) = chain.read([Invocation(there.token, "balanceOf", (key.address,))])
        grant(sender, there, amounts, wallet, unit)
    except OffchainError as error:
        raise click.ClickException(str(error)) from error
    for address in dict.fromkeys(addresses):
        click.echo(f"{address}: {unit.text(amounts.get(address, 0), sign=True)} {unit.symbol}")
