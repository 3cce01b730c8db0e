"""A run in numbers: summary.json."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ml.data.text.usage import Usage
from offchain.settings import TOKEN, SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord, Scores

LAST_ROUNDS = 50
_PARTS = ("train", "score", "chain", "baselines")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tokens(_Part):
    """Whole tokens at the end; a mean is null when there is no such client."""

    honest_mean: float | None
    malicious_mean: float | None
    pool: float
    total: float


class Counts(_Part):
    """Counts by who it is about."""

    honest: int
    malicious: int


class Curve(_Part):
    """A score on the test rows: the mean of the last 50 rounds, or of the last third of fewer, and each."""

    mean: float
    by_round: list[float]


class _Learned(_Part):
    """Scores by name; accuracy and auroc, where there are any, under the first edition's names too."""

    accuracy: float | None = None
    accuracy_by_round: list[float] | None = None
    auroc: float | None = None
    auroc_by_round: list[float] | None = None
    scores: dict[str, Curve] = Field(default_factory=dict)


class Privacy(_Part):
    """What honest clients' noise keeps: what one client's updates together give away of any one row.

    Attributes:
        epsilon: ε that the client who sent most updates has spent, by the accountant.
        delta: δ beside it.
        target: ε that the noise is for.
        updates: Updates that it is for; a client sends no more.
    """

    epsilon: float
    delta: float
    target: float
    updates: int


class BaselineSummary(_Learned):
    """The same learning without votes."""


class Summary(_Learned):
    """The run in numbers.

    Attributes:
        config: The settings.
        data: What became of the rows of each file or folder that was read; none for built-in ones.
        rounds: Rounds played; fewer than asked for when fewer than four members were left.
        removed: Clients removed for good.
        included: Proposals that entered the global model, by proposer.
        excluded: Proposals that did not.
        refusals: Honest noes by the test that failed first, and by who proposed; a no is one voter's.
        privacy: What noise keeps; none where none was added.
        seconds: Wall time by part; `total` has also what is in no part.
        gas: Mean gas of a transaction by call, and of all transactions of a round as `round`.
        transactions: Transactions of all rounds.
    """

    config: SimulationSettings
    data: list[Usage] = []
    rounds: int
    baselines: dict[str, BaselineSummary]
    tokens: Tokens
    removed: Counts
    included: Counts
    excluded: Counts
    refusals: dict[str, Counts] = {}
    privacy: Privacy | None = None
    seconds: dict[str, float]
    gas: dict[str, float]
    transactions: int


def summarise(
    settings: SimulationSettings,
    cast: Cast,
    records: Sequence[RoundRecord],
    setup_seconds: float,
    usages: Sequence[Usage] = (),
) -> Summary:
    """Return the summary of a run's rounds, at least one.

    Args:
        settings: The run's.
        cast: Who is malicious.
        records: Every round, in order.
        setup_seconds: Time spent before the first round.
        usages: What became of the rows of each file.
    """
    return Summary(
        config=settings,
        data=list(usages),
        rounds=len(records),
        **_curves([record.scores for record in records]),
        baselines={
            name: BaselineSummary(**_curves([record.baselines[name] for record in records]))
            for name in records[0].baselines
        },
        tokens=_tokens(records[-1], cast),
        removed=_counts(records, lambda record: record.removed, cast.malicious),
        included=_counts(records, lambda record: record.included_clients, cast.proposers),
        excluded=_counts(records, lambda record: record.excluded_clients, cast.proposers),
        refusals=_refusals(records, cast, _insincere(settings, cast)),
        privacy=_privacy(settings, records[-1].epsilon),
        seconds=_seconds(records, setup_seconds),
        gas=_gas(records),
        transactions=sum(record.transactions for record in records),
    )


def tail_mean(values: Sequence[float]) -> float:
    """Return the mean of the last 50 values, or of the last third, rounded up, of fewer.

    >>> tail_mean([0.0, 0.5, 0.75, 1.0])
    0.875
    """
    length = LAST_ROUNDS if len(values) >= LAST_ROUNDS else -(-len(values) // 3)
    return sum(values[-length:]) / length


def _curves(scores: Sequence[Scores]) -> dict[str, Any]:
    # Rounds that another version played, before a run was resumed, may have fewer.
    names = [name for name in scores[-1] if all(name in of_round for of_round in scores)]
    found = {name: [of_round[name] for of_round in scores] for name in names}
    curves = {name: Curve(mean=tail_mean(values), by_round=values) for name, values in found.items()}
    former: dict[str, Any] = {}
    for name in ("accuracy", "auroc"):
        if name in curves:
            former |= {name: curves[name].mean, f"{name}_by_round": curves[name].by_round}
    return {"scores": curves, **former}


def _tokens(last: RoundRecord, cast: Cast) -> Tokens:
    everyone = frozenset(range(len(last.balances)))
    return Tokens(
        honest_mean=last.mean_tokens(everyone - cast.malicious),
        malicious_mean=last.mean_tokens(cast.malicious),
        pool=last.reward_pool / TOKEN,
        total=(sum(last.balances) + last.reward_pool + last.budget) / TOKEN,
    )


def _counts(
    records: Sequence[RoundRecord],
    chosen: Callable[[RoundRecord], Sequence[int]],
    malicious: frozenset[int],
) -> Counts:
    clients = [client for record in records for client in chosen(record)]
    bad = sum(client in malicious for client in clients)
    return Counts(honest=len(clients) - bad, malicious=bad)


def _insincere(settings: SimulationSettings, cast: Cast) -> frozenset[int]:
    """Who votes otherwise than it finds."""
    return cast.voters if settings.coalition_votes in (None, "honest") else cast.malicious


def _refusals(records: Sequence[RoundRecord], cast: Cast, insincere: frozenset[int]) -> dict[str, Counts]:
    found: dict[str, list[int]] = {}
    for record in records:
        refused = {} if record.judgement is None else record.judgement.refused
        for voter in refused.keys() - insincere:
            for position, why in refused[voter].items():
                counts = found.setdefault(why.test, [0, 0])
                counts[record.proposers[position] in cast.proposers] += 1
    return {test: Counts(honest=of[0], malicious=of[1]) for test, of in sorted(found.items())}


def _privacy(settings: SimulationSettings, spent: float | None) -> Privacy | None:
    privacy = settings.privacy_settings
    if privacy is None or spent is None:
        return None
    return Privacy(epsilon=spent, delta=privacy.delta, target=privacy.epsilon, updates=privacy.updates)


def _seconds(records: Sequence[RoundRecord], setup: float) -> dict[str, float]:
    parts = {part: sum(getattr(record.seconds, part) for record in records) for part in _PARTS}
    return parts | {"setup": setup, "total": setup + sum(record.seconds.total for record in records)}


def _gas(records: Sequence[RoundRecord]) -> dict[str, float]:
    means: dict[str, float] = {}
    for call in sorted({call for record in records for call in record.gas}):
        uses = [record.gas[call] for record in records if call in record.gas]
        means[call] = sum(use.gas for use in uses) / sum(use.transactions for use in uses)
    return means | {"round": sum(record.gas_total for record in records) / len(records)}
