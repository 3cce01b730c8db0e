"""A run as the figures need it: scores, balances and decisions by round."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offchain.runs.scores import score_of
from offchain.runs.summary import tail_mean
from offchain.settings import TOKEN, SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trace:
    """A run's rounds as arrays; a run that ended early, for want of members, stays as it was.

    Attributes:
        settings: The run's.
        scores: By name of the learner, "run" and the baselines, the study's metric [rounds].
        balances: Whole tokens [rounds, clients].
        malicious: Who proposes badly [clients].
        bad: Malicious proposals of a round [rounds].
        proposals: All proposals of a round [rounds].
        included: Proposals that entered the global model [rounds].
        bad_included: Malicious ones among them [rounds].
        survival: Rounds until a client was removed, all rounds when it never was [clients].
    """

    settings: SimulationSettings
    scores: dict[str, Array]
    balances: Array
    malicious: NDArray[np.bool_]
    bad: NDArray[np.int64]
    proposals: NDArray[np.int64]
    included: NDArray[np.int64]
    bad_included: NDArray[np.int64]
    survival: NDArray[np.int64]

    @classmethod
    def of(cls, settings: SimulationSettings, records: Sequence[RoundRecord]) -> "Trace":
        """Return the trace of a run's records, at least one."""
        attackers = Cast.of(settings).proposers
        pad = settings.rounds - len(records)
        proposed = [{*r.included_clients, *r.excluded_clients} for r in records]
        balances = np.array([r.balances for r in records], dtype=np.float64) / TOKEN
        return cls(
            settings=settings,
            scores=_scores(settings, records),
            balances=np.pad(balances, ((0, pad), (0, 0)), mode="edge"),
            malicious=np.isin(np.arange(settings.clients), list(attackers)),
            bad=_counts(pad, [len(clients & attackers) for clients in proposed]),
            proposals=_counts(pad, [len(clients) for clients in proposed]),
            included=_counts(pad, [len(r.included_clients) for r in records]),
            bad_included=_counts(pad, [len(attackers & set(r.included_clients)) for r in records]),
            survival=_survival(settings, records),
        )

    def final(self, learner: str) -> float:
        """Score after convergence: the mean of the last 50 rounds, or of the last third of fewer."""
        return tail_mean(list(self.scores[learner]))

    def tokens(self, malicious: bool) -> Array:
        """Mean balance of the malicious or the honest clients, tokens [rounds]."""
        means: Array = self.balances[:, self.malicious == malicious].mean(axis=1)
        return means

    def mean_survival(self, malicious: bool) -> float:
        """Mean rounds until removal of the malicious or the honest clients."""
        return float(self.survival[self.malicious == malicious].mean())


def _scores(settings: SimulationSettings, records: Sequence[RoundRecord]) -> dict[str, Array]:
    names = ["run", *records[0].baselines]
    curves = {
        name: [score_of(r.scores if name == "run" else r.baselines[name], settings.metric) for r in records]
        for name in names
    }
    pad = settings.rounds - len(records)
    return {name: np.pad(np.array(curve), (0, pad), mode="edge") for name, curve in curves.items()}


def _counts(pad: int, counts: Sequence[int]) -> NDArray[np.int64]:
    return np.pad(np.array(counts, dtype=np.int64), (0, pad))


def _survival(settings: SimulationSettings, records: Sequence[RoundRecord]) -> NDArray[np.int64]:
    survival = np.full(settings.clients, settings.rounds, dtype=np.int64)
    for record in records:
        survival[list(record.removed)] = record.round
    return survival
