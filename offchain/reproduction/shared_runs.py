"""The runs that figures and tables share."""

from collections.abc import Callable, Sequence

import numpy as np

from ml.settings import POLICIES, ScorePolicy
from offchain.reproduction.curves import Curves
from offchain.reproduction.names import CENTRAL, OURS, WITH_BLOCK, WITH_MAL, WITHOUT_MAL
from offchain.reproduction.study import ETAS, PROPOSER_STAKE, Study, Subject
from offchain.reproduction.trace import Trace
from offchain.settings import SimulationSettings
from offchain.simulation.baselines import ORACLE, WITHOUT_ATTACK, WITHOUT_DEFENCE

TraceOf = Callable[[SimulationSettings], Trace]
"""From a run's settings to its trace, already played."""


def attacked(
    study: Study,
    policy: ScorePolicy,
    eta: float,
    seed: int,
    stake: int | None = None,
    subject: Subject = "loans",
) -> SimulationSettings:
    """Return a run in which a share η of the clients proposes badly and votes honestly.

    Args:
        study: The settings of all runs.
        policy: How voters judge.
        eta: η.
        seed: The run's.
        stake: γ_p in tokens; None for the subject's own.
        subject: What the clients learn from.
    """
    usual = PROPOSER_STAKE[subject]
    return study.run(
        subject,
        seed,
        policy=policy,
        malicious=eta,
        proposer_stake=stake or usual,
        baselines=policy == "aggregate" and stake in (None, usual),
    )


def traces(
    study: Study,
    trace_of: TraceOf,
    policy: ScorePolicy,
    eta: float,
    stake: int | None = None,
    subject: Subject = "loans",
) -> list[Trace]:
    """Return the traces of `attacked`'s runs, one per seed."""
    return [trace_of(attacked(study, policy, eta, seed, stake, subject)) for seed in range(study.seeds)]


def clean(study: Study, seed: int, subject: Subject = "loans") -> SimulationSettings:
    """Return the run in which nobody attacks, with the Oracle beside it."""
    changes = dict(policy="aggregate", malicious=0.0, attack="none", baselines=True, oracle=True)
    return study.run(subject, seed, **changes)


def comparison_runs(study: Study, subject: Subject = "loans") -> list[SimulationSettings]:
    """Return the runs of Table III or IV and the figures beside it."""
    runs = [clean(study, seed, subject) for seed in range(study.seeds)]
    return runs + policy_runs(study, (None,), subject)


def policy_runs(
    study: Study, stakes: Sequence[int | None], subject: Subject = "loans"
) -> list[SimulationSettings]:
    """Return the runs of both policies at every η and each of `stakes`."""
    return [
        attacked(study, policy, eta, seed, stake, subject)
        for stake in stakes
        for eta in ETAS
        for policy in POLICIES
        for seed in range(study.seeds)
    ]


def learning_curves(study: Study, trace_of: TraceOf, subject: Subject = "loans") -> Curves:
    """Return the scores of all learners at every η."""
    seeds = range(study.seeds)
    nobody = [trace_of(clean(study, seed, subject)) for seed in seeds]
    curves = {}
    for eta in ETAS:
        average, verdict = (traces(study, trace_of, policy, eta, subject=subject) for policy in POLICIES)
        curves[eta, WITH_MAL] = np.stack([trace.scores[WITHOUT_DEFENCE] for trace in average])
        curves[eta, WITH_BLOCK] = np.stack([trace.scores["run"] for trace in average])
        curves[eta, OURS] = np.stack([trace.scores["run"] for trace in verdict])
        curves[eta, WITHOUT_MAL] = np.stack([trace.scores[WITHOUT_ATTACK] for trace in nobody])
        curves[eta, CENTRAL] = np.stack([trace.scores[ORACLE] for trace in nobody])
    return curves
