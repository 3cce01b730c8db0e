"""What a deployment's transactions used, from their receipts, by round and by call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from offchain.live.access.chain import Chain
from offchain.live.watching.history import LoggedEvent

CALLS = {
    "RoundOpened": "openRound",
    "Reanchored": "reanchor",
    "SeedDrawn": "draw",
    "UpdateCommitted": "propose",
    "UpdatePublished": "publish",
    "BallotCommitted": "commitBallot",
    "BallotRevealed": "revealBallot",
    "MarkedAbsent": "markAbsent",
    "RoundFinalised": "finalise",
}
"""What logs an event; a relay's batch counts as one transaction of its kind."""
_WEI = Decimal(10) ** 18
_AT_ONCE = 500


@dataclass(frozen=True)
class Use:
    """Transactions, their gas, and the native coin that was paid for it, a rollup's data fee left out."""

    transactions: int = 0
    gas: int = 0
    coin: Decimal = Decimal(0)

    def __add__(self, other: "Use") -> "Use":
        """Return both together."""
        return Use(self.transactions + other.transactions, self.gas + other.gas, self.coin + other.coin)


class GasBook:
    """Receipts of transactions, each asked for once.

    Args:
        chain: Where.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._known: dict[str, Use] = {}

    def uses(self, events: Iterable[LoggedEvent]) -> dict[int, dict[str, Use]]:
        """Return what was used by round and call; a transaction whose receipt no node has counts nothing.

        Raises:
            NodeUnavailableError: When nodes do not answer.
        """
        calls = {
            event.transaction: (event.values["round"], CALLS[event.name])
            for event in events
            if event.name in CALLS
        }
        self._learn([digest for digest in calls if digest not in self._known])
        found: dict[int, dict[str, Use]] = {}
        for digest, (round_, call) in calls.items():
            of_round = found.setdefault(round_, {})
            of_round[call] = of_round.get(call, Use()) + self._known.get(digest, Use())
        return found

    def _learn(self, digests: list[str]) -> None:
        for start in range(0, len(digests), _AT_ONCE):
            some = digests[start : start + _AT_ONCE]
            for digest, receipt in zip(some, self._chain.receipts(some), strict=True):
                if receipt is not None:
                    self._known[digest] = _use(receipt)


def _use(receipt: Mapping[str, str]) -> Use:
    gas = int(receipt["gasUsed"], 16)
    return Use(1, gas, gas * int(receipt.get("effectiveGasPrice", "0x0"), 16) / _WEI)
