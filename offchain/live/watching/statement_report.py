"""A client's statement for people and for programs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from offchain.live.access.chain import Chain
from offchain.live.deploying.amounts import Unit
from offchain.live.watching.explain import Statement

_WIDE = 180
"""Characters of a line from which whole hashes fit."""


def times_of(chain: Chain, statement: Statement) -> Mapping[int, int]:
    """Return the Unix times of the blocks in which something changed."""
    return chain.times(sorted({change.event.block for change in statement.changes}))


def print_statement(console: Console, statement: Statement, unit: Unit, times: Mapping[int, int]) -> None:
    """Print every change, the running balance, and what it adds up to."""
    table = Table("time", "round", "reason", "free", "escrow", "balance", "transaction")
    for place, column in enumerate(table.columns):
        column.no_wrap = True
        column.justify = "right" if place in (1, 3, 4, 5) else "left"
    whole = console.width >= _WIDE
    balance = 0
    for change in statement.changes:
        balance += change.total
        table.add_row(
            moment(times[change.event.block]),
            str(change.round or ""),
            change.reason,
            unit.text(change.free, sign=True) if change.free else "",
            unit.text(change.escrow, sign=True) if change.escrow else "",
            unit.text(balance),
            change.event.transaction if whole else shortened(change.event.transaction),
        )
    console.print(table)
    console.print(
        f"{unit.text(statement.free)} free and {unit.text(statement.escrow)} in escrow, "
        f"{unit.named(statement.free + statement.escrow)} in all, as the contract says.",
        soft_wrap=True,
    )


def statement_json(statement: Statement, unit: Unit, times: Mapping[int, int]) -> dict[str, Any]:
    """Return the statement as JSON has it; amounts are base units in text, since they exceed a float."""
    return {
        "decimals": unit.decimals,
        "symbol": unit.symbol,
        "free": str(statement.free),
        "escrow": str(statement.escrow),
        "changes": [
            {
                "time": times[change.event.block],
                "block": change.event.block,
                "round": change.round,
                "event": change.event.name,
                "reason": change.reason,
                "free": str(change.free),
                "escrow": str(change.escrow),
                "transaction": change.event.transaction,
            }
            for change in statement.changes
        ],
    }


def shortened(digest: str) -> str:
    """A hash that can still be told from others at a glance.

    >>> shortened("0x943fbeb2d5a2b1d2a8f3e923f3341beb51e4a11be57b7a67adb75f43c0c11d11")
    '0x943fbe..0c11d11'
    """
    return f"{digest[:8]}..{digest[-7:]}"


def moment(time: int) -> str:
    """Unix time as text.

    >>> moment(0)
    '1970-01-01 00:00:00'
    """
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"
