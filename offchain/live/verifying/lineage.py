"""The lineage of global models, computed again from logs and artefacts; nobody's word is taken for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.updates.canonical import from_bytes
from ml.updates.fixed_point import aggregate
from ml.updates.schema import Schema
from offchain.errors import LineageError
from offchain.live.watching.rounds import Outcome, Publication, RoundLog
from offchain.reference import Parameters, commitments, seats, tally

Model = NDArray[np.int32]

Fetch = Callable[[bytes], bytes | None]
"""Artefacts by root, checked against it; None when no store has it."""


@dataclass(frozen=True, eq=False)
class GlobalModel:
    """The global model after a round.

    Attributes:
        round: 0 for the genesis model.
        id: As the contract has it, 32 bytes.
        parameters: int32 [size], in fixed point.
    """

    round: int
    id: bytes
    parameters: Model


@dataclass(frozen=True)
class CheckedRound:
    """A finalised round of which everything was checked.

    Attributes:
        number: The round.
        published: Updates published.
        included: Positions that entered the global model.
        committed: Ballots committed.
        revealed: Ballots revealed.
        votes: Accepting ballots by position of what was published.
        void: Whether the round decided nothing.
        model: Id of the global model from then on.
    """

    number: int
    published: int
    included: tuple[int, ...]
    committed: int
    revealed: int
    votes: dict[int, int]
    void: bool
    model: bytes


def check_decision(log: RoundLog, outcome: Outcome, parameters: Parameters) -> CheckedRound:
    """Count a round's ballots again and return what they decide.

    Raises:
        LineageError: When the contract's tally or decision is another, or a sample count is out of bounds.
    """
    for position, publication in log.published.items():
        if not 1 <= publication.samples <= parameters.max_samples:
            raise LineageError(
                f"round {log.number}: position {position} counts for {publication.samples} samples, "
                f"allowed are 1 to {parameters.max_samples}"
            )
    _, voter_seats = seats.counts(log.members, parameters.proposer_bps, parameters.voter_seats)
    quorum = max(1, -(-voter_seats * parameters.quorum_bps // 10_000))
    revealed = len(log.ballots)
    void = not log.published or revealed < quorum
    votes = [sum(ballot >> j & 1 for ballot in log.ballots.values()) for j in range(tally.LANES)]
    published = sum(1 << position for position in log.published)
    counted = tally.sealed(votes, revealed, log.committed, published, void)
    if counted != outcome.tally:
        raise LineageError(
            f"round {log.number}: the revealed ballots make the tally {counted:#x}, the contract has "
            f"{outcome.tally:#x}"
        )
    included = tuple(j for j in sorted(log.published) if not void and 2 * votes[j] > revealed)
    if outcome.included != sum(1 << j for j in included):
        raise LineageError(
            f"round {log.number}: a majority accepts positions {list(included)}, the contract includes "
            f"{[j for j in range(tally.LANES) if outcome.included >> j & 1]}"
        )
    return CheckedRound(
        number=log.number,
        published=len(log.published),
        included=included,
        committed=log.committed,
        revealed=revealed,
        votes={j: votes[j] for j in sorted(log.published)},
        void=void,
        model=outcome.model,
    )


class Lineage:
    """Global models by round, each computed from the one before.

    Args:
        genesis: The first model, int32 [size].
        parameters: The deployment's; `rules` is the first model's id.
        schema: The models'.
        fetch: Where artefacts come from.
    """

    def __init__(self, genesis: Model, parameters: Parameters, schema: Schema, fetch: Fetch) -> None:
        self._parameters = parameters
        self._schema = schema
        self._fetch = fetch
        self._models = [GlobalModel(0, parameters.rules, genesis)]

    @property
    def latest(self) -> GlobalModel:
        """The newest model that was computed."""
        return self._models[-1]

    def advance(self, rounds: Sequence[RoundLog], until: int | None = None) -> list[CheckedRound]:
        """Replay finalised rounds after the latest model that still stands; what was checked of them.

        Args:
            rounds: All of the deployment, from the first; a reorganisation may have changed some.
            until: The last round to replay; none for all that are finalised.

        Raises:
            LineageError: For the first thing that does not fit; models up to there are kept.
        """
        finalised = [log for log in rounds if log.outcome and (until is None or log.number <= until)]
        self._forget(finalised)
        checked = []
        for log in finalised[self.latest.round :]:
            checked.append(self._replay(log))
        return checked

    def _forget(self, finalised: Sequence[RoundLog]) -> None:
        """Drop the models that a reorganisation took back."""
        while self.latest.round:
            log = finalised[self.latest.round - 1] if self.latest.round <= len(finalised) else None
            if log is not None and log.outcome is not None and log.outcome.model == self.latest.id:
                return
            self._models.pop()

    def _replay(self, log: RoundLog) -> CheckedRound:
        parent, outcome = self.latest, log.outcome
        assert outcome is not None
        if log.number != parent.round + 1:
            raise LineageError(f"round {parent.round + 1} is missing in the logs, the next is {log.number}")
        if log.parent != parent.id:
            raise LineageError(
                f"round {log.number} builds on model {log.parent.hex()}, expected {parent.id.hex()}"
            )
        checked = check_decision(log, outcome, self._parameters)
        accepted = [log.published[j] for j in checked.included]
        model = parent.id
        for publication in accepted:
            model = commitments.extend(model, publication.root, publication.samples)
        if model != outcome.model:
            raise LineageError(
                f"round {log.number}: the included updates lead to model {model.hex()}, the contract has "
                f"{outcome.model.hex()}"
            )
        self._models.append(GlobalModel(log.number, model, self._average(log.number, accepted)))
        return checked

    def _average(self, round_: int, accepted: Sequence[Publication]) -> Model:
        if not accepted:
            return self.latest.parameters
        updates = []
        for publication in accepted:
            data = self._fetch(publication.root)
            if data is None:
                raise LineageError(
                    f"round {round_}: no store has the included update {publication.root.hex()} of "
                    f"{publication.client}"
                )
            updates.append(from_bytes(data, self._schema))
        return aggregate(updates, [publication.samples for publication in accepted])
