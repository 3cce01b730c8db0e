"""What a deployment costs and what came of it, for people."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from offchain.chain.signing import Transaction
from offchain.live.access.chain import Chain
from offchain.live.access.rollup import data_fees, is_rollup
from offchain.live.access.sending import Fees, SendingSettings, current_fees, shown
from offchain.live.deploying.book import AddressBook
from offchain.live.deploying.configuration import Configuration
from offchain.live.deploying.deployer import Deployer, Price
from offchain.live.deploying.parameters import advice
from offchain.live.deploying.parties import advice_on_parties
from offchain.live.errors import InsufficientFundsError

_ETHER = 10**18


def print_warnings(console: Console, configuration: Configuration, chain: Chain) -> None:
    """Print what is allowed and unwise."""
    for sentence in (*advice(configuration), *advice_on_parties(configuration, chain)):
        console.print(f"[yellow]note:[/yellow] {sentence}.", soft_wrap=True)


def print_prices(
    console: Console, chain: Chain, deployer: Deployer, account: str, sending: SendingSettings
) -> None:
    """Print the gas of what is still to be deployed, at the fees of now and at the most that is offered.

    Raises:
        FeeCapError: When gas costs more than the cap now.
        InsufficientFundsError: When the account cannot pay for it now; said last, after the prices.
    """
    prices = deployer.prices(account)
    if not prices:
        return
    head = chain.head()
    fees = current_fees(chain, head, sending)
    now = min(head.base_fee + fees.tip, fees.max_fee)
    table = Table("contract", "gas", "coin now", "coin at most", title="To be deployed")
    for column in table.columns[1:]:
        column.justify = "right"
    for price in prices:
        table.add_row(price.contract, *_priced(price.gas, now, fees.max_fee))
    total = sum(price.gas or 0 for price in prices)
    if all(price.gas is not None for price in prices):
        table.add_section()
        table.add_row("in all", *_priced(total, now, fees.max_fee))
    console.print(table)
    balance = chain.balance(account)
    console.print(
        f"A unit of gas costs {shown(now)} gwei now; {shown(fees.max_fee)} are offered, the cap is "
        f"{shown(sending.fee_cap)}. Account {account} has {balance / _ETHER:.6f}.",
        soft_wrap=True,
    )
    if is_rollup(chain):
        console.print(_data_fee(chain, prices, fees, chain.nonce(account)), soft_wrap=True)
    if balance <= total * now:
        raise InsufficientFundsError(
            f"account {account} has {balance / _ETHER:.6f} of the native coin of chain {chain.chain_id}, and "
            f"the gas takes {total * now / _ETHER:.6f} now; send it some"
        )


def print_book(console: Console, book: AddressBook, path: Path) -> None:
    """Print what stands where."""
    table = Table(
        "contract", "address", "block", title=f"Deployed on chain {book.chain_id}, every parameter read back"
    )
    for name, entry in book.contracts.items():
        table.add_row(name, entry.address, "" if entry.block is None else str(entry.block))
    console.print(table)
    console.print(f"Written to {path}", soft_wrap=True)


def _data_fee(chain: Chain, prices: Sequence[Price], fees: Fees, nonce: int) -> str:
    """What a rollup adds, in a sentence."""
    fee = data_fees(
        chain,
        [
            Transaction(
                nonce + place, b"", price.data, price.gas or 0, fees.max_fee, fees.tip, chain.chain_id
            )
            for place, price in enumerate(prices)
        ],
    )
    if fee is None:
        return "This rollup adds a fee for the data on Ethereum, not known: getL1Fee gives no answer."
    return f"This rollup adds {fee / _ETHER:.6f} now for the data on Ethereum, which the cap does not bound."


def _priced(gas: int | None, now: int, most: int) -> tuple[str, str, str]:
    if gas is None:
        return "known once the token stands", "", ""
    return f"{gas:,}", f"{gas * now / _ETHER:.6f}", f"{gas * most / _ETHER:.6f}"
