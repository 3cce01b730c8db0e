"""The runs that figures and tables share."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from ml.settings import POLICIES, ScorePolicy
from offchain.errors import ReproductionError
from offchain.reproduction.curves import Curves
from offchain.reproduction.names import CENTRAL, OURS, WITH_BLOCK, WITH_MAL, WITHOUT_MAL
from offchain.reproduction.papers_data import Section
from offchain.reproduction.study import ETAS, PROPOSER_STAKE, Study
from offchain.reproduction.trace import Trace
from offchain.settings import SimulationSettings
from offchain.simulation.baselines import ORACLE, WITHOUT_ATTACK, WITHOUT_DEFENCE
from offchain.simulation.cast import Cast

TraceOf = Callable[[SimulationSettings], Trace]
"""From a run's settings to its trace, already played."""


def attacked(
    study: Study,
    policy: ScorePolicy,
    eta: float,
    seed: int,
    stake: int | None = None,
    section: Section = "V",
) -> SimulationSettings:
    """Return a run in which a share η of the clients proposes badly and votes honestly.

    Args:
        study: The settings of all runs.
        policy: How voters judge.
        eta: η.
        seed: The run's.
        stake: γ_p in tokens; None for the section's own.
        section: What the clients learn from.

    Raises:
        ReproductionError: When the share of so few clients is nobody.
    """
    usual = PROPOSER_STAKE[section]
    run = study.run(
        section,
        seed,
        policy=policy,
        malicious=eta,
        proposer_stake=stake or usual,
        baselines=policy == "aggregate" and stake in (None, usual),
    )
    if not Cast.of(run).proposers:
        raise ReproductionError(
            f"of {run.clients} clients a share of {run.malicious:g} is nobody, and the paper's items need "
            f"somebody malicious: take {math.ceil(1 / (2 * eta))} clients or more"
        )
    return run


def traces(
    study: Study,
    trace_of: TraceOf,
    policy: ScorePolicy,
    eta: float,
    stake: int | None = None,
    section: Section = "V",
) -> list[Trace]:
    """Return the traces of `attacked`'s runs, one per seed."""
    return [trace_of(attacked(study, policy, eta, seed, stake, section)) for seed in range(study.seeds)]


def clean(study: Study, seed: int, section: Section = "V") -> SimulationSettings:
    """Return the run in which nobody attacks, with the Oracle beside it."""
    changes = dict(policy="aggregate", malicious=0.0, attack="none", baselines=True, oracle=True)
    return study.run(section, seed, **changes)


def comparison_runs(study: Study, section: Section = "V") -> list[SimulationSettings]:
    """Return the runs of Table III or IV and the figures beside it."""
    runs = [clean(study, seed, section) for seed in range(study.seeds)]
    return runs + policy_runs(study, (None,), section)


def policy_runs(
    study: Study, stakes: Sequence[int | None], section: Section = "V"
) -> list[SimulationSettings]:
    """Return the runs of both policies at every η and each of `stakes`."""
    return [
        attacked(study, policy, eta, seed, stake, section)
        for stake in stakes
        for eta in ETAS
        for policy in POLICIES
        for seed in range(study.seeds)
    ]


def learning_curves(study: Study, trace_of: TraceOf, section: Section = "V") -> Curves:
    """Return the scores of all learners at every η."""
    seeds = range(study.seeds)
    nobody = [trace_of(clean(study, seed, section)) for seed in seeds]
    curves = {}
    for eta in ETAS:
        average, verdict = (traces(study, trace_of, policy, eta, section=section) for policy in POLICIES)
        curves[eta, WITH_MAL] = np.stack([trace.scores[WITHOUT_DEFENCE] for trace in average])
        curves[eta, WITH_BLOCK] = np.stack([trace.scores["run"] for trace in average])
        curves[eta, OURS] = np.stack([trace.scores["run"] for trace in verdict])
        curves[eta, WITHOUT_MAL] = np.stack([trace.scores[WITHOUT_ATTACK] for trace in nobody])
        curves[eta, CENTRAL] = np.stack([trace.scores[ORACLE] for trace in nobody])
    return curves
