"""Years of rounds as their logs tell them, with updates of ten parameters; decided as the contract does."""

import numpy as np

from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import aggregate
from ml.updates.schema import Schema
from offchain.live.verifying.lineage import Lineage
from offchain.reference import Parameters, commitments, tally
from offchain.reference.state import Event

SCHEMA = Schema.of([("weight", (10,))])
ARTEFACT_BYTES = 4 * SCHEMA.size
PROPOSERS, VOTERS = 5, 3
RULES = b"\7" * 32
PARAMETERS = Parameters(
    proposer_stake=16, voter_stake=16, bond=16, absence_penalty=0, proposer_bps=5000, voter_seats=VOTERS,
    quorum_bps=0, max_strikes=0, max_samples=1, max_rounds=0, seed_delay=1, propose_for=1, publish_for=1,
    vote_for=1, reveal_for=1, unbonding=4, rules=RULES,
)  # fmt: skip


def client(number):
    return "0x" + f"{number + 1:040x}"


class LongHistory:
    """Rounds of which each includes the positions that `included` names by round.

    Args:
        included: Positions by round, from round 1 on.

    Attributes:
        events: The round manager's, to which `open_round` adds.
        updates: int32 vectors by round and position; drawn where none is there.
        bytes_of: Every artefact by root.
        model: Id of the newest global model.
        fetched: Roots that a lineage of this history asked for, in order.
    """

    def __init__(self, included):
        self.events, self.bytes_of, self.model, self.fetched = [], {}, RULES, []
        self.updates = {}
        for number, positions in enumerate(included, start=1):
            self.play(number, positions)

    def roots(self, number):
        return [digest(to_bytes(self.updates[number, j]), SCHEMA) for j in range(PROPOSERS)]

    def average(self, number, positions):
        return aggregate([self.updates[number, j] for j in positions], [1] * len(positions))

    def fetch(self, root):
        self.fetched.append(root)
        return self.bytes_of.get(root)

    def lineage(self):
        return Lineage(lambda: np.zeros(SCHEMA.size, np.int32), PARAMETERS, SCHEMA, self.fetch)

    def open_round(self, number):
        """Open a round and publish five updates in it."""
        self._tell("RoundOpened", round=number, members=2 * PROPOSERS, model=self.model)
        self._tell("SeedDrawn", round=number, seed=number)
        for j in range(PROPOSERS):
            self._tell("UpdateCommitted", round=number, client=client(j))
        for j in range(PROPOSERS):
            drawn = np.random.default_rng([number, j]).integers(-(2**20), 2**20, SCHEMA.size, np.int32)
            update = self.updates.setdefault((number, j), drawn)
            self.bytes_of[root := digest(to_bytes(update), SCHEMA)] = to_bytes(update)
            self._tell("UpdatePublished", round=number, position=j, client=client(j), root=root, samples=1)

    def play(self, number, positions):
        self.open_round(number)
        ballot = sum(1 << j for j in positions)
        voters = [client(PROPOSERS + voter) for voter in range(VOTERS)]
        for voter in voters:
            self._tell("BallotCommitted", round=number, client=voter)
        for voter in voters:
            self._tell("BallotRevealed", round=number, client=voter, ballot=ballot)
        votes = [VOTERS * (j in positions) for j in range(tally.LANES)]
        sealed = tally.sealed(votes, VOTERS, VOTERS, (1 << PROPOSERS) - 1, False)
        included = {j: (self.roots(number)[j], 1) for j in positions}
        self.model = commitments.extend(self.model, number, included)
        self._tell("RoundFinalised", round=number, tally=sealed, included=ballot, model=self.model)

    def _tell(self, name, **values):
        self.events.append(Event(name, values))
