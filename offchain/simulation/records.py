"""One round as a run remembers it: a line of rounds.jsonl."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from ml.judging.findings import Finding
from ml.judging.policy import Policy, name_of
from offchain.learning.refusals import Refusal, refusals
from offchain.settings import TOKEN

# Strings in JSON: base units do not fit the integers of most readers.
BaseUnits = Annotated[int, PlainSerializer(str, return_type=str, when_used="json")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GasUse(_Record):
    """Transactions of one kind and the gas that they used together."""

    transactions: int
    gas: int


Score = Annotated[float, BeforeValidator(lambda value: nan if value is None else value)]
"""A score; undefined ones are null in JSON."""
Scores = dict[str, Score]
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


class Judgement(_Record):
    """What honest voters find by one policy, and why not more.

    Attributes:
        schema_version: Of this part of the record.
        policy: Its name.
        ballots: Bit j accepts the update at seat position j; by client.
        refused: By client, then by seat position.
        scorings: How many models the voters tried on their rows, all together; none in older runs.
    """

    schema_version: Literal[1] = 1
    policy: str
    ballots: dict[int, int]
    refused: dict[int, dict[int, Refusal]]
    scorings: int | None = None


class RoundRecord(_Record):
    """Everything that happened in a round; clients by number, in seat order."""

    round: int
    proposers: tuple[int, ...]
    voters: tuple[int, ...]
    unable: tuple[int, ...]  # Seated without the tokens to stake.
    updates: dict[int, tuple[str, int]]  # Merkle root in hex and samples, by client.
    ballots: dict[int, int]  # As they were cast: bit j accepts the update at position j; by client.
    judgement: Judgement | None = None  # What they would be if everyone were honest; none before 0.3.
    shadow: Judgement | None = None  # Beside it, by a policy that decides nothing.
    included: int  # Bit j set when the update at position j entered the global model.
    included_clients: tuple[int, ...]
    excluded_clients: tuple[int, ...]
    agreed: tuple[int, ...] | None = None  # Whose updates a defence with a memory took for good.
    void: bool
    model: str  # Id of the global model, hex.
    parameters: str  # Merkle root of the global model's canonical bytes, hex.
    removed: tuple[int, ...]
    balances: tuple[BaseUnits, ...]
    reward_pool: BaseUnits
    budget: BaseUnits = 0  # Of which attendance is rewarded.
    scores: Scores
    epsilon: float | None = (
        None  # Most that updates of one honest client gave away so far; null without noise.
    )
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


def judgement(policy: str | Policy, voters: Sequence[int], findings: Sequence[Finding]) -> Judgement:
    """Return what `voters` found by a policy, as a record has it."""
    found = dict(zip(voters, findings, strict=True))
    return Judgement(
        policy=name_of(policy),
        ballots={voter: each.ballot for voter, each in found.items()},
        refused={voter: refusals(each) for voter, each in found.items() if each.reasons},
        scorings=sum(each.scorings for each in findings),
    )
