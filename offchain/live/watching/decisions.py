"""What the rounds decided, counted again from the logs alone; nobody's word is taken for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from offchain.errors import LineageError
from offchain.live.watching.rounds import Outcome, Publication, RoundLog
from offchain.reference import Parameters, commitments, seats, settlement, tally


@dataclass(frozen=True)
class CheckedRound:
    """A finalised round of which everything was checked.

    Attributes:
        number: The round.
        published: Updates published.
        included: Positions that entered the global model.
        undecided: Positions that silence left neither included nor rejected.
        committed: Ballots committed.
        revealed: Ballots revealed.
        votes: Accepting ballots by position of what was published.
        void: Whether the round decided nothing.
        model: Id of the global model from then on.
    """

    number: int
    published: int
    included: tuple[int, ...]
    undecided: tuple[int, ...]
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
    revealed = len(log.ballots)
    votes = tuple(sum(ballot >> j & 1 for ballot in log.ballots.values()) for j in range(tally.LANES))
    published = sum(1 << position for position in log.published)
    void = settlement.is_void(published, log.committed, revealed, voter_seats, parameters.quorum_bps)
    counted = tally.sealed(votes, revealed, log.committed, published, void)
    if counted != outcome.tally:
        raise LineageError(
            f"round {log.number}: the revealed ballots make the tally {counted:#x}, the contract has "
            f"{outcome.tally:#x}"
        )
    decided = settlement.Outcome(published, votes, revealed, log.committed, void)
    included = settlement.positions(decided.included)
    if outcome.included != decided.included:
        raise LineageError(
            f"round {log.number}: a majority accepts positions {included}, the contract includes "
            f"{settlement.positions(outcome.included)}"
        )
    return CheckedRound(
        number=log.number,
        published=len(log.published),
        included=tuple(included),
        undecided=tuple(settlement.positions(decided.undecided)),
        committed=log.committed,
        revealed=revealed,
        votes={j: votes[j] for j in sorted(log.published)},
        void=void,
        model=outcome.model,
    )


@dataclass(frozen=True)
class Inclusion:
    """The updates whose average a global model is, and the round that included them; 0 and none: genesis."""

    round: int
    updates: tuple[Publication, ...]

    @property
    def roots(self) -> list[bytes]:
        """The updates' Merkle roots."""
        return [each.root for each in self.updates]


@dataclass(frozen=True)
class Step:
    """A round that was checked, by logs alone.

    Attributes:
        round: 0 for the genesis model.
        id: Of the global model from then on, 32 bytes.
        inclusion: What that model is made of: the average replaces the model, so one round decides.
    """

    round: int
    id: bytes
    inclusion: Inclusion


class Decisions:
    """Ids of global models and decisions, from the first round on.

    Args:
        parameters: The deployment's; `rules` is the first model's id.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._steps = [Step(0, parameters.rules, Inclusion(0, ()))]

    @property
    def head(self) -> Step:
        """The newest round that was checked."""
        return self._steps[-1]

    @property
    def inclusions(self) -> Iterator[Inclusion]:
        """What the global models are made of, from the newest back to the genesis."""
        inclusion = self.head.inclusion
        yield inclusion
        while inclusion.round:
            inclusion = self._steps[inclusion.round - 1].inclusion
            yield inclusion

    def advance(self, rounds: Sequence[RoundLog], until: int | None = None) -> list[CheckedRound]:
        """Check finalised rounds after the head that still stands, asking for no artefact.

        Args:
            rounds: All of the deployment, from the first; a reorganisation may have changed some.
            until: The last round to check; none for all that are finalised.

        Returns:
            What was checked of them.

        Raises:
            LineageError: For the first thing that does not fit; steps up to there are kept.
        """
        finalised = [log for log in rounds if log.outcome and (until is None or log.number <= until)]
        self._forget(finalised)
        return [self._check(log) for log in finalised[self.head.round :]]

    def require_model(self, model: bytes) -> None:
        """Require that the rounds checked so far lead to the global model that the contract has.

        Raises:
            LineageError: When they do not.
        """
        if self.head.id != model:
            raise LineageError(
                f"the logs lead to global model {self.head.id.hex()}, the contract has {model.hex()}"
            )

    def _forget(self, finalised: Sequence[RoundLog]) -> None:
        """Drop what a reorganisation took back or changed, from the first such round on."""
        stands = takewhile(_stands, zip(self._steps[1:], finalised, strict=False))
        del self._steps[1 + sum(1 for _ in stands) :]

    def _check(self, log: RoundLog) -> CheckedRound:
        parent, outcome = self.head, log.outcome
        assert outcome is not None
        if log.number != parent.round + 1:
            raise LineageError(f"round {parent.round + 1} is missing in the logs, the next is {log.number}")
        if log.parent != parent.id:
            raise LineageError(
                f"round {log.number} builds on model {log.parent.hex()}, expected {parent.id.hex()}"
            )
        checked = check_decision(log, outcome, self._parameters)
        accepted = _included(log)
        model = commitments.extend(
            parent.id, log.number, {j: (each.root, each.samples) for j, each in accepted.items()}
        )
        if model != outcome.model:
            raise LineageError(
                f"round {log.number}: the included updates lead to model {model.hex()}, the contract has "
                f"{outcome.model.hex()}"
            )
        inclusion = Inclusion(log.number, tuple(accepted.values())) if accepted else parent.inclusion
        self._steps.append(Step(log.number, model, inclusion))
        return checked


def _included(log: RoundLog) -> dict[int, Publication]:
    """What the contract says that a finalised round included, by seat position, ascending."""
    assert log.outcome is not None
    return {j: log.published[j] for j in sorted(log.published) if log.outcome.included >> j & 1}


def _stands(known: tuple[Step, RoundLog]) -> bool:
    """Whether a round is in the logs as it was checked; where all before it are, its id says so."""
    step, log = known
    assert log.outcome is not None
    return (step.round, step.id) == (log.number, log.outcome.model)
