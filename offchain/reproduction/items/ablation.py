"""What moves plain averaging under attack: settings that the paper does not name, changed one by one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from offchain.reproduction import statements as decide
from offchain.reproduction.curves import deviation
from offchain.reproduction.names import WITH_MAL
from offchain.reproduction.paper import TABLE_3
from offchain.reproduction.result import Comparison, Result
from offchain.reproduction.shared_runs import TraceOf
from offchain.reproduction.study import Study
from offchain.settings import SimulationSettings
from offchain.simulation.baselines import WITHOUT_ATTACK, WITHOUT_DEFENCE

ETA = 0.4

VARIATIONS: Mapping[str, Mapping[str, Any]] = {
    "as fixed: 1 local epoch, λ = 0.001": {},
    "3 local epochs": dict(local_epochs=3),
    "10 local epochs": dict(local_epochs=10),
    "batches of 32": dict(batch=32),
    "no divergence term": dict(divergence_weight=0.0),
    "λ = 1": dict(divergence_weight=1.0),
    "λ = 10": dict(divergence_weight=10.0),
}
"""Settings that differ from the study's, by name."""


def runs(study: Study) -> list[SimulationSettings]:
    """Return a run of `aggregate` with its baselines for each variation and seed, at η = 0.4."""
    return [_run(study, changes, seed) for changes in VARIATIONS.values() for seed in range(study.seeds)]


def compute(study: Study, trace_of: TraceOf) -> Result:
    """Scores after convergence of plain averaging, attacked and not, and of the paper's rule."""
    table = pd.DataFrame(_row(study, trace_of, name, changes) for name, changes in VARIATIONS.items())
    mean, spread = TABLE_3[WITH_MAL][ETA]
    compared = [
        Comparison(
            f"{WITH_MAL}, η = {ETA:g}: {row['variation']}",
            f"{mean:.3f} ± {spread:.3f}",
            float(row["with_mal"]),
            float(row["with_mal_sd"]),
            mean,
        )
        for row in table.to_dict("records")
    ]
    worst = float(table.with_mal.min())
    said = [
        decide.at_most("some variation brings plain averaging as low as the paper's mean", worst, mean),
        decide.more(
            "with every variation the paper's rule ends above plain averaging",
            float((table.with_block - table.with_mal).min()),
            0,
        ),
    ]
    return Result({"": table}, comparisons=compared if study.is_of_papers_data("V") else (), statements=said)


def _run(study: Study, changes: Mapping[str, Any], seed: int) -> SimulationSettings:
    return study.run("V", seed, policy="aggregate", malicious=ETA, **{"baselines": True, **changes})


def _row(study: Study, trace_of: TraceOf, name: str, changes: Mapping[str, Any]) -> dict[str, object]:
    traces = [trace_of(_run(study, changes, seed)) for seed in range(study.seeds)]
    row: dict[str, object] = dict(variation=name)
    learners = dict(with_mal=WITHOUT_DEFENCE, with_block="run", without_mal=WITHOUT_ATTACK)
    for column, learner in learners.items():
        finals = np.array([trace.final(learner) for trace in traces])
        row |= {column: float(finals.mean()), f"{column}_sd": float(deviation(finals))}
    return row
