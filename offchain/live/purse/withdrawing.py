"""What an account can take out of a deployment now, and why not more."""

from dataclasses import dataclass

from offchain.live.deploying.amounts import Unit
from offchain.live.errors import AccountError
from offchain.live.watching.statement_report import moment
from offchain.live.watching.view import ClientView, View
from offchain.reference import Seat

_LOCKED = (Seat.COMMITTED, Seat.PUBLISHED, Seat.VOTED, Seat.REVEALED)


@dataclass(frozen=True)
class Available:
    """What can be withdrawn.

    Attributes:
        amount: Base units, what is due of the last seat included.
        reason: Why it is not all, one clause; empty when it is.
    """

    amount: int
    reason: str


def available(view: View, client: ClientView, unit: Unit) -> Available:
    """Return what the contract would let a client withdraw at the view's block."""
    parameters = view.parameters
    locked = view.seat_of(client) in _LOCKED and not view.finalised
    seated = view.proposes(client) or view.votes(client)
    waits = seated and view.drawn_at and not view.finalised and view.seat_of(client) == Seat.NONE
    free = client.free + (0 if locked else client.escrow)
    if client.is_member:
        kept = f"a member keeps a bond of {unit.named(parameters.bond)}; leave first to withdraw it"
        return Available(max(0, free - parameters.bond), kept)
    if locked or waits:
        return Available(0, f"its seat in round {view.round} is not decided yet")
    if view.now < client.release_at and not view.is_over:
        return Available(
            0, f"it left, and its {unit.named(free)} are free from {moment(client.release_at)} UTC on"
        )
    return Available(free, "")


def require_amount(asked: int | None, there: Available, address: str, unit: Unit) -> int:
    """Return how much to withdraw: what was asked for, or all that is available.

    Raises:
        AccountError: When that is nothing, or more than there is.
    """
    because = f": {there.reason}" if there.reason else ""
    if not there.amount:
        raise AccountError(f"account {address} has nothing to withdraw{because}")
    if asked is not None and asked > there.amount:
        raise AccountError(
            f"account {address} can withdraw {unit.named(there.amount)}, not {unit.text(asked)}{because}"
        )
    return asked or there.amount
