"""The contracts' events in the order of the chain, kept right when the chain reorganises."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offchain.chain.abi import Log
from offchain.chain.gateway import Deployed
from offchain.live.access.chain import Block, Chain
from offchain.live.errors import NodeRefusedError, NodeUnavailableError

_log = logging.getLogger(__name__)

RANGE = 10_000  # blocks in one request, at first
CHECKPOINTS = 256
_RETRIES = 5


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
    """

    def __init__(self, chain: Chain, contracts: Sequence[Deployed], first_block: int) -> None:
        """Nothing is read before `advance`.

        Args:
            chain: Where.
            contracts: Whose events.
            first_block: From which on.
        """
        self._chain = chain
        self._contracts = {contract.address: contract for contract in contracts}
        self._first = first_block
        self._range = RANGE
        self._checkpoints: list[Block] = []
        self.events: list[LoggedEvent] = []

    @property
    def head(self) -> Block | None:
        """The block up to which everything is known."""
        return self._checkpoints[-1] if self._checkpoints else None

    def advance(self) -> News:
        """Read on up to the latest block.

        Raises:
            NodeUnavailableError: When nodes do not answer, or contradict each other again and again.
        """
        rewound = False
        for _ in range(_RETRIES):
            head = self._chain.head()
            rewound |= self._rewind(head)
            known = len(self.events)
            start = self._checkpoints[-1].number + 1 if self._checkpoints else self._first
            if head.number < start:
                return News(self._checkpoints[-1] if self._checkpoints else head, rewound, [])
            fresh = self._read(start, head.number)
            # Blocks may have been exchanged in between; a chain whose end stayed has not changed below.
            if self._chain.block(head.number) != head:
                continue
            self.events += fresh
            self._checkpoints = [*self._checkpoints, head][-CHECKPOINTS:]
            return News(head, rewound, self.events[known:])
        raise NodeUnavailableError(
            "the node's blocks keep changing while they are read; try another with --rpc"
        )

    def _rewind(self, head: Block) -> bool:
        """Forget what is no longer on the chain; whether events went with it."""
        known, before = len(self.events), len(self._checkpoints)
        # Checkpoints above the head say nothing: the node may lag behind the one that was asked before.
        while reached := [point for point in self._checkpoints if point.number <= head.number]:
            if self._stands(reached[-1], head):
                break
            self._checkpoints = [point for point in self._checkpoints if point.number < reached[-1].number]
        if len(self._checkpoints) == before:
            return False
        last = self._checkpoints[-1].number if self._checkpoints else self._first - 1
        self.events = [event for event in self.events if event.block <= last]
        gone = known - len(self.events)
        _log.warning("the chain reorganised after block %d: %d events are read again", last, gone)
        return gone > 0

    def _stands(self, checkpoint: Block, head: Block) -> bool:
        found = head if checkpoint.number == head.number else self._chain.block(checkpoint.number)
        return found is None or found.hash == checkpoint.hash

    def _read(self, first: int, last: int) -> list[LoggedEvent]:
        """Events of blocks `first` to `last`, in ranges that shrink where the node finds them too large."""
        events: list[LoggedEvent] = []
        while first <= last:
            end = min(last, first + self._range - 1)
            try:
                logs = self._chain.logs(list(self._contracts), first, end)
            except NodeRefusedError as error:
                if end == first:
                    raise
                self._range = max(1, (end - first + 1) // 2)
                _log.info("the node refused %d blocks of logs (%s); asking for less", end - first + 1, error)
                continue
            events += [event for log in logs if (event := self._event(log)) is not None]
            first = end + 1
        return events

    def _event(self, log: Log) -> LoggedEvent | None:
        address = log["address"].lower()
        decoded = self._contracts[address].interface.decode_events([log])
        if not decoded:
            return None
        return LoggedEvent(
            name=decoded[0].name,
            values=decoded[0].values,
            contract=address,
            block=int(log["blockNumber"], 16),
            block_hash=log["blockHash"],
            transaction=log["transactionHash"],
            index=int(log["logIndex"], 16),
        )
