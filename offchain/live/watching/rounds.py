"""What the logs tell of each round, put together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from offchain.live.errors import LogsError
from offchain.reference.settlement import outcome_of

_INSIDE = ("UpdatePublished", "BallotCommitted", "BallotRevealed", "RoundFinalised")


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
        published: By seat position.
        committed: Ballots committed.
        ballots: Revealed ones by voter, masked to what was published.
        outcome: None while the round is open.
    """

    number: int
    members: int
    parent: bytes
    published: dict[int, Publication] = field(default_factory=dict)
    committed: int = 0
    ballots: dict[str, int] = field(default_factory=dict)
    outcome: Outcome | None = None


def sent_by(client: str, rounds: Iterable[RoundLog]) -> int:
    """Return how many updates a client published in some rounds."""
    return sum(each.client == client for log in rounds for each in log.published.values())


def rounds_of(events: Iterable[Event]) -> list[RoundLog]:
    """Return the rounds that a round manager's events tell of, in order; other events are left out.

    Raises:
        LogsError: When something of a round comes before its opening or after the next one's.
    """
    rounds: list[RoundLog] = []
    for event in events:
        values = event.values
        if event.name in _INSIDE and values["round"] != (rounds[-1].number if rounds else 0):
            raise LogsError(
                f"{event.name} of round {values['round']} comes before that round's opening, or after the "
                "next one's"
            )
        match event.name:
            case "RoundOpened":
                rounds.append(RoundLog(values["round"], values["members"], values["model"]))
            case "UpdatePublished":
                rounds[-1].published[values["position"]] = Publication(
                    values["client"].lower(), values["root"], values["samples"]
                )
            case "BallotCommitted":
                rounds[-1].committed += 1
            case "BallotRevealed":
                rounds[-1].ballots[values["client"].lower()] = values["ballot"]
            case "RoundFinalised":
                rounds[-1].outcome = Outcome(values["tally"], values["included"], values["model"])
    return rounds
