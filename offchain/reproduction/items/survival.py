"""Survival: Figs. 10 and 11, rounds until malicious and honest clients are removed, at every γ_p."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ml.settings import Policy
from offchain.reproduction import statements as decide
from offchain.reproduction.figures import COLOURS, deviation, eta_panels, legend
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.shared_runs import NAMES, POLICIES, TraceOf, attacked
from offchain.reproduction.study import ETAS, STAKES, Study

COMPUTED = {
    8: {0.1: (300, 300), 0.2: (298, 300), 0.3: (274, 300), 0.4: (235, 300)},
    32: {0.1: (280, 300), 0.2: (191, 296), 0.3: (135, 288), 0.4: (97, 271)},
}
"""Mean survival (malicious, honest) by γ_p and η, computed without learning: 300 rounds, no voter errs,
rejected iff more than two of five proposers are malicious."""

_WHY = "voters of real data err, and p_rej is no step"


def figure_10(study: Study, trace_of: TraceOf) -> Result:
    """Mean rounds until a malicious client is removed."""
    result = _survival(study, trace_of, malicious=True)
    said = [_falls(policy, result.tables[""], ETAS) for policy in POLICIES]
    return Result(result.tables, result.figure, result.comparisons, said)


def figure_11(study: Study, trace_of: TraceOf) -> Result:
    """Mean rounds until an honest client is removed."""
    result = _survival(study, trace_of, malicious=False)
    table = result.tables[""]
    said = [_large_stake_hurts(policy, table) for policy in POLICIES]
    return Result(result.tables, result.figure, result.comparisons, said)


def _survival(study: Study, trace_of: TraceOf, malicious: bool) -> Result:
    table = pd.DataFrame(
        _row(study, trace_of, policy, eta, stake, malicious)
        for policy in POLICIES
        for eta in ETAS
        for stake in STAKES
    )
    return Result({"": table}, _figure(table), _beside_computed(study, table, malicious))


def _row(
    study: Study, trace_of: TraceOf, policy: Policy, eta: float, stake: int, malicious: bool
) -> dict[str, object]:
    runs = [trace_of(attacked(study, policy, eta, seed, stake)) for seed in range(study.seeds)]
    means = np.array([trace.mean_survival(malicious) for trace in runs])
    return dict(policy=policy, eta=eta, stake=stake, mean=means.mean(), sd=float(deviation(means)))


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


def _beside_computed(study: Study, table: pd.DataFrame, malicious: bool) -> list[Comparison]:
    if study.data is None or study.rounds != 300:
        return []
    rows = table[table.policy == "aggregate"].set_index(["stake", "eta"])
    means, spreads = rows["mean"].to_dict(), rows["sd"].to_dict()
    return [
        Comparison(
            f"aggregate, γ_p = {stake}, η = {eta:g}",
            f"{pair[not malicious]} (computed for m = 2; the paper gives curves)",
            means[stake, eta],
            spreads[stake, eta],
            pair[not malicious],
            _WHY,
        )
        for stake, by_eta in COMPUTED.items()
        for eta, pair in by_eta.items()
    ]


def _falls(policy: Policy, table: pd.DataFrame, etas: tuple[float, ...]) -> Statement:
    parts = []
    for eta in etas:
        rows = table[(table.policy == policy) & (table.eta == eta)]
        parts.append(decide.monotone(f"η = {eta:g}", dict(zip(rows.stake, rows["mean"], strict=True)), True))
    return decide.every(f"{policy}: malicious clients survive no longer with a larger γ_p", parts)


def _large_stake_hurts(policy: Policy, table: pd.DataFrame) -> Statement:
    rows = table[(table.policy == policy) & (table.eta == 0.4)].set_index("stake")["mean"]
    values = {f"γ = {stake}": float(rows[stake]) for stake in (32, 2)}
    return decide.below(
        f"{policy}: at η = 0.4 honest clients survive less long with γ_p = 32 than with 2", values
    )
