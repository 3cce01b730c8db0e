"""Where a deployment stands: rounds, phase, seats, members."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ml.messages import counted
from ml.settings import PrivacySettings
from offchain.errors import LineageError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.admission import EXISTING, MERKLE, admission_name
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError, LogsError
from offchain.live.watching.books import Books, Told
from offchain.live.watching.decisions import Decisions
from offchain.live.watching.history import LoggedEvent, history_of
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.own_votes import OwnVote, OwnVotes
from offchain.live.watching.roster import Roster
from offchain.live.watching.rounds import RoundLog, rounds_of
from offchain.live.watching.view import ClientView, View, read_view
from offchain.reference import Phase
from offchain.reference.settlement import positions
from offchain.reference.tally import is_void


@dataclass(frozen=True)
class Status:
    """A deployment at one block.

    Attributes:
        name: The deployment's.
        chain_id: Its chain's.
        node: Who was asked: host and software.
        unit: Its token.
        view: The state; its clients are those seated, and the members when they were asked for.
        seats: Addresses by seat position of the latest round; none before its draw.
        members: Addresses, in the contract's order.
        has_members: Whether every member's tokens are in the view.
        rounds: As the logs tell them, the latest last.
        who_joins: Who may join, in words.
        scores: Of the newest global model; none where no rows were given.
        spent: ε of one member's updates; none where nobody's was asked.
        votes: What one's own client found, the latest round last; none where nobody asked.
        told: Every change of everybody's tokens; none where nobody asked.
    """

    name: str
    chain_id: int
    node: str
    unit: Unit
    view: View
    seats: tuple[str, ...]
    members: tuple[str, ...]
    has_members: bool
    rounds: tuple[RoundLog, ...]
    who_joins: str
    scores: "Scores | None" = None
    spent: "Spent | None" = None
    votes: tuple[OwnVote, ...] | None = None
    told: Told | None = None

    @property
    def waits_for(self) -> str:
        """What has to happen next, in words."""
        view, phase = self.view, self.view.phase
        if view.is_over:
            return "nothing: all rounds were played"
        if phase == Phase.IDLE:
            return self._opening
        if phase == Phase.DRAW:
            left = view.anchor - view.block.number
            until = f"{counted(left + 1, 'block')}, until the seed is known"
            return until if left >= 0 else "a keeper to draw the seed"
        if phase == Phase.CLOSE:
            return "a keeper to finalise"
        done, of, what = {
            Phase.PROPOSE: (view.updates + view.absent_proposers, view.proposer_seats, "proposers to commit"),
            Phase.PUBLISH: (view.published.bit_count(), view.updates, "proposers to publish"),
            Phase.VOTE: (view.ballots + view.absent_voters, view.voter_seats, "voters to commit"),
            Phase.REVEAL: (self._revealed, view.ballots, "voters to reveal"),
        }[phase]
        return f"{of - done} of {of} {what}"

    @property
    def _opening(self) -> str:
        view = self.view
        if (missing := view.parameters.min_members - view.member_count) > 0:
            return counted(missing, "more member")
        if (left := view.opens_at - view.now) > 0:
            return f"the next round, which can open in {counted(left, 'second')}"
        return "a keeper to open the next round"

    @property
    def _revealed(self) -> int:
        return len(self.rounds[-1].ballots) if self.rounds else 0


class Scores(Protocol):
    """How good a global model is on somebody's rows; see `offchain.live.verifying.quality.Scored`."""

    @property
    def round(self) -> int:
        """That the model was made in; 0 for the first one."""

    @property
    def rows(self) -> int:
        """How many rows."""

    @property
    def quality(self) -> Mapping[str, float]:
        """Scores by name."""

    @property
    def told(self) -> str:
        """The scores in words."""


class Spent(Protocol):
    """What a member's updates gave away of any one of its rows; see `offchain.live.client.spending.Spent`."""

    @property
    def client(self) -> str:
        """Its address."""

    @property
    def updates(self) -> int:
        """How many it published."""

    @property
    def epsilon(self) -> float:
        """Of them together."""

    @property
    def privacy(self) -> PrivacySettings:
        """What they stay within."""

    @property
    def told(self) -> str:
        """The same in words."""


