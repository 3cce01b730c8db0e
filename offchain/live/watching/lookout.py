"""When to look at the chain again, and whether a look is needed at all.

A whole look asks a node some twenty things. While nothing is due, two tell that nothing has changed: the
latest block, and the contracts' logs since the last one, for they log every change; a third where blocks were
passed over in between, for the chain may be another.
"""

from collections.abc import Sequence

from offchain.live.access.chain import Block, Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import NodeRefusedError
from offchain.live.watching.view import View
from offchain.reference import Phase

LONGEST_SECONDS = 60.0
"""Between two looks, however long the phases are."""
_BUSY_SECONDS = 12.0
_LEAST_SECONDS = 1.0
_LOOKS_A_PHASE = 64
_WHOLE_EVERY = 32
"""Looks after which everything is read again: a node may leave out logs."""
_SAMPLE = 32  # blocks


class Lookout:
    """Says whether anything can have changed since a look after which nothing was due, and how long to wait.

    Args:
        chain: Where.
        deployment: Whose contracts.
        poll: Seconds between two looks; None for what blocks and phases ask for.
    """

    def __init__(self, chain: Chain, deployment: LiveDeployment, poll: float | None = None) -> None:
        p = deployment.parameters
        self._chain = chain
        self._contracts = [deployment.manager.address, deployment.pool.address]
        self._poll = poll
        self._shortest = min(p.propose_for, p.publish_for, p.vote_for, p.reveal_for)
        self._sample: Block | None = None
        self._seconds = _LEAST_SECONDS  # of a block
        self._looks = 0
        self._until: int | None = None
        self.head: Block | None = None

    def rest(self, view: View, until: Sequence[int | None] = ()) -> None:
        """Take in that nothing was due.

        Args:
            view: What was looked at.
            until: Unix times of the chain at which something may be due without a log; past ones are none.
        """
        self.head = view.block
        times = [view.deadline(phase) for phase in Phase]
        self._until = min((at for at in (*times, *until) if at is not None and at > view.now), default=None)
        self._looks = 0
        self._measure(view.block)

    def is_quiet(self) -> bool:
        """Whether all is as it was when nothing was due; `head` is the latest block then.

        Raises:
            NodeUnavailableError: When no node answers.
        """
        before, self.head = self.head, None
        self._looks += 1
        if before is None or self._looks >= _WHOLE_EVERY:
            return False
        try:
            head, logged = self._chain.since(before, self._contracts)
        except NodeRefusedError:
            return False
        due = self._until is not None and head.time >= self._until
        if logged or due or not self._follows(head, before):
            return False
        self.head = head if head.number > before.number else before
        self._measure(head)
        return True

    def pause(self) -> float:
        """Seconds to wait before the next look."""
        if self._poll is not None:
            return self._poll
        if self.head is None:
            return min(max(self._seconds, _LEAST_SECONDS), _BUSY_SECONDS)
        seconds = min(self._shortest / _LOOKS_A_PHASE, LONGEST_SECONDS)
        if self._until is not None:
            seconds = min(seconds, self._until - self.head.time)
        return max(seconds, self._seconds, _LEAST_SECONDS)

    def _follows(self, head: Block, before: Block) -> bool:
        """Whether a block is on the chain that ends with another one; a node may lag behind."""
        if head.number == before.number + 1:
            return head.parent == before.hash
        if head.number <= before.number:
            return head.number < before.number or head == before
        return self._chain.block(before.number) == before

    def _measure(self, head: Block) -> None:
        """Keep up the average time of a block."""
        if self._poll is None and self._sample is None:
            self._sample = self._chain.block(max(0, head.number - _SAMPLE))
        if self._sample is not None and head.number > self._sample.number:
            seconds = (head.time - self._sample.time) / (head.number - self._sample.number)
            self._seconds = min(seconds, LONGEST_SECONDS)
