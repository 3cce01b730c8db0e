"""What the logs alone say: every balance (I11), and what no sequence of logs may show."""

from collections import defaultdict


class Ledger:
    """Rebuilds balances from events, and holds I2, I3, I7, I8 and I10 while doing so."""

    def __init__(self, proposer_stake, voter_stake, model):
        self.free = defaultdict(int)
        self.reward_pool = self.budget = 0
        self.model = model
        self.locks = {}  # (round, client) → stake
        self.payouts = {}  # (round, client) → what it got back
        self.slashed, self.awarded, self.rewarded = {}, {}, {}  # by round
        self._stakes = {"UpdateCommitted": proposer_stake, "BallotCommitted": voter_stake}
        self._opened = set()

    def apply(self, log):
        """Take one event in."""
        values = dict(log.values)
        match log.name:
            case "Deposited":
                self.free[values["client"]] += values["amount"]
            case "Withdrawn":
                self.free[values["client"]] -= values["amount"]
            case "Swept":  # What is withdrawn for it follows.
                assert values["amount"] == self.reward_pool + self.budget, "another sum was swept"
                self.free[values["treasury"]] += values["amount"]
                self.reward_pool = self.budget = 0
            case "Funded":
                self.budget += values["amount"]
            case "UpdateCommitted" | "BallotCommitted":
                self._lock(values["round"], values["client"], self._stakes[log.name])
            case "UpdatePublished" | "BallotRevealed":
                self._open(values["round"], values["client"])
            case "MarkedAbsent":
                self.free[values["client"]] -= values["penalty"]
                self.reward_pool += values["penalty"]
            case "RoundFinalised":
                self._finalise(**values)
            case "Settled":
                self._settle(values["round"], values["client"], values["payout"])
        assert all(amount >= 0 for amount in self.free.values()), "a balance fell below zero"

    def unpaid(self, round_):
        """A round's escrow: locks + award + rewards − slashes − payouts (I3: zero when all are settled)."""
        locked = sum(stake for (r, _), stake in self.locks.items() if r == round_)
        paid = sum(payout for (r, _), payout in self.payouts.items() if r == round_)
        gained = self.awarded.get(round_, 0) + self.rewarded.get(round_, 0)
        return locked + gained - self.slashed.get(round_, 0) - paid

    def _lock(self, round_, client, stake):
        assert (round_, client) not in self.locks, "a client acted in two seats of a round"
        self.free[client] -= stake
        self.locks[round_, client] = stake

    def _open(self, round_, client):
        assert (round_, client) in self.locks, "who locked nothing was heard (I7)"
        assert (round_, client) not in self._opened, "a seat counted twice (I7)"
        self._opened.add((round_, client))

    def _finalise(self, round, tally, included, slashed, awarded, rewarded, model):
        assert round not in self.slashed, "a round was finalised twice"
        assert (model != self.model) == (included != 0), "the model changes only by inclusion (I10)"
        assert 0 <= slashed <= sum(stake for (r, _), stake in self.locks.items() if r == round)
        self.slashed[round], self.awarded[round], self.model = slashed, awarded, model
        self.rewarded[round] = rewarded
        self.reward_pool += slashed - awarded
        self.budget -= rewarded
        assert self.reward_pool >= 0 and self.budget >= 0

    def _settle(self, round_, client, payout):
        assert round_ in self.slashed, "a seat was settled before its round was decided"
        assert (round_, client) in self.locks, "who locked nothing was paid"
        assert (round_, client) not in self.payouts, "a seat was settled twice (I2)"
        assert payout >= 0, "more was lost than locked (I8)"
        self.free[client] += payout
        self.payouts[round_, client] = payout
