"""A look at the chain as measures: what every program tells of a round, and a member of its seat."""

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum

from offchain.live.access.chain import Chain
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.watching.lookout import Lookout
from offchain.live.watching.view import ClientView, View, read_view
from offchain.monitoring import measures
from offchain.monitoring.vitals import VITALS
from offchain.reference import Phase, Seat

_log = logging.getLogger(__name__)

Observe = Callable[[View], None]


class SeatKind(IntEnum):
    """What a seat asks for."""

    NONE = 0
    PROPOSER = 1
    VOTER = 2


def measure_round(view: View, unit: Unit) -> None:
    """Tell of the chain and the round."""
    block = view.block
    VITALS.saw(block.number, block.time, view.round)
    measures.BLOCK.set(block.number)
    measures.BLOCK_TIME.set(block.time)
    measures.ROUND.set(view.round)
    measures.only(measures.PHASE, Phase, view.phase)
    measures.PHASE_LEFT.set(float("nan") if view.time_left is None else view.time_left)
    measures.MEMBERS.set(view.member_count)
    measures.REWARD_POOL.set(unit.number(view.reward_pool))
    measures.BUDGET.set(unit.number(view.budget))


def measure_member(view: View, me: ClientView, wallet: int, unit: Unit) -> None:
    """Tell of a member's seat and tokens; `wallet` is its account's, base units."""
    measure_round(view, unit)
    measures.MEMBER.set(me.is_member)
    measures.FREE.set(unit.number(me.free))
    measures.ESCROW.set(unit.number(me.escrow))
    measures.WALLET.set(unit.number(wallet))
    measures.only(measures.SEAT, Seat, view.seat_of(me))
    measures.only(measures.SEAT_KIND, SeatKind, kind_of(view, me))
    act = missed_act(view, me)
    if act is not None and VITALS.missed(view.round, act):
        measures.SEATS_MISSED.labels(act).inc()
        _log.warning("its seat was missed: %s came too late", act, extra={"round": view.round})


def measure_coins(chain: Chain, address: str) -> float:
    """Tell of an account's native coin; how many whole ones, to six decimals."""
    coins = round(chain.balance(address) / 10**18, 6)
    measures.COINS.set(coins)
    return coins


def kind_of(view: View, me: ClientView) -> SeatKind:
    """Return which seat a client has in the round."""
    if view.proposes(me):
        return SeatKind.PROPOSER
    return SeatKind.VOTER if view.votes(me) else SeatKind.NONE


def missed_act(view: View, me: ClientView) -> str | None:
    """Return what a client's seat of the round asked for, was not done, and cannot be done any more."""

    def is_past(phase: Phase) -> bool:
        return view.finalised or view.phase > phase

    if view.is_settled(me):
        return None
    seat, kind = view.seat_of(me), kind_of(view, me)
    if kind is SeatKind.PROPOSER:
        if seat in (Seat.NONE, Seat.ABSENT) and is_past(Phase.PROPOSE):
            return "propose"
        if seat is Seat.COMMITTED and is_past(Phase.PUBLISH):
            return "publish"
    # With nothing published voters have no duty.
    if kind is SeatKind.VOTER and view.published:
        if seat in (Seat.NONE, Seat.ABSENT) and is_past(Phase.VOTE):
            return "vote"
        if seat is Seat.VOTED and is_past(Phase.REVEAL):
            return "reveal"
    return None


class Onlooker:
    """Looks at the chain for a program that asks it only when it is asked itself: a store, a relay.

    Args:
        chain: A line of its own.
        deployment: At which.
        observe: Called with what each look sees.
    """

    def __init__(self, chain: Chain, deployment: LiveDeployment, observe: Observe) -> None:
        self._chain = chain
        self._deployment = deployment
        self._observe = observe
        self._lookout = Lookout(chain, deployment)
        self._view: View | None = None

    def step(self) -> bool:
        """Look once; False, since nothing is done.

        Raises:
            ChainError: When nodes do not answer.
        """
        if self._view is not None and self._lookout.is_quiet():
            self._observe(replace(self._view, block=self._lookout.head or self._view.block))
            return False
        self._view = read_view(self._chain, self._deployment)
        self._observe(self._view)
        self._lookout.rest(self._view)
        return False

    def pause(self) -> float:
        """Seconds to wait before the next look."""
        return self._lookout.pause()
