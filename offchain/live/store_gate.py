"""What a consortium's store asks the chain before it keeps something."""

import threading
import time

from offchain.live.access.chain import Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.watching.history import history_of
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.view import read_view
from offchain.reference.state import PAYABLE

FRESH_SECONDS = 2.0
"""How long an answer of the chain is good enough, so that nobody can make the store ask without end."""


class ChainGate:
    """The `Gate` of a live deployment; safe to ask from several threads.

    Args:
        chain: Where.
        deployment: Whose members write.
        cache: Logs of earlier processes; none to read all.
    """

    def __init__(self, chain: Chain, deployment: LiveDeployment, cache: LogCache | None = None) -> None:
        self._chain = chain
        self._deployment = deployment
        self._history = history_of(chain, deployment, cache)
        self._lock = threading.Lock()
        self._roots: frozenset[bytes] = frozenset()
        self._writers: dict[str, tuple[float, bool]] = {}
        self._now = (-FRESH_SECONDS, 0)
        self._roots_at = -FRESH_SECONDS

    def now(self) -> int:
        """Unix time of the latest block."""
        with self._lock:
            if not _is_fresh(self._now[0]):
                self._now = (time.monotonic(), self._chain.head().time)
            return self._now[1]

    def may_write(self, address: str) -> bool:
        """Whether `address` is a member, or left while it still has a stake in a round."""
        with self._lock:
            asked, answer = self._writers.get(address, (-FRESH_SECONDS, False))
            if not _is_fresh(asked):
                client = read_view(self._chain, self._deployment, [address]).clients[address]
                answer = client.is_member or client.seat in PAYABLE
                self._writers = {k: v for k, v in self._writers.items() if _is_fresh(v[0])}
                self._writers[address] = (time.monotonic(), answer)
            return answer

    def is_published(self, root: bytes) -> bool:
        """Whether some member published `root` in some round."""
        with self._lock:
            if root not in self._roots and not _is_fresh(self._roots_at):
                self._history.advance()
                events = (event for event in self._history.events if event.name == "UpdatePublished")
                self._roots = frozenset(event.values["root"] for event in events)
                self._roots_at = time.monotonic()
            return root in self._roots


def _is_fresh(asked: float) -> bool:
    return time.monotonic() - asked < FRESH_SECONDS
