"""Scores: Figs. 5 and 13 (learning curves), Tables III and IV (after convergence), Fig. 12 (by stake)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.settings import POLICIES, ScorePolicy
from offchain.reproduction import statements as decide
from offchain.reproduction.curves import Curves, deviation, rows
from offchain.reproduction.figures import bands, by_policy, eta_panels
from offchain.reproduction.names import CENTRAL, OURS, WITH_BLOCK, WITH_MAL, WITHOUT_MAL
from offchain.reproduction.paper import TABLE_3, TABLE_4, WHY_3
from offchain.reproduction.papers_data import Section
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.shared_runs import TraceOf, clean, learning_curves, traces
from offchain.reproduction.study import ETAS, STAKES, Study
from offchain.runs.summary import tail_mean
from offchain.simulation.baselines import WITHOUT_ATTACK

Finals = Mapping[tuple[float, str], NDArray[np.float64]]
"""Scores after convergence [seeds], by η and learner."""

Reported = Mapping[str, Mapping[float, tuple[float, float]]]
"""The paper's mean and standard deviation, by learner and η."""

BLOCK_LOSS, VERDICT_LOSS = 0.03, 0.01
"""How far below learning without attack `aggregate` and `verdict` may end."""

INSENSITIVE = 0.02
"""How far apart Fig. 12's curves may end: the paper's own standard deviations there."""

CONVERGED = 0.95
"""Of the final score without attack: where a curve of Fig. 12 counts as converged."""


def figure_5(study: Study, trace_of: TraceOf) -> Result:
    """Learning curves of all learners on loans, a panel for each η."""
    return _curves(study, trace_of, "V")


def figure_13(study: Study, trace_of: TraceOf) -> Result:
    """Learning curves of all learners on images, likewise."""
    return _curves(study, trace_of, "VI")


def _curves(study: Study, trace_of: TraceOf, section: Section) -> Result:
    curves = learning_curves(study, trace_of, section)
    figure, panels = eta_panels(ETAS, f"test {study.metric(section)}")
    bands(panels, curves)
    panels["", ETAS[0]].set_ylim(top=1.02)  # A band of one deviation may reach where no score can.
    finals = after_convergence(curves)
    compared = compare(finals, *_reported(study, section))
    return Result({"": pd.DataFrame(rows(curves))}, figure, compared, [_block_beats_mal(finals)])


def table_3(study: Study, trace_of: TraceOf) -> Result:
    """Scores on loans after convergence: mean of the last 50 rounds, by learner and η."""
    return _table(study, trace_of, "V")


def table_4(study: Study, trace_of: TraceOf) -> Result:
    """Mean AUROC on images after convergence, likewise."""
    return _table(study, trace_of, "VI")


def _table(study: Study, trace_of: TraceOf, section: Section) -> Result:
    finals = after_convergence(learning_curves(study, trace_of, section))
    compared = compare(finals, *_reported(study, section))
    return Result({"": finals_table(finals)}, None, compared, table_statements(finals))


def _reported(study: Study, section: Section) -> tuple[Reported, Mapping[tuple[str, float], str]]:
    """Return what the paper reports of the study's data, and reasons; nothing of data that it did not use."""
    if not study.is_of_papers_data(section):
        return {}, {}
    if section == "VI":
        return TABLE_4, {}
    return (TABLE_3, WHY_3) if study.metric(section) == "accuracy" else ({}, {})


def figure_12(study: Study, trace_of: TraceOf) -> Result:
    """Learning curves at every γ_p, a panel for each η and policy."""
    curves = {policy: _by_stake(study, trace_of, policy) for policy in POLICIES}
    figure, table = by_policy(ETAS, f"test {study.metric('V')}", curves)
    nobody = [trace_of(clean(study, seed)).final(WITHOUT_ATTACK) for seed in range(study.seeds)]
    goal = CONVERGED * float(np.mean(nobody))
    said = [statement for p in POLICIES for statement in _stake_statements(p, curves[p], goal)]
    compared = [
        Comparison(
            f"final scores, best γ_p less worst, aggregate, η = {eta:g}",
            "not sensitive (curves)",
            _gap(after_convergence(curves["aggregate"]), eta),
        )
        for eta in ETAS
    ]
    return Result({"": table}, figure, compared, said)


def after_convergence(curves: Curves) -> Finals:
    """Return the mean of the last 50 rounds, or of the last third of fewer, of every seed."""
    return {key: np.array([tail_mean(list(run)) for run in runs]) for key, runs in curves.items()}