class Watch:
    """Looks at a deployment again and again, reading only what is new.

    Args:
        chain: Where.
        deployment: Which.
        members: Whether to read every member's tokens too.
        cache: Logs of earlier calls; none to read all.
        scores: Scores the newest model, by its id; none for no scores.
        spending: Counts a member's spent ε from all rounds; none for nobody's.
        votes: One's own client's; none for nobody's.
        books: Whether to tell, and compare with the contract, every change of everybody's tokens.
    """

    def __init__(
        self,
        chain: Chain,
        deployment: LiveDeployment,
        members: bool = False,
        cache: LogCache | None = None,
        scores: Callable[[bytes], Scores] | None = None,
        spending: Callable[[Sequence[RoundLog]], Spent] | None = None,
        votes: OwnVotes | None = None,
        books: bool = False,
    ) -> None:
        self._chain = chain
        self._deployment = deployment
        self._with_members = members
        self._scores = scores
        self._spending = spending
        self._votes = votes
        self._history = history_of(chain, deployment, cache)
        self._roster = Roster()
        self._decisions = Decisions(deployment.parameters)
        self._books = Books(deployment.parameters) if books else None
        self._unit = Unit.read(chain, deployment)

    @property
    def events(self) -> Sequence[LoggedEvent]:
        """All logs of round manager and pool that the last look knew."""
        return self._history.events

    def look(self) -> Status:
        """The state at the latest block.

        Raises:
            NodeUnavailableError: When nodes do not answer.
            LogsError: When their logs do not fit each other, or the contracts.
            AccountError: When the spent ε is asked of somebody who never joined.
        """
        try:
            return self._look()
        except LogsError:
            recalled = self._history.recalled
            self._history.forget()
            self._roster.forget()
            if not recalled:
                raise
        return self._look()

    def _look(self) -> Status:
        news = self._roster.keep_up(self._history)
        seats: tuple[str, ...] = ()
        view = read_view(self._chain, self._deployment, at=news.head)
        self._roster.require(view.round, view.member_count)
        if view.drawn_at:
            places = range(view.proposer_seats + view.voter_seats)
            seats = tuple(self._roster.seated(view.seed, places))
        members = tuple(self._roster.members)
        rounds = tuple(rounds_of(self._history.events))
        self._require_decisions(rounds, view.model)
        changed = self._books.enter(self._history.events) if self._books else ()
        wanted = dict.fromkeys([*seats, *(members if self._with_members else ()), *changed])
        view = read_view(self._chain, self._deployment, list(wanted), news.head)
        self._roster.require_members(view.clients)
        if self._books:
            self._books.require(view.clients)
        return Status(
            name=self._deployment.name,
            chain_id=self._chain.chain_id,
            node=self._chain.node,
            unit=self._unit,
            view=view,
            seats=seats,
            members=members,
            has_members=self._with_members,
            rounds=rounds,
            who_joins=who_joins(self._chain, self._deployment),
            scores=None if self._scores is None else self._scores(view.model),
            spent=self._spent(rounds),
            votes=None if self._votes is None else tuple(self._votes.all()),
            told=self._books.told if self._books else None,
        )

    def _spent(self, rounds: Sequence[RoundLog]) -> Spent | None:
        spent = None if self._spending is None else self._spending(rounds)
        if spent is not None and not spent.updates:
            self._require_joined(spent.client)
        return spent

    def _require_joined(self, client: str) -> None:
        if not any(event.name == "Joined" and event.values["client"] == client for event in self.events):
            raise AccountError(
                f"{client} never joined deployment {self._deployment.name}, so it spent nothing of an ε: "
                "--privacy-of takes the address of a member, or of one that left"
            )

    def _require_decisions(self, rounds: Sequence[RoundLog], model: bytes) -> None:
        try:
            self._decisions.advance(rounds)
            self._decisions.require_model(model)
        except LineageError as error:
            raise LogsError(str(error)) from error


def who_joins(chain: Chain, deployment: LiveDeployment) -> str:
    """Return who may join a deployment, in words."""
    admission, name = deployment.admission, admission_name(deployment.configuration)
    if admission is None:
        return "anyone with the bond"
    if name == MERKLE:
        return f"one of {len(deployment.configuration.listed)} addresses, which nobody can change"
    if name == EXISTING:
        return f"whom the contract {admission.address} admits"
    (owner,) = chain.read([Invocation(admission, "owner")])
    return f"who is on the list at {admission.address}, kept by {str(owner).lower()}"


def status_json(status: Status) -> dict[str, Any]:
    """Return a status as JSON has it; amounts are base units in text, times Unix seconds."""
    view = status.view
    return {
        "deployment": status.name,
        "chain_id": status.chain_id,
        "node": status.node,
        "block": view.block.number,
        "time": view.now,
        "round": view.round,
        "phase": view.phase.name.lower(),
        "deadline": view.deadline(view.phase),
        "time_left": view.time_left,
        "waits_for": status.waits_for,
        "model": "0x" + view.model.hex(),
        "reward_pool": str(view.reward_pool),
        "budget": str(view.budget),
        "decimals": status.unit.decimals,
        "symbol": status.unit.symbol,
        "proposer_seats": view.proposer_seats,
        "voter_seats": view.voter_seats,
        "seats": [
            {"position": place, "client": client, "did": view.did(view.clients[client])}
            for place, client in enumerate(status.seats)
        ],
        "who_joins": status.who_joins,
        "members": [_member_json(view.clients.get(address), address) for address in status.members],
        "rounds": [_round_json(each) for each in status.rounds],
        **_scores_json(status.scores),
        **_spent_json(status.spent),
        **_votes_json(status.votes),
    }


def _scores_json(scores: Scores | None) -> dict[str, Any]:
    if scores is None:
        return {}
    return {"scores": {"round": scores.round, "rows": scores.rows, "quality": dict(scores.quality)}}


def _spent_json(spent: Spent | None) -> dict[str, Any]:
    if spent is None:
        return {}
    limits = {"of": spent.privacy.updates, "at_most": spent.privacy.epsilon, "delta": spent.privacy.delta}
    told = {"client": spent.client, "updates": spent.updates, "epsilon": spent.epsilon, **limits}
    return {"privacy": told}


def _votes_json(votes: Sequence[OwnVote] | None) -> dict[str, Any]:
    return {} if votes is None else {"votes": [each.model_dump(mode="json") for each in votes]}


def _member_json(client: ClientView | None, address: str) -> dict[str, Any]:
    if client is None:
        return {"address": address}
    return {
        "address": address,
        "free": str(client.free),
        "escrow": str(client.escrow),
        "strikes": client.strikes,
    }


def _round_json(log: RoundLog) -> dict[str, Any]:
    outcome = log.outcome
    return {
        "round": log.number,
        "members": log.members,
        "published": sorted(log.published),
        "ballots": log.committed,
        "revealed": len(log.ballots),
        "finalised": outcome is not None,
        "void": is_void(outcome.tally) if outcome else None,
        "included": positions(outcome.included) if outcome else None,
        "undecided": positions(outcome.undecided) if outcome else None,
        "model": "0x" + outcome.model.hex() if outcome else None,
    }
