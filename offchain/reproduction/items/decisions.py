"""Decisions: Fig. 7, award and slash rounds, and p_rej(k): how often k malicious proposals are rejected."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.settings import POLICIES, ScorePolicy
from offchain.reproduction import statements as decide
from offchain.reproduction.curves import rows
from offchain.reproduction.figures import COLOURS, Panels, bands, eta_panels, legend
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.shared_runs import TraceOf, traces
from offchain.reproduction.study import ETAS, Study
from offchain.reproduction.trace import Trace

SHOWN = (0.1, 0.4)
"""The η of Fig. 7."""

NOTED = {0: 0.0, 1: 0.0, 2: 0.07, 3: 0.76, 4: 0.83, 5: 1.0}
"""p_rej(k) in an earlier trial on the same loans: one local epoch, η = 0.4, the paper's rule."""


def figure_7(study: Study, trace_of: TraceOf) -> Result:
    """Award and slash rounds of the paper's rule at γ_p = 8: one by one for a seed, and cumulative."""
    figure, panels = eta_panels(SHOWN, "rounds", ["by round, first seed", "cumulative"])
    curves = {}
    for eta in ETAS:
        of_seeds = traces(study, trace_of, "aggregate", eta)
        for name in ("award", "slash"):
            curves[eta, name] = np.stack([np.cumsum(_decided(trace, name)) for trace in of_seeds])
        if eta in SHOWN:
            _mark(panels, eta, of_seeds[0])
    bands(panels, {key: runs for key, runs in curves.items() if key[0] in SHOWN}, "cumulative")
    slashes = {eta: float(curves[eta, "slash"][:, -1].mean()) for eta in ETAS}
    awards = {eta: float(curves[eta, "award"][:, -1].mean()) for eta in ETAS}
    mostly = [decide.more(f"η = {eta:g}", awards[eta], slashes[eta]) for eta in ETAS]
    said = [
        decide.every("most rounds are award rounds at every η", mostly),
        decide.monotone("slash rounds grow with η", slashes),
    ]
    compared = [
        Comparison.of_seeds(
            f"share of the decided rounds that award, aggregate, η = {eta:g}",
            "most (bars)",
            curves[eta, "award"][:, -1] / (curves[eta, "award"] + curves[eta, "slash"])[:, -1],
        )
        for eta in SHOWN
    ]
    return Result({"": pd.DataFrame(rows(curves))}, figure, compared, said)


def rejection(study: Study, trace_of: TraceOf) -> Result:
    """p_rej(k) under the paper's rule, and what `verdict` excludes, by the number of malicious proposals."""
    table = []
    for eta in ETAS:
        for policy in POLICIES:
            table += _by_k(policy, eta, traces(study, trace_of, policy, eta))
    frame = pd.DataFrame(table)
    worst = frame[(frame.policy == "aggregate") & (frame.eta == ETAS[-1])]
    rounds = zip(worst.k, worst.rejected_rounds, worst.rounds, strict=True)
    p_rej = {int(k): float(rejected) / float(played) for k, rejected, played in rounds}
    compared = [
        Comparison(
            f"p_rej({k}), aggregate, η = 0.4",
            f"{NOTED[k]:.2f} (an earlier trial; the paper gives none)",
            p_rej[k],
            paper_mean=NOTED[k],
        )
        for k in sorted(p_rej.keys() & NOTED)
    ]
    said = [decide.monotone("aggregate: p_rej grows with k at η = 0.4", p_rej), *_spared_and_caught(frame)]
    return Result({"": frame}, comparisons=compared if study.is_of_papers_data("V") else (), statements=said)


def _decided(trace: Trace, name: str) -> NDArray[np.float64]:
    happened = trace.included > 0 if name == "award" else (trace.proposals > 0) & (trace.included == 0)
    return happened.astype(np.float64)


def _mark(panels: Panels, eta: float, trace: Trace) -> None:
    axes = panels["by round, first seed", eta]
    for height, (name, colour) in enumerate(zip(("slash", "award"), (COLOURS[1], COLOURS[0]), strict=True)):
        at = np.flatnonzero(_decided(trace, name)) + 1
        axes.vlines(at, height, height + 0.9, color=colour, linewidth=0.8, label=name)
    axes.set_yticks([])
    if eta == SHOWN[-1]:
        legend(axes)


def _by_k(policy: ScorePolicy, eta: float, of_seeds: list[Trace]) -> list[dict[str, object]]:
    # Rounds in which every seated proposer could stake: with fewer, k of them is another question.
    seats = max(int(trace.proposals.max()) for trace in of_seeds)
    whole = [(trace, trace.proposals == seats) for trace in of_seeds]
    result: list[dict[str, object]] = []
    for k in range(seats + 1):
        chosen = [(trace, full & (trace.bad == k)) for trace, full in whole]
        rounds = sum(int(mask.sum()) for _, mask in chosen)
        if rounds:
            honest_in = sum(int((t.included - t.bad_included)[mask].sum()) for t, mask in chosen)
            result.append(
                dict(
                    policy=policy,
                    eta=eta,
                    k=k,
                    rounds=rounds,
                    rejected_rounds=sum(int((t.included[mask] == 0).sum()) for t, mask in chosen),
                    malicious=rounds * k,
                    malicious_excluded=rounds * k
                    - sum(int(t.bad_included[mask].sum()) for t, mask in chosen),
                    honest=rounds * (seats - k),
                    honest_excluded=rounds * (seats - k) - honest_in,
                )
            )
    return result


def _spared_and_caught(frame: pd.DataFrame) -> list[Statement]:
    ours = frame[frame.policy == "verdict"].sum(numeric_only=True)
    lost = float(ours.honest_excluded / ours.honest)
    caught = float(ours.malicious_excluded / ours.malicious)
    return [
        decide.less("verdict: fewer than 1 in 200 honest updates are excluded", lost, 1 / 200),
        decide.at_least("verdict: at least 9 in 10 malicious updates are excluded", caught, 0.9),
    ]
