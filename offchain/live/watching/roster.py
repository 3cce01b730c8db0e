"""Who sits where in the open round, from logs alone."""

from collections.abc import Iterable

from offchain.live.watching.history import LoggedEvent
from offchain.reference import seats

_ACTS = ("UpdateCommitted", "BallotCommitted", "MarkedAbsent")


class Roster:
    """Members in the order of the contract, and the seats of the latest round.

    Attributes:
        members: Now, in the contract's order.
        opening: At the opening of the latest round, in the contract's order then.
        round: The latest; 0 before the first.
        used: Clients that locked a stake in it, or were marked absent.
    """

    def __init__(self) -> None:
        self.members: list[str] = []
        self.opening: tuple[str, ...] = ()
        self.round = 0
        self.used: set[str] = set()

    def follow(self, events: Iterable[LoggedEvent]) -> None:
        """Take in the round manager's next events."""
        for event in events:
            self._enter(event)

    def seated(self, seed: int, places: range) -> list[str]:
        """Clients at seat positions `places` of the latest round, which drew `seed`, in their order."""
        members = len(self.opening)
        return [self.opening[seats.index_at(seed, place, members)] for place in places]

    def _enter(self, event: LoggedEvent) -> None:
        client = event.values.get("client", "")
        match event.name:
            case "RoundOpened":
                self.round, self.opening, self.used = event.values["round"], tuple(self.members), set()
            case "Joined":
                self.members.append(client)
            case "Left":
                self._leave(client)
            case "Removed" if client in self.members:
                self._leave(client)
            case name if name in _ACTS:
                self.used.add(client)

    def _leave(self, client: str) -> None:
        # As the contract does: the last member takes the place.
        last = self.members.pop()
        if last != client:
            self.members[self.members.index(client)] = last
