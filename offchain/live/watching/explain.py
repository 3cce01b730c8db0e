"""Every change of one client's balance, with its round and reason, from logs; and whether they add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from offchain.live.access.chain import Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import LogsError
from offchain.live.watching.history import LoggedEvent, history_of
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.rounds import rounds_of
from offchain.live.watching.view import ClientView, read_view
from offchain.reference import Parameters
from offchain.reference.settlement import Outcome, proposer_payout, voter_payout
from offchain.reference.tally import LANES, is_void

_MEMBERSHIP = {"Joined": "joined", "Left": "left", "Removed": "removed for good"}


@dataclass(frozen=True)
class Change:
    """One change of a client's tokens, base units.

    Attributes:
        event: What the chain logged.
        round: To which it belongs; 0 for none.
        reason: In words.
        free: What became free, or was taken from what is free.
        escrow: What the escrow holds more, or less, for the client.
        after: The latest round when it happened; 0 before the first.
    """

    event: LoggedEvent
    round: int
    reason: str
    free: int
    escrow: int
    after: int = 0

    @property
    def total(self) -> int:
        """What the client gained, or lost."""
        return self.free + self.escrow


class Statement:
    """One client's tokens, followed event by event.

    Attributes:
        changes: In the order of the chain.
        free: Base units now.
        escrow: Base units now: the stake of an open round, the payout of a decided one that is not settled.
    """

    def __init__(self, client: str, parameters: Parameters) -> None:
        self._client = client.lower()
        self._parameters = parameters
        self._round = _Round()
        self._seat: _Seat | None = None
        self.changes: list[Change] = []
        self.free = 0
        self.escrow = 0

    def follow(self, events: Iterable[LoggedEvent]) -> None:
        """Take in the next events of round manager and pool.

        Raises:
            LogsError: When a payout is not what the round's own logs make of it.
        """
        for event in events:
            self._round.enter(event)
            self.enter(event, self._round)

    def enter(self, event: LoggedEvent, round_: "_Round") -> None:
        """Take in the next event; `round_` has taken it in already."""
        self._round = round_
        if event.name == "RoundFinalised":
            self._decide(event)
        elif _whose(event) == self._client:
            self._enter(event)

    def _enter(self, event: LoggedEvent) -> None:
        values, parameters = event.values, self._parameters
        match event.name:
            case "Deposited":
                self._note(event, 0, "deposit", values["amount"], 0)
            case "Withdrawn":
                self._note(event, 0, "withdrawal", -values["amount"], 0)
            case "Swept":
                self._note(event, 0, "pool and budget, as the treasury", values["amount"], 0)
            case "UpdateCommitted":
                self._lock(event, "stake on an update", parameters.proposer_stake, proposes=True)
            case "BallotCommitted":
                self._lock(event, "stake on a ballot", parameters.voter_stake, proposes=False)
            case "UpdatePublished":
                self._require_seat(event).content = values["position"]
            case "BallotRevealed":
                self._require_seat(event).content = values["ballot"]
            case "MarkedAbsent":
                self._note(event, values["round"], "absent: seat not used", -values["penalty"], 0)
            case "Joined" | "Left" | "Removed":
                self._note(event, 0, _MEMBERSHIP[event.name], 0, 0)
            case "Settled":
                self._settle(event)

    def _lock(self, event: LoggedEvent, reason: str, stake: int, proposes: bool) -> None:
        self._seat = _Seat(event.values["round"], proposes, stake)
        self._note(event, self._seat.round, reason, -stake, stake)

    def _decide(self, event: LoggedEvent) -> None:
        """The escrow holds the payout instead of the stake from now on."""
        seat = self._seat
        if seat is None or seat.round != event.values["round"]:
            return
        outcome = self._round.outcome(is_void(event.values["tally"]))
        payout, reason = self._payout(seat, outcome, rewarded=event.values["rewarded"] != 0)
        self._note(event, seat.round, reason, 0, payout - seat.holds)
        seat.holds = payout

    def _settle(self, event: LoggedEvent) -> None:
        seat, payout = self._require_seat(event), event.values["payout"]
        if seat.holds != payout:
            raise LogsError(
                f"round {seat.round} paid {payout} base units to {self._client}, its logs make that "
                f"{seat.holds}"
            )
        self._note(event, seat.round, "settled", payout, -payout)
        self._seat = None

    def _payout(self, seat: "_Seat", outcome: Outcome, rewarded: bool) -> tuple[int, str]:
        parameters = self._parameters
        if seat.content is None:
            return 0, "update not published" if seat.proposes else "ballot not revealed"
        if outcome.void:
            return seat.holds, "round void"
        if seat.proposes:
            reward = parameters.proposer_reward if rewarded else 0
            stake = parameters.proposer_stake
            payout = proposer_payout(outcome, seat.content, stake, self._round.pot, reward)
            fate = _fate(outcome, seat.content)
            return payout, f"update {fate}{_with(reward if fate == 'included' else 0)}"
        reward = parameters.voter_reward if rewarded else 0
        payout = voter_payout(outcome, seat.content, parameters.voter_stake) + reward
        right = sum(outcome.majority(j) == seat.content >> j & 1 for j in outcome.positions)
        of = len(outcome.positions)
        return payout, f"ballot with the majority on {right} of {of} updates{_with(reward)}"

    def _require_seat(self, event: LoggedEvent) -> "_Seat":
        if self._seat is None:
            raise LogsError(
                f"{event.name} of {self._client} in block {event.block} without a stake locked before"
            )
        return self._seat

    def _note(self, event: LoggedEvent, round_: int, reason: str, free: int, escrow: int) -> None:
        self.free += free
        self.escrow += escrow
        self.changes.append(Change(event, round_, reason, free, escrow, self._round.number))


def _with(reward: int) -> str:
    return ", with the reward" if reward else ""


def _whose(event: LoggedEvent) -> str | None:
    """Whose tokens an event may move; none of an event that names nobody."""
    named: str | None = event.values.get("client") or event.values.get("treasury")
    return named


def _fate(outcome: Outcome, position: int) -> str:
    if outcome.undecided >> position & 1:
        return "undecided"
    return "included" if outcome.included >> position & 1 else "excluded"


@dataclass
class _Seat:
    """A stake of the client that is not settled yet."""

    round: int
    proposes: bool
    holds: int  # base units in the escrow
    content: int | None = None  # position once published, ballot once revealed


class _Round:
    """What the settlement of the latest round needs."""

    def __init__(self) -> None:
        self._open(0, 0)

    def enter(self, event: LoggedEvent) -> None:
        """Take in an event."""
        match event.name:
            case "RoundOpened":
                self._open(event.values["round"], event.values["pot"])
            case "UpdatePublished":
                self._published |= 1 << event.values["position"]
            case "BallotCommitted":
                self._committed += 1
            case "BallotRevealed":
                self._ballots.append(event.values["ballot"])

    def _open(self, number: int, pot: int) -> None:
        self.number = number
        self.pot = pot
        self._published = 0
        self._committed = 0
        self._ballots: list[int] = []

    def outcome(self, void: bool) -> Outcome:
        """What was decided."""
        votes = tuple(sum(ballot >> j & 1 for ballot in self._ballots) for j in range(LANES))
        return Outcome(self._published, votes, len(self._ballots), self._committed, void)


def statements(events: Sequence[LoggedEvent], parameters: Parameters) -> dict[str, list[Change]]:
    """Return the changes of every client that the logs name, by address, in one pass.

    Raises:
        LogsError: When no contract can have logged them, or a payout is not what its round makes of it.
    """
    rounds_of(events)
    found: dict[str, Statement] = {}
    round_ = _Round()
    seated: set[str] = set()
    for event in events:
        round_.enter(event)
        client = _whose(event)
        if event.name == "RoundFinalised":
            for each in seated:
                found[each].enter(event, round_)
            seated.clear()
        elif client is not None:
            found.setdefault(client, Statement(client, parameters)).enter(event, round_)
            seated |= {client} if event.name in _LOCKS else set()
    return {client: statement.changes for client, statement in found.items()}


_LOCKS = ("UpdateCommitted", "BallotCommitted")


def statement_of(
    chain: Chain, deployment: LiveDeployment, client: str, cache: LogCache | None = None
) -> Statement:
    """Return a client's statement at the latest block.

    Args:
        chain: Where.
        deployment: Which.
        client: Its address, lower-case hex.
        cache: Logs of earlier calls; read again when they do not add up. None to read all.

    Raises:
        LogsError: When the logs do not add up to what the contract says.
        NodeUnavailableError: When nodes do not answer.
    """
    history = history_of(chain, deployment, cache)

    def read() -> Statement:
        head = history.advance().head
        account = read_view(chain, deployment, [client], head).clients[client]
        return explained(client, deployment.parameters, history.events, account)

    try:
        return read()
    except LogsError:
        if not history.recalled:
            raise
    history.forget()
    return read()


def explained(
    client: str, parameters: Parameters, events: Sequence[LoggedEvent], account: ClientView
) -> Statement:
    """Return a client's statement, once it adds up to what the contract says at the same block.

    Args:
        client: Its address.
        parameters: The deployment's.
        events: All of round manager and pool, from the first on.
        account: What the contract says of it.

    Raises:
        LogsError: When it does not.
    """
    rounds_of(events)
    statement = Statement(client, parameters)
    statement.follow(events)
    require_balance(client, statement.free, statement.escrow, account)
    return statement


def require_balance(client: str, free: int, escrow: int, account: ClientView) -> None:
    """Require the base units that logs make, free and in escrow, to be those that the contract has.

    Raises:
        LogsError: When they are not.
    """
    if (free, escrow) != (account.free, account.escrow):
        raise LogsError(
            f"the logs make {free} base units free and {escrow} in escrow of {client}, the contract says "
            f"{account.free} and {account.escrow}"
        )
