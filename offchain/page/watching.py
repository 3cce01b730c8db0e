"""A deployment's page, as it stands at the latest block."""

import time
from collections.abc import Callable, Mapping, Sequence

from offchain.live.access.chain import Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.rounds import RoundLog
from offchain.live.watching.status import Spent, Status, Watch
from offchain.page.from_chain import chain_story
from offchain.page.gas import GasBook
from offchain.page.story import Story

Scores = Callable[[], Mapping[int, Mapping[str, float]]]

EXPLORERS = {
    1: "https://etherscan.io/tx/",
    8453: "https://basescan.org/tx/",
    84532: "https://sepolia.basescan.org/tx/",
    11155111: "https://sepolia.etherscan.io/tx/",
}
"""Where people look a transaction up, by chain; a link is followed when somebody clicks it, never before."""


class PageWatch:
    """Tells a deployment's story again and again, reading only what is new.

    Args:
        chain: Where.
        deployment: Which.
        cache: Logs of earlier calls; none to read all.
        gas: Whether to ask for the receipt of every transaction.
        explorer: What a transaction's hash is appended to; None for what is known of the chain.
        scores: Tells those of the global models by round; asked again when a round has an outcome more.
        spending: Counts a member's spent ε from all rounds; none for nobody's.
    """

    def __init__(
        self,
        chain: Chain,
        deployment: LiveDeployment,
        cache: LogCache | None = None,
        gas: bool = False,
        explorer: str | None = None,
        scores: Scores = dict,
        spending: Callable[[Sequence[RoundLog]], Spent] | None = None,
    ) -> None:
        self._watch = Watch(chain, deployment, cache=cache, spending=spending, books=True)
        self._gas = GasBook(chain) if gas else None
        self._explorer = EXPLORERS.get(chain.chain_id, "") if explorer is None else explorer
        self._scores = scores
        self._scored: tuple[tuple[int, bytes], Mapping[int, Mapping[str, float]]] | None = None

    def tell(self) -> Story:
        """Return the story at the latest block.

        Raises:
            NodeUnavailableError: When nodes do not answer.
            LogsError: When the logs do not add up.
        """
        status = self._watch.look()
        return chain_story(
            status,
            self._watch.events,
            time.time(),
            self._explorer,
            self._gas.uses(self._watch.events) if self._gas else {},
            self._scores_of(status),
        )

    def _scores_of(self, status: Status) -> Mapping[int, Mapping[str, float]]:
        """Scores of all models; the lineage is verified again when another round has an outcome."""
        newest = sum(log.outcome is not None for log in status.rounds), status.view.model
        if self._scored is None or self._scored[0] != newest:
            self._scored = newest, self._scores()
        return self._scored[1]