def finals_table(finals: Finals) -> pd.DataFrame:
    """Return rows of η, learner, mean, sd and the 95 % interval over the seeds."""
    table = []
    for (eta, learner), values in finals.items():
        low, high = decide.interval(values)
        spread = float(deviation(values))
        table.append(dict(eta=eta, learner=learner, mean=values.mean(), sd=spread, low=low, high=high))
    return pd.DataFrame(table)


def compare(finals: Finals, paper: Reported, why: Mapping[tuple[str, float], str]) -> list[Comparison]:
    """Return the paper's table beside ours, cell by cell."""
    return [
        Comparison.of_seeds(
            f"{learner}, η = {eta:g}",
            f"{mean:.3f} ± {spread:.3f}",
            finals[eta, learner],
            mean,
            why.get((learner, eta), ""),
        )
        for learner, cells in paper.items()
        for eta, (mean, spread) in cells.items()
    ]


def table_statements(finals: Finals) -> list[Statement]:
    """Decide what Table III, or IV, shows."""
    mean = {key: float(values.mean()) for key, values in finals.items()}
    learners = (WITH_MAL, WITH_BLOCK, OURS)
    return [
        *(
            decide.every(
                f"w/ mal < aggregate < verdict ≤ w/o mal at η = {eta:g}",
                [
                    decide.below("the order", {name: mean[eta, name] for name in learners}),
                    decide.at_most("verdict ≤ w/o mal", mean[eta, OURS], mean[eta, WITHOUT_MAL]),
                ],
            )
            for eta in (0.3, 0.4)
        ),
        decide.apart(
            "the 95 % intervals of w/ mal and aggregate do not overlap at η = 0.4",
            finals[0.4, WITH_MAL],
            finals[0.4, WITH_BLOCK],
        ),
        _near("aggregate", WITH_BLOCK, mean, BLOCK_LOSS),
        _near("verdict", OURS, mean, VERDICT_LOSS),
        decide.monotone(
            "w/ mal never gains with η", {eta: mean[eta, WITH_MAL] for eta in ETAS}, falling=True
        ),
        _block_beats_mal(finals),
        decide.at_most(
            "the Oracle lies below w/o mal, as in the paper", mean[0.1, CENTRAL], mean[0.1, WITHOUT_MAL]
        ),
    ]


def _near(policy: str, learner: str, mean: Mapping[tuple[float, str], float], loss: float) -> Statement:
    parts = [
        decide.at_most(f"η = {eta:g}", mean[eta, WITHOUT_MAL] - mean[eta, learner], loss) for eta in ETAS
    ]
    return decide.every(f"{policy} ends within {loss} of w/o mal at every η", parts)


def _block_beats_mal(finals: Finals) -> Statement:
    parts = [
        decide.below(
            f"η = {eta:g}", {name: float(finals[eta, name].mean()) for name in (WITH_MAL, WITH_BLOCK)}
        )
        for eta in ETAS
    ]
    return decide.every("w/ block outperforms w/ mal at every η", parts)


def _by_stake(study: Study, trace_of: TraceOf, policy: ScorePolicy) -> Curves:
    return {
        (eta, f"γ = {stake}"): np.stack(
            [trace.scores["run"] for trace in traces(study, trace_of, policy, eta, stake)]
        )
        for eta in ETAS
        for stake in STAKES
    }


def _stake_statements(policy: ScorePolicy, curves: Curves, goal: float) -> list[Statement]:
    finals = after_convergence(curves)
    gaps = [decide.at_most(f"η = {eta:g}", _gap(finals, eta), INSENSITIVE) for eta in ETAS]
    slow = {
        eta: _rounds_to(goal, np.concatenate([r for (at, _), r in curves.items() if at == eta]))
        for eta in ETAS
    }
    return [
        decide.every(f"{policy}: the final score does not depend on γ_p by more than {INSENSITIVE}", gaps),
        decide.monotone(f"{policy}: the rounds to {CONVERGED:.0%} of w/o mal's score grow with η", slow),
    ]


def _gap(finals: Finals, eta: float) -> float:
    ends = [float(values.mean()) for (at, _), values in finals.items() if at == eta]
    return max(ends) - min(ends)


def _rounds_to(goal: float, runs: NDArray[np.float64]) -> float:
    reached = runs >= goal
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, runs.shape[1])
    return float(first.mean())
