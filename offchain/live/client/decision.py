"""What a client does next: a pure function of what the chain shows and what its owner wants."""

from dataclasses import dataclass

from offchain.live.watching.statement_report import moment
from offchain.live.watching.view import ClientView, View
from offchain.reference import Phase, Seat

_KEEPERS_BLOCKS = 20
"""Blocks after the anchor that are left to keepers before members draw."""
_TURNS = 20


@dataclass(frozen=True)
class Wallet:
    """Tokens outside the pool, base units: the account's balance, and what the pool may take already."""

    balance: int
    allowance: int


@dataclass(frozen=True)
class Wish:
    """What the owner wants.

    Attributes:
        leave: To end the membership and take the tokens out.
        keep: Base units below which free tokens are topped up from the wallet while a member; 0 for never.
        plays: Whether it can train, judge and show; who cannot gives up a seat that it has when it leaves.
        operates: Whether the key is its operator's, which plays seats and may pay for them, and does no more.
        join: To become a member, and nothing after that.
    """

    leave: bool = False
    keep: int = 0
    plays: bool = True
    operates: bool = False
    join: bool = False


@dataclass(frozen=True)
class Deposit:
    """Bring `amount` base units of the wallet into the pool."""

    amount: int


@dataclass(frozen=True)
class Join:
    """Become a member."""


@dataclass(frozen=True)
class Draw:
    """Draw the seats, which no keeper did in time."""


@dataclass(frozen=True)
class Propose:
    """Train, waiting for models until `patience`, and commit to the update until `until`, Unix times."""

    patience: int
    until: int


@dataclass(frozen=True)
class Publish:
    """Open the update until `until`, then show its bytes.

    Where it has to be made again, models are waited for until `patience`.
    """

    patience: int
    until: int


@dataclass(frozen=True)
class Vote:
    """Judge what was published, waiting for it until `patience`, and commit to a ballot until `until`."""

    patience: int
    until: int


@dataclass(frozen=True)
class Reveal:
    """Open the ballot until `until`."""

    until: int


@dataclass(frozen=True)
class Leave:
    """End the membership; what that may cost, or nothing."""

    cost: str = ""


@dataclass(frozen=True)
class Withdraw:
    """Take `amount` base units out of the pool."""

    amount: int


@dataclass(frozen=True)
class Wait:
    """Do nothing until the chain moves."""

    why: str


@dataclass(frozen=True)
class Lack:
    """Wait until the wallet has the `missing` base units; it has `has`."""

    missing: int
    has: int


@dataclass(frozen=True)
class Done:
    """Nothing will ever be left to do."""

    why: str


Action = Deposit | Join | Draw | Propose | Publish | Vote | Reveal | Leave | Withdraw | Wait | Lack | Done


def decide(view: View, me: ClientView, wallet: Wallet, wish: Wish) -> Action:
    """Return what a client does now.

    Seats come first: whoever holds one acts on it, also on its way out, since a seat left unused costs a
    penalty. Everything else waits until nothing is due.

    Args:
        view: The round.
        me: The client in it.
        wallet: Its tokens outside the pool.
        wish: Its owner's.
    """
    if wish.join and me.is_member:
        return Done("it is a member")
    if duty := _duty(view, me, wish):
        return duty
    if wish.leave:
        return _leave(view, me, wish)
    if me.is_removed:
        return Done("removed for good; `--leave` takes out what is left")
    if view.is_over:
        return Done("all rounds were played; `--leave` takes the tokens out")
    if wish.operates and not me.is_member:
        return Wait("for the client's own key to join")
    if not me.is_member:
        return _fund(view, me, wallet, view.parameters.bond) or Join()
    return _fund(view, me, wallet, wish.keep) or Wait(_waiting(view, me))


def spendable(view: View, me: ClientView) -> int:
    """Return the base units that the client's next action can lock: free ones and what is settled by it."""
    settles = me.round != view.round or view.finalised
    return me.free + (me.escrow if settles else 0)


