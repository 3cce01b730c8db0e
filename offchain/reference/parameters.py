"""Everything that a deployment fixes for ever."""

from dataclasses import dataclass

from offchain.reference.errors import require
from offchain.reference.seats import MAX_PROPOSERS, MIN_MEMBERS
from offchain.reference.state import NOBODY
from offchain.reference.tally import MAX_VOTERS

YEAR = 365 * 24 * 3600
MAX_INTERVAL = YEAR
MOST_PROPOSER_BPS = 5000  # So that half of the members are left to vote.


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The struct `IRoundManager.Parameters`, field by field in the same order.

    Raises:
        Refused: InvalidParameter(name, actual, bound) for the first value that breaks a bound or a relation.
    """

    proposer_stake: int  # base units
    voter_stake: int  # base units
    bond: int  # base units
    absence_penalty: int  # base units
    proposer_reward: int = 0  # base units of the budget for an included proposal
    voter_reward: int = 0  # base units of the budget for a revealed ballot
    proposer_bps: int  # basis points, 1 to 5000
    voter_seats: int  # 1 to 16382
    quorum_bps: int  # of the voter seats, committed; basis points, 0 to 5000
    max_strikes: int  # 0 for never
    max_samples: int  # at least 1
    max_rounds: int  # 0 for no end
    min_members: int = MIN_MEMBERS  # at least 4
    seed_delay: int  # blocks, 1 to 256
    propose_for: int  # seconds
    publish_for: int  # seconds
    vote_for: int  # seconds
    reveal_for: int  # seconds
    mark_for: int = 0  # seconds after the reveal deadline
    interval: int = 0  # seconds from one draw to the next opening, at most 365 days; with rewards a round's
    unbonding: int  # seconds, at least the four phases and mark_for
    rules: bytes  # 32 bytes
    treasury: str = NOBODY  # lower-case hex; what nobody can win any more is its

    def __post_init__(self) -> None:
        """Check bounds and relations in the order of the contract."""
        _at_least("proposerStake", self.proposer_stake, 1)
        _at_least("voterStake", self.voter_stake, MAX_PROPOSERS)
        _at_least("bond", self.bond, max(self.proposer_stake, self.voter_stake) + self.absence_penalty)
        _at_least("proposerBps", self.proposer_bps, 1)
        _at_most("proposerBps", self.proposer_bps, MOST_PROPOSER_BPS)
        _at_least("voterSeats", self.voter_seats, 1)
        _at_most("voterSeats", self.voter_seats, MAX_VOTERS)
        _at_most("quorumBps", self.quorum_bps, 5000)
        _at_least("maxSamples", self.max_samples, 1)
        _at_least("minMembers", self.min_members, MIN_MEMBERS)
        _at_least("seedDelay", self.seed_delay, 1)
        _at_most("seedDelay", self.seed_delay, 256)
        _at_least("proposeFor", self.propose_for, 1)
        _at_least("publishFor", self.publish_for, 1)
        _at_least("voteFor", self.vote_for, 1)
        _at_least("revealFor", self.reveal_for, 1)
        _at_most("interval", self.interval, MAX_INTERVAL)
        if self.proposer_reward or self.voter_reward:
            _at_least("interval", self.interval, self.schedule + self.mark_for)
        _at_least("unbonding", self.unbonding, self.schedule + self.mark_for)
        _at_least("rules", int.from_bytes(self.rules), 1)

    @property
    def voting_ends(self) -> int:
        """Seconds from the draw to the deadline of ballots."""
        return self.propose_for + self.publish_for + self.vote_for

    @property
    def schedule(self) -> int:
        """The four phases together, seconds."""
        return self.voting_ends + self.reveal_for


def _at_least(name: str, actual: int, bound: int) -> None:
    require(actual >= bound, "InvalidParameter", name, actual, bound)


def _at_most(name: str, actual: int, bound: int) -> None:
    require(actual <= bound, "InvalidParameter", name, actual, bound)
