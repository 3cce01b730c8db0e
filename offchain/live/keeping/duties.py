"""What anyone may do for a deployment now: a function of its state, without a chain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from offchain.live.watching.view import View
from offchain.reference import Phase

Act = Literal["openRound", "reanchor", "draw", "markAbsent", "finalise"]


@dataclass(frozen=True)
class Duty:
    """One call that the contract would take now: of whom, for marking the absent."""

    act: Act
    client: str = ""


def duties(view: View, idle: Callable[[range], Sequence[str]], every: int = 0) -> list[Duty]:
    """Return what is due, in the order in which to do it.

    Args:
        view: The state.
        idle: Clients that used none of the seats at some positions, in order; asked after the draw only.
        every: Least seconds from one draw to the next opening.
    """
    if view.phase == Phase.IDLE:
        rested = view.now >= max(view.opens_at, view.drawn_at + every)
        enough = view.member_count >= view.parameters.min_members
        return [Duty("openRound")] if rested and enough and not view.is_over else []
    if view.phase == Phase.DRAW:
        if view.anchor_is_missed:
            return [Duty("reanchor")]
        return [Duty("draw")] if view.block.number > view.anchor else []
    marks = [Duty("markAbsent", client) for places in _overdue(view) for client in idle(places)]
    if view.phase == Phase.CLOSE and (not marks or view.now >= view.closes_at):
        return [*marks, Duty("finalise")]
    return marks


def _overdue(view: View) -> list[range]:
    """Positions whose deadline has passed."""
    first, end = view.proposer_seats, view.proposer_seats + view.voter_seats
    overdue = []
    if view.now >= (view.deadline(Phase.PROPOSE) or 0):
        overdue.append(range(first))
    # With nothing published voters have no duty.
    if view.published and view.now >= (view.deadline(Phase.VOTE) or 0):
        overdue.append(range(first, end))
    return overdue