def _duty(view: View, me: ClientView, wish: Wish) -> Action | None:
    seat, p = view.seat_of(me), view.parameters
    if me.is_member and view.phase is Phase.DRAW and _is_left_undrawn(view, me):
        return Draw()
    if view.phase is Phase.PUBLISH and seat is Seat.COMMITTED:
        return Publish(view.patience(Phase.PUBLISH), _deadline(view, Phase.PUBLISH))
    if view.phase is Phase.REVEAL and seat is Seat.VOTED:
        return Reveal(_deadline(view, Phase.REVEAL))
    # A seat stays with who left before the draw; but whoever is no member cannot lock a stake.
    if seat is not Seat.NONE or not me.is_member or not wish.plays:
        return None
    if view.phase is Phase.PROPOSE and view.proposes(me) and spendable(view, me) >= p.proposer_stake:
        return Propose(view.patience(Phase.PROPOSE), _deadline(view, Phase.PROPOSE))
    if (
        view.phase is Phase.VOTE
        and view.votes(me)
        and view.published
        and spendable(view, me) >= p.voter_stake
    ):
        return Vote(view.patience(Phase.VOTE), _deadline(view, Phase.VOTE))
    return None


def _is_left_undrawn(view: View, me: ClientView) -> bool:
    """Whether keepers had time enough; members take turns by their addresses, or all would pay at once."""
    turn = int(me.address, 16) % _TURNS
    return not view.anchor_is_missed and view.block.number > view.anchor + _KEEPERS_BLOCKS + turn


def _leave(view: View, me: ClientView, wish: Wish) -> Action:
    if me.is_member and view.phase is Phase.DRAW and view.anchor_is_missed:
        return Leave(
            "its round was not drawn in time; should it be drawn yet and give it a seat, that costs the "
            "deployment's absence_penalty"
        )
    if me.is_member:
        stays = wish.plays and _is_awaited(view, me)
        return Wait("leaves when its seat of this round is played") if stays else Leave()
    held = me.escrow > 0 and me.round == view.round and not view.finalised
    if held:
        return Wait("its stake is in the open round")
    amount = spendable(view, me)
    if not amount:
        return Done(f"nothing of {me.address} is left in the pool")
    if view.now < me.release_at and not view.is_over:
        return Wait(f"its tokens are released at {moment(me.release_at)} UTC")
    return Withdraw(amount)


def _is_awaited(view: View, me: ClientView) -> bool:
    """Whether leaving now would give up a seat, and with it the penalty."""
    if view.finalised or view.phase is Phase.IDLE:
        return False
    if view.phase is Phase.DRAW:
        return True  # Nobody knows yet whether it has a seat.
    if view.seat_of(me) is not Seat.NONE:
        return False
    early = view.phase in (Phase.PROPOSE, Phase.PUBLISH)
    if view.proposes(me):
        return view.phase is Phase.PROPOSE
    return view.votes(me) and (early or (view.phase is Phase.VOTE and view.published != 0))


def _fund(view: View, me: ClientView, wallet: Wallet, target: int) -> Action | None:
    missing = target - spendable(view, me)
    if missing <= 0:
        return None
    if wallet.balance < missing:
        return Lack(missing, wallet.balance)
    return Deposit(missing)


def _waiting(view: View, me: ClientView) -> str:
    if view.phase is Phase.IDLE:
        return "for the next round to open"
    if view.phase is Phase.DRAW:
        return "for the seats to be drawn"
    if me.position is None or not (view.proposes(me) or view.votes(me)):
        return "no seat in this round"
    if view.seat_of(me) is Seat.NONE and _is_awaited(view, me):
        mine = Phase.PROPOSE if view.proposes(me) else Phase.VOTE
        return (
            f"its seat's phase is {mine.name.lower()}" if view.phase < mine else "too few tokens for its seat"
        )
    return "for the round to go on"


def _deadline(view: View, phase: Phase) -> int:
    deadline = view.deadline(phase)
    assert deadline is not None, "a phase that runs was drawn"
    return deadline
