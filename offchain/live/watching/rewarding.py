"""How far a budget reaches."""

from offchain.live.watching.view import View
from offchain.reference.seats import counts


def dearest_round(view: View) -> int:
    """Return what the budget pays for a round at most, base units: all included, every ballot revealed.

    Seats are those of the members now.
    """
    p = view.parameters
    if not view.member_count:
        return 0
    proposers, voters = counts(view.member_count, p.proposer_bps, p.voter_seats)
    return proposers * p.proposer_reward + voters * p.voter_reward


def rounds_covered(view: View) -> int:
    """Return for how many such rounds the budget suffices; 0 where nothing is paid."""
    dearest = dearest_round(view)
    return view.budget // dearest if dearest else 0
