"""Views of a round and a client as the chain could show them, made by hand."""

from offchain.live.access.chain import Block
from offchain.live.client.decision import Wallet
from offchain.live.watching.view import ClientView, View
from offchain.reference import Parameters, Phase, Seat

P = Parameters(
    proposer_stake=80,
    voter_stake=16,
    bond=100,
    absence_penalty=5,
    proposer_bps=2500,
    voter_seats=3,
    quorum_bps=0,
    max_strikes=0,
    max_samples=1,
    max_rounds=0,
    seed_delay=1,
    propose_for=100,
    publish_for=100,
    vote_for=100,
    reveal_for=100,
    unbonding=400,
    rules=b"\1" * 32,
)
DRAWN, RICH, POOR = 1000, Wallet(10_000, 0), Wallet(0, 0)
PROPOSER, VOTER, NEITHER = 0, 1, None


def view(phase, now=DRAWN + 10, published=0b1, round_=7, **changes):
    values = dict(
        block=Block(50, "0x", "0x", now, 1),
        parameters=P,
        phase=phase,
        round=round_,
        members=4,
        drawn_at=DRAWN if phase > Phase.DRAW else 0,
        seed=1,
        updates=1,
        published=published,
        absent_proposers=0,
        ballots=0,
        absent_voters=0,
        finalised=phase is Phase.IDLE,
        proposer_seats=1,
        voter_seats=3,
        anchor=40,
        anchor_window=256,
        model=b"\1" * 32,
        tally=0,
        reward_pool=0,
        budget=0,
        member_count=4,
    )
    return View(**(values | changes))


def client(position=NEITHER, seat=Seat.NONE, round_=None, free=100, **changes):
    values = dict(
        address="0x" + "11" * 20,
        is_member=True,
        is_removed=False,
        strikes=0,
        round=(7 if seat is not Seat.NONE else 6) if round_ is None else round_,
        seat=seat,
        content=bytes(24),
        free=free,
        release_at=0,
        escrow=0,
        position=position,
    )
    return ClientView(**(values | changes))
