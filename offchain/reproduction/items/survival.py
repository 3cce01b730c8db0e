"""Survival: Figs. 10 and 11, rounds until malicious and honest clients are removed, at every γ_p."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ml.settings import POLICIES, ScorePolicy
from offchain.reproduction import statements as decide
from offchain.reproduction.curves import deviation
from offchain.reproduction.figures import COLOURS, eta_panels, legend
from offchain.reproduction.names import NAMES
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.shared_runs import TraceOf, traces
from offchain.reproduction.study import ETAS, STAKES, Study

Survival = Mapping[tuple[ScorePolicy, float, int], NDArray[np.float64]]
"""Mean rounds until removal [seeds], by policy, η and γ_p."""


def figure_10(study: Study, trace_of: TraceOf) -> Result:
    """Mean rounds until a malicious client is removed."""
    survival = _survival(study, trace_of, malicious=True)
    table = _table(survival)
    said = [_falls(policy, table) for policy in POLICIES]
    return Result({"": table}, _figure(table), _compared(survival, "below 0 (curves)"), said)


def figure_11(study: Study, trace_of: TraceOf) -> Result:
    """Mean rounds until an honest client is removed."""
    survival = _survival(study, trace_of, malicious=False)
    table = _table(survival)
    said = [_large_stake_hurts(policy, table) for policy in POLICIES]
    return Result({"": table}, _figure(table), _compared(survival, "below 0 at high η (curves)"), said)


def _survival(study: Study, trace_of: TraceOf, malicious: bool) -> Survival:
    return {
        (policy, eta, stake): np.array(
            [trace.mean_survival(malicious) for trace in traces(study, trace_of, policy, eta, stake)]
        )
        for policy in POLICIES
        for eta in ETAS
        for stake in STAKES
    }


def _table(survival: Survival) -> pd.DataFrame:
    return pd.DataFrame(
        dict(policy=policy, eta=eta, stake=stake, mean=means.mean(), sd=float(deviation(means)))
        for (policy, eta, stake), means in survival.items()
    )


def _compared(survival: Survival, paper: str) -> list[Comparison]:
    return [
        Comparison.of_seeds(
            f"rounds survived, γ_p = 32 less γ_p = 2, aggregate, η = {eta:g}",
            paper,
            survival["aggregate", eta, 32] - survival["aggregate", eta, 2],
        )
        for eta in ETAS
    ]


def _figure(table: pd.DataFrame) -> Figure:
    figure, panels = eta_panels(ETAS, "rounds until removal", xlabel="γ_p")
    for policy, colour in zip(POLICIES, COLOURS, strict=False):
        for eta in ETAS:
            rows = table[(table.policy == policy) & (table.eta == eta)]
            axes = panels["", eta]
            axes.errorbar(
                rows.stake, rows["mean"], rows.sd, color=colour, marker="o", capsize=3, label=NAMES[policy]
            )
            axes.set_xscale("log", base=2)
            axes.set_xticks(STAKES, [str(stake) for stake in STAKES])
    legend(panels["", ETAS[-1]])
    return figure


def _falls(policy: ScorePolicy, table: pd.DataFrame) -> Statement:
    parts = []
    for eta in ETAS:
        rows = table[(table.policy == policy) & (table.eta == eta)]
        parts.append(decide.monotone(f"η = {eta:g}", dict(zip(rows.stake, rows["mean"], strict=True)), True))
    return decide.every(f"{policy}: malicious clients survive no longer with a larger γ_p", parts)


def _large_stake_hurts(policy: ScorePolicy, table: pd.DataFrame) -> Statement:
    rows = table[(table.policy == policy) & (table.eta == 0.4)].set_index("stake")["mean"]
    values = {f"γ = {stake}": float(rows[stake]) for stake in (32, 2)}
    return decide.below(
        f"{policy}: at η = 0.4 honest clients survive less long with γ_p = 32 than with 2", values
    )
