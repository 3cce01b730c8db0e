"""Who sits where in the open round, from logs alone."""

from collections.abc import Iterable, Mapping

from offchain.live.errors import LogsError
from offchain.live.watching.history import History, LoggedEvent, News
from offchain.live.watching.view import ClientView
from offchain.reference import seats

_ACTS = ("UpdateCommitted", "BallotCommitted", "MarkedAbsent")


class Roster:
    """Members in the order of the contract, and the seats of the latest round.

    Attributes:
        members: Now, in the contract's order.
        opening: At the opening of the latest round, in the contract's order then.
        round: The latest; 0 before the first.
        used: Clients that locked a stake in it, or were marked absent.
        operators: Who may sign a client's intents beside itself, by client.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing again, as before the first event."""
        self.members: list[str] = []
        self.opening: tuple[str, ...] = ()
        self._seatable: frozenset[str] = frozenset()
        self.round = 0
        self.used: set[str] = set()
        self.operators: dict[str, str] = {}

    def keep_up(self, history: History) -> News:
        """Read on in a history of which nobody else takes the news; what it brought.

        Raises:
            NodeUnavailableError: When nodes do not answer.
            LogsError: When the events do not fit those before.
        """
        news = history.advance()
        if news.rewound:
            self.forget()
        self.follow(history.events if news.rewound else news.events)
        return news

    def follow(self, events: Iterable[LoggedEvent]) -> None:
        """Take in the round manager's next events.

        Raises:
            LogsError: When they do not fit those before.
        """
        for event in events:
            self._enter(event)

    def require(self, round_: int, members: int) -> None:
        """Require what the contract says at the block of the last event.

        Args:
            round_: The latest.
            members: Now.

        Raises:
            LogsError: When the events make something else.
        """
        if (self.round, len(self.members)) != (round_, members):
            raise LogsError(
                f"the contract is in round {round_} with {members} members, the logs make it round "
                f"{self.round} with {len(self.members)}"
            )

    def require_members(self, clients: Mapping[str, ClientView]) -> None:
        """Require of some clients what the contract says at the block of the last event: who is a member.

        Raises:
            LogsError: When the events make something else.
        """
        members = set(self.members)
        for address, client in clients.items():
            if client.is_member != (address in members):
                says = "a member" if client.is_member else "no member"
                raise LogsError(f"the contract says that {address} is {says}, the logs make the opposite")

    def seated(self, seed: int, places: range) -> list[str]:
        """Clients at seat positions `places` of the latest round, which drew `seed`, in their order.

        Raises:
            LogsError: When the round has fewer members than seats.
        """
        members = len(self.opening)
        if places.stop > members:
            raise LogsError(f"round {self.round} has {places.stop} seats, by its logs only {members} members")
        return [self.opening[seats.index_at(seed, place, members)] for place in places]

    def _enter(self, event: LoggedEvent) -> None:
        client = event.values.get("client", "")
        match event.name:
            case "RoundOpened":
                self._open(event)
            case "Joined":
                self.members.append(client)
            case "Left":
                self._leave(event)
            case "OperatorSet":
                self.operators[client] = event.values["operator"]
            case "Removed" if client in self.members:
                self._leave(event)
            case name if name in _ACTS:
                self._use(event)

    def _open(self, event: LoggedEvent) -> None:
        self.round, self.opening, self.used = event.values["round"], tuple(self.members), set()
        self._seatable = frozenset(self.opening)
        if len(self.opening) != event.values["members"]:
            raise LogsError(
                f"round {self.round} opened with {event.values['members']} members, the logs before block "
                f"{event.block} make {len(self.opening)}"
            )

    def _use(self, event: LoggedEvent) -> None:
        client = event.values["client"]
        if client not in self._seatable:
            number = event.values["round"]
            raise LogsError(f"{event.name} in round {number} of {client}, no member at its opening")
        self.used.add(client)

    def _leave(self, event: LoggedEvent) -> None:
        client = event.values["client"]
        if client not in self.members:
            raise LogsError(f"{client} left in block {event.block}, but never joined")
        # As the contract does: the last member takes the place.
        last = self.members.pop()
        if last != client:
            self.members[self.members.index(client)] = last
