"""One round as a run remembers it: a line of rounds.jsonl."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

from offchain.settings import TOKEN

# Strings in JSON: base units do not fit the integers of most readers.
BaseUnits = Annotated[int, PlainSerializer(str, return_type=str, when_used="json")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GasUse(_Record):
    """Transactions of one kind and the gas that they used together."""

    transactions: int
    gas: int


Scores = dict[str, float]
"""A global model's scores on the test rows, by name."""


class Seconds(_Record):
    """Wall time of a round by part: what the round waited for it; the rest is in the total alone.

    Voters judge, and baselines learn, beside transactions: their parts are what they took longer.
    """

    train: float
    score: float
    chain: float
    baselines: float
    total: float


class RoundRecord(_Record):
    """Everything that happened in a round; clients by number, in seat order."""

    round: int
    proposers: tuple[int, ...]
    voters: tuple[int, ...]
    unable: tuple[int, ...]  # Seated without the tokens to stake.
    updates: dict[int, tuple[str, int]]  # Merkle root in hex and samples, by client.
    ballots: dict[int, int]  # Bit j accepts the update at seat position j; by client.
    included: int  # Bit j set when the update at position j entered the global model.
    included_clients: tuple[int, ...]
    excluded_clients: tuple[int, ...]
    void: bool
    model: str  # Id of the global model, hex.
    parameters: str  # Merkle root of the global model's canonical bytes, hex.
    removed: tuple[int, ...]
    balances: tuple[BaseUnits, ...]
    reward_pool: BaseUnits
    scores: Scores
    baselines: dict[str, Scores]
    gas: dict[str, GasUse]
    seconds: Seconds

    @property
    def gas_total(self) -> int:
        """Gas of all transactions of the round."""
        return sum(use.gas for use in self.gas.values())

    @property
    def transactions(self) -> int:
        """Transactions of the round."""
        return sum(use.transactions for use in self.gas.values())

    def mean_tokens(self, clients: frozenset[int]) -> float | None:
        """Mean balance of `clients`, whole tokens; None for no client."""
        if not clients:
            return None
        return sum(self.balances[client] for client in clients) / len(clients) / TOKEN


def gas_uses(gas: Mapping[str, list[int]]) -> dict[str, GasUse]:
    """Return an engine's gas by call, summed."""
    return {call: GasUse(transactions=len(used), gas=sum(used)) for call, used in sorted(gas.items()) if used}
