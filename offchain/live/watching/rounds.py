"""What the logs tell of each round, put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from offchain.live.errors import LogsError
from offchain.reference.settlement import outcome_of
from offchain.reference.tally import LANES

_STAGES = {
    "SeedDrawn": 1,
    "UpdateCommitted": 2,
    "UpdatePublished": 3,
    "BallotCommitted": 4,
    "BallotRevealed": 5,
    "RoundFinalised": 6,
}
"""What happens inside a round; nothing of an earlier phase comes after something of a later one."""


class Event(Protocol):
    """One of the round manager's events.

    Attributes:
        name: Its name.
        values: Its values by name; addresses lower-case hex, integers int, bytes bytes.
    """

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Its values by name."""


@dataclass(frozen=True)
class Publication:
    """A published update: who claims that its bytes hash to `root` and count for `samples`."""

    client: str
    root: bytes
    samples: int


@dataclass(frozen=True)
class Outcome:
    """What the contract says that a round decided: sealed tally, included positions, the model's id."""

    tally: int
    included: int
    model: bytes

    @property
    def undecided(self) -> int:
        """Bit j set where silent ballots left proposal j neither included nor rejected."""
        return outcome_of(self.tally).undecided


@dataclass
class RoundLog:
    """A round as its events tell it.

    Attributes:
        number: From 1.
        members: At the opening.
        parent: Id of the global model that it builds on.
        stage: How far it is; 0 before the draw.
        proposers: Who committed to an update, in that order; keys are addresses in lower case.
        published: By seat position.
        voters: Who committed to a ballot, likewise.
        ballots: Revealed ones by voter, masked to what was published.
        outcome: None while the round is open.
    """

    number: int
    members: int
    parent: bytes
    stage: int = 0
    proposers: dict[str, None] = field(default_factory=dict)
    published: dict[int, Publication] = field(default_factory=dict)
    voters: dict[str, None] = field(default_factory=dict)
    ballots: dict[str, int] = field(default_factory=dict)
    outcome: Outcome | None = None

    @property
    def committed(self) -> int:
        """Ballots committed."""
        return len(self.voters)


def sent_by(client: str, rounds: Iterable[RoundLog]) -> int:
    """Return how many updates a client published in some rounds."""
    return sum(each.client == client for log in rounds for each in log.published.values())


def rounds_of(events: Iterable[Event]) -> list[RoundLog]:
    """Return the rounds that a round manager's events tell of, in order; other events are left out.

    Raises:
        LogsError: When no contract can have logged them: something of a round outside it or out of its phase,
            a seat used twice, an opening of what nobody committed to.
    """
    rounds: list[RoundLog] = []
    for event in events:
        if event.name == "RoundOpened":
            _require_next(rounds, event)
            rounds.append(RoundLog(event.values["round"], event.values["members"], event.values["model"]))
        elif event.name in _STAGES:
            _enter(_open_round(rounds, event), event)
    return rounds


def _require_next(rounds: Sequence[RoundLog], event: Event) -> None:
    number, last = event.values["round"], rounds[-1].number if rounds else 0
    if number != last + 1 or (rounds and rounds[-1].outcome is None):
        then = "without an outcome" if number == last + 1 else f"where {last + 1} would be the next"
        raise LogsError(f"round {number} opens after round {last}, {then}")


def _open_round(rounds: Sequence[RoundLog], event: Event) -> RoundLog:
    number = event.values["round"]
    if not rounds or rounds[-1].number != number:
        raise LogsError(
            f"{event.name} of round {number} comes before that round's opening, or after the next one's"
        )
    if rounds[-1].outcome is not None:
        raise LogsError(f"{event.name} of round {number} comes after its outcome")
    return rounds[-1]


def _enter(log: RoundLog, event: Event) -> None:
    _advance(log, event)
    values, name = event.values, event.name
    client = values.get("client", "").lower()
    seated = client in log.proposers or client in log.voters
    match name:
        case "UpdateCommitted":
            _require(not seated, log, event)
            log.proposers[client] = None
        case "UpdatePublished":
            shown = (each.client for each in log.published.values())
            _require(client in log.proposers and client not in shown, log, event)
            _require(values["position"] < LANES and values["position"] not in log.published, log, event)
            log.published[values["position"]] = Publication(client, values["root"], values["samples"])
        case "BallotCommitted":
            _require(not seated and bool(log.published), log, event)
            log.voters[client] = None
        case "BallotRevealed":
            _require(client in log.voters and client not in log.ballots, log, event)
            log.ballots[client] = values["ballot"]
        case "RoundFinalised":
            log.outcome = Outcome(values["tally"], values["included"], values["model"])


def _advance(log: RoundLog, event: Event) -> None:
    """Note how far the round is: drawn once, and never back."""
    stage, drawn = _STAGES[event.name], _STAGES["SeedDrawn"]
    if stage < log.stage or (stage == drawn) != (log.stage < drawn):
        raise LogsError(f"{event.name} of round {log.number} comes out of its phase")
    log.stage = stage


def _require(fits: bool, log: RoundLog, event: Event) -> None:
    if not fits:
        raise LogsError(
            f"{event.name} of {event.values['client']} in round {log.number} does not fit what it did before"
        )
