"""What a consortium's store asks the chain before it keeps something."""

from dataclasses import dataclass

from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import LogsError
from offchain.live.lately import Lately
from offchain.live.watching.history import history_of
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.roster import Roster
from offchain.reference.state import NOBODY

FRESH_SECONDS = 15.0
"""How long the time of a block is counted on from, by this machine's clock."""
MEMBER_SECONDS = 60.0
"""How long somebody counts as a member after having been one."""


@dataclass(frozen=True, eq=False)
class _Known:
    """What the logs say up to one block."""

    time: int
    writers: frozenset[str]
    roots: frozenset[bytes]


class ChainGate:
    """The `Gate` of a live deployment; safe to ask from several threads.

    Everything is told from logs, which are read once for all who ask: no question of a stranger's is one to
    the node.

    Args:
        chain: Where.
        deployment: Whose members write.
        cache: Logs of earlier processes; none to read all.
    """

    def __init__(self, chain: Chain, deployment: LiveDeployment, cache: LogCache | None = None) -> None:
        self._chain = chain
        self._manager = deployment.manager
        self._history = history_of(chain, deployment, cache)
        self._roster = Roster()
        self._roots: set[bytes] = set()
        self._lately = Lately(self._read)

    def now(self) -> int:
        """Unix time of the latest block, as far as it is known, and what has passed since."""
        known, age = self._lately.get(FRESH_SECONDS)
        return known.time + int(age)

    def may_write(self, address: str) -> bool:
        """Whether `address` is a member's or its operator's, or of one that left with a seat in the round."""
        known, _ = self._lately.get(MEMBER_SECONDS)
        return address in known.writers or address in self._lately.newer(known).writers

    def is_published(self, root: bytes) -> bool:
        """Whether some member published `root` in some round."""
        known, _ = self._lately.get(float("inf"))
        return root in known.roots or root in self._lately.newer(known).roots

    def _read(self) -> _Known:
        try:
            return self._follow()
        except LogsError:
            # One of several nodes may have left some out: the next reading asks for all again.
            self._history.forget()
            self._roster.forget()
            self._roots.clear()
            raise

    def _follow(self) -> _Known:
        news = self._roster.keep_up(self._history)
        if news.rewound:
            self._roots.clear()
        events = self._history.events if news.rewound else news.events
        self._roots |= {event.values["root"] for event in events if event.name == "UpdatePublished"}
        asked = [Invocation(self._manager, name) for name in ("head", "memberCount")]
        head, members = self._chain.read(asked, news.head.number)
        self._roster.require(head[0], members)
        clients = frozenset(self._roster.members) | self._roster.used
        named = self._roster.operators
        operators = frozenset(named[client] for client in clients if client in named)
        return _Known(news.head.time, (clients | operators) - {NOBODY}, frozenset(self._roots))
