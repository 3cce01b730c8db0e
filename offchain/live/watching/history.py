"""The contracts' events in the order of the chain, kept right when the chain reorganises."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError

from offchain.chain.abi import Log
from offchain.chain.gateway import Deployed
from offchain.live.access.chain import Block, Chain
from offchain.live.access.portion import Portion
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import BeyondHeadError, NodeRefusedError, NodeUnavailableError, TooMuchAskedError
from offchain.live.watching.log_cache import LogCache

_log = logging.getLogger(__name__)

RANGE = 10_000  # blocks in one request, at first, where nobody says otherwise
CHECKPOINTS = 256
CONFIRMED = 64
"""Blocks after which logs go into a cache; it outlives a reorganisation of fewer."""
KEPT_AGAIN = 5_000
"""Blocks by which a cache may lie behind in a process that runs on; a day on Ethereum has 7,200."""
_RETRIES = 5
_FURTHEST = 64
"""Blocks, at most, by which a node's logs may end before its head."""


@dataclass(frozen=True)
class LoggedEvent:
    """One event and where it happened."""

    name: str
    values: Mapping[str, Any]  # addresses lower-case hex, integers int, bytes bytes
    contract: str
    block: int
    block_hash: str
    transaction: str
    index: int  # among the block's logs


@dataclass(frozen=True)
class News:
    """What a look at the chain brought.

    Attributes:
        head: The block up to which everything is known.
        rewound: Whether events that were known are gone; whoever computed from them computes again.
        events: The new ones.
    """

    head: Block
    rewound: bool
    events: Sequence[LoggedEvent]


class History:
    """All events of some contracts, read in ranges and again when a reorganisation took them back.

    Attributes:
        events: Those known, in the order of the chain.
        recalled: Whether some of them were not asked of a node now, but come from a cache.
    """

    def __init__(
        self, chain: Chain, contracts: Sequence[Deployed], first_block: int, cache: LogCache | None = None
    ) -> None:
        """Nothing is read before `advance`.

        Args:
            chain: Where.
            contracts: Whose events.
            first_block: From which on.
            cache: What earlier processes read, and where to keep what is read first; none for no such thing.
        """
        self._chain = chain
        self._contracts = {contract.address: contract for contract in contracts}
        self._first = first_block
        self._portion = Portion(chain.log_range or RANGE)
        self._cache = cache
        self._begun = False
        self._kept_to = first_block - 1  # where this process saw the cache end
        self._told = 0  # of the events
        self._rewound = False  # since events were told
        self._checkpoints: list[Block] = []
        self.events: list[LoggedEvent] = []
        self.recalled = False

    @property
    def head(self) -> Block | None:
        """The block up to which everything is known."""
        return self._checkpoints[-1] if self._checkpoints else None

    def advance(self) -> News:
        """Read on up to the latest block.

        Raises:
            NodeUnavailableError: When nodes do not answer, or contradict each other again and again.
        """
        kept = self._recall()
        for _ in range(_RETRIES):
            head = self._chain.head()
            self._rewind(head)
            start = self._checkpoints[-1].number + 1 if self._checkpoints else self._first
            if head.number < start:
                return self._tell(self._checkpoints[-1] if self._checkpoints else head)
            logs, reached = self._read(start, head.number)
            if reached < head.number:
                before = self._chain.block(reached)
                if reached < start or before is None:
                    break
                head = before
            confirmed = None if kept is None else self._confirmed(head, start)
            # Blocks may have been exchanged in between; a chain whose end stayed has not changed below.
            if self._chain.block(head.number) != head:
                continue
            self.events += self._events(logs)
            self._checkpoints = [*self._checkpoints, head][-CHECKPOINTS:]
            if confirmed and kept is not None and not self._rewound:
                self._keep(confirmed, kept + logs)
            elif kept is None:
                self._keep_on(head)
            return self._tell(head)
        raise NodeUnavailableError(
            "the node's blocks keep changing while they are read, or it has no logs of them; try another "
            "with --rpc"
        )

    def _tell(self, head: Block) -> News:
        """What was not told yet, be it of a look that failed halfway."""
        news = News(head, self._rewound, self.events[self._told :])
        self._rewound, self._told = False, len(self.events)
        return news

    def forget(self) -> None:
        """Read everything from nodes again: what was told before, or recalled, does not hold."""
        _log.warning("the logs do not agree with each other or the contracts; reading all again")
        if self._cache:
            self._cache.drop()
        self.events, self._checkpoints, self.recalled = [], [], False
        self._told, self._rewound, self._begun = 0, False, False

    def _recall(self) -> list[Log] | None:
        """Begin with what the cache holds, where the chain still has its last block.

        Returns:
            The logs in it; None when this is not the beginning, and there is nothing to keep.
        """
        if self._begun or self._cache is None:
            return None
        self._begun = True
        kept = self._cache.load()
        if kept is None:
            return []
        block = self._chain.block(kept.block)
        if block is None or block.hash != kept.hash:
            _log.info("the chain has another block %d than the cached logs; reading all again", kept.block)
            return []
        try:
            self.events = self._events(kept.logs)
        except NodeUnavailableError:
            return []
        self._checkpoints, self.recalled = [block], True
        self._kept_to = kept.block
        return kept.logs

    def _confirmed(self, head: Block, start: int) -> Block | None:
        """The block up to which logs are to be kept, when that is news to the cache."""
        number = head.number - CONFIRMED
        return self._chain.block(number) if number >= start else None

    def _keep(self, block: Block, logs: Sequence[Log]) -> None:
        """Put the logs up to `block` into the cache."""
        if self._cache:
            self._cache.save(block, [log for log in logs if _block(log) <= block.number])
            self._kept_to = block.number

    def _keep_on(self, head: Block) -> None:
        """Bring a cache that fell behind up to date; what is in it is not held in memory."""
        if self._cache is None or head.number - CONFIRMED - self._kept_to < KEPT_AGAIN:
            return
        kept, confirmed = self._cache.load(), self._chain.block(head.number - CONFIRMED)
        self._kept_to = head.number - CONFIRMED  # Whatever comes of it, it is not tried at every look.
        if kept is None or confirmed is None or kept.block >= confirmed.number:
            return
        last = self._chain.block(kept.block)
        if last is None or last.hash != kept.hash:
            return
        logs, reached = self._read(kept.block + 1, confirmed.number)
        if reached == confirmed.number and self._chain.block(reached) == confirmed:
            self._keep(confirmed, kept.logs + logs)

    def _rewind(self, head: Block) -> None:
        """Forget what is no longer on the chain, and that events went with it is to be told."""
        known, before = len(self.events), len(self._checkpoints)
        # Checkpoints above the head say nothing: the node may lag behind the one that was asked before.
        while reached := [point for point in self._checkpoints if point.number <= head.number]:
            if self._stands(reached[-1], head):
                break
            self._checkpoints = [point for point in self._checkpoints if point.number < reached[-1].number]
        if len(self._checkpoints) == before:
            return
        last = self._checkpoints[-1].number if self._checkpoints else self._first - 1
        self.events = [event for event in self.events if event.block <= last]
        gone = known - len(self.events)
        _log.warning("the chain reorganised from block %d on: %d events are read again", last + 1, gone)
        self._told = min(self._told, len(self.events))
        self._rewound |= gone > 0

    def _stands(self, checkpoint: Block, head: Block) -> bool:
        found = head if checkpoint.number == head.number else self._chain.block(checkpoint.number)
        return found is None or found.hash == checkpoint.hash

    def _read(self, first: int, last: int) -> tuple[list[Log], int]:
        """Logs of blocks `first` to `last`, or as far as the node has logs; and how far that is.

        Ranges shrink where the node finds them too large, and grow again.
        """
        found: list[Log] = []
        behind = 1
        while first <= last:
            end = min(last, first + self._portion.size - 1)
            asked = end - first + 1
            try:
                logs = self._chain.logs(list(self._contracts), first, end)
            except BeyondHeadError as error:
                if behind > _FURTHEST:
                    raise
                last, behind = end - behind, 2 * behind
                _log.info("%s; reading up to block %d", error, last)
                continue
            except NodeRefusedError as error:
                if asked == 1:
                    raise
                self._portion.refuse(asked, error.most if isinstance(error, TooMuchAskedError) else None)
                _log.info("the node refused %d blocks of logs (%s); asking for less", asked, error)
                continue
            found += logs
            first = end + 1
            self._portion.take(asked)
        return found, first - 1

    def _events(self, logs: Sequence[Log]) -> list[LoggedEvent]:
        return [event for log in logs if (event := self._event(log)) is not None]

    def _event(self, log: Log) -> LoggedEvent | None:
        address = log["address"].lower()
        try:
            decoded = self._contracts[address].interface.decode_events([log])
        except DecodingError as error:
            raise NodeUnavailableError(
                f"a log of {address} in block {_block(log)} is not of its form ({error}); the node errs, try "
                "another with --rpc"
            ) from error
        if not decoded:
            return None
        return LoggedEvent(
            name=decoded[0].name,
            values=decoded[0].values,
            contract=address,
            block=_block(log),
            block_hash=log["blockHash"],
            transaction=log["transactionHash"],
            index=int(log["logIndex"], 16),
        )


def _block(log: Log) -> int:
    return int(log["blockNumber"], 16)


def history_of(chain: Chain, deployment: LiveDeployment, cache: LogCache | None = None) -> History:
    """Return the events of round manager and pool: of both whoever reads, so that a cache serves all."""
    return History(chain, [deployment.manager, deployment.pool], deployment.first_block, cache)
