"""Tokens: Figs. 6 and 14 (honest and malicious), Figs. 8 and 9 (malicious, honest, at every γ_p)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.settings import POLICIES, ScorePolicy
from offchain.reproduction import statements as decide
from offchain.reproduction.curves import Curves
from offchain.reproduction.figures import by_policy
from offchain.reproduction.paper import FIRST_SLASH
from offchain.reproduction.papers_data import Section
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.shared_runs import TraceOf, traces
from offchain.reproduction.study import ETAS, STAKES, Study
from offchain.reproduction.trace import Trace

GROUPS = {"honest": False, "malicious": True}

_CHANCE = (
    "it takes three malicious updates of five, drawn in one round of 209: chance decides; a run without one "
    "counts with its last round"
)

SHOWN = 0.3
"""The η of Fig. 14."""

ALMOST_ALL = 0.9


def figure_6(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of honest and malicious clients at γ_p = 8, a panel for each η and policy."""
    curves = {policy: _by_group(study, trace_of, policy, ETAS, "V") for policy in POLICIES}
    figure, table = by_policy(ETAS, "mean tokens", curves)
    first = np.array([_first_slash(t) for t in traces(study, trace_of, "aggregate", ETAS[0])], dtype=float)
    compared = Comparison.of_seeds(
        "round of the first rejection, aggregate, η = 0.1",
        "about 32",
        first,
        FIRST_SLASH,
        _CHANCE if study.is_of_papers_data("V") else "",
    )
    said = [statement for policy in POLICIES for statement in _up_and_down(study, trace_of, policy)]
    return Result({"": table}, figure, [compared], said)


def figure_14(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of honest and malicious clients on images, η = 0.3, γ_p = 32, a panel for each policy."""
    curves = {policy: _by_group(study, trace_of, policy, (SHOWN,), "VI") for policy in POLICIES}
    figure, table = by_policy((SHOWN,), "mean tokens", curves)
    poor = {
        policy: np.array([_cannot_stake(t) for t in traces(study, trace_of, policy, SHOWN, section="VI")])
        for policy in POLICIES
    }
    said = [
        decide.at_least(
            f"{policy}: nine in ten malicious clients cannot stake at the end",
            float(poor[policy].mean()),
            ALMOST_ALL,
        )
        for policy in POLICIES
    ]
    quantity = f"share of malicious clients that cannot stake at the end, aggregate, η = {SHOWN:g}"
    return Result({"": table}, figure, [Comparison.of_seeds(quantity, "almost all", poor["aggregate"])], said)


def figure_8(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of malicious clients at every γ_p."""
    return _by_stake(study, trace_of, "malicious", falling=True)


def figure_9(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of honest clients at every γ_p."""
    return _by_stake(study, trace_of, "honest", falling=False)


def _by_stake(study: Study, trace_of: TraceOf, group: str, falling: bool) -> Result:
    curves: dict[ScorePolicy, Curves] = {
        policy: {
            (eta, f"γ = {stake}"): _mean_tokens(traces(study, trace_of, policy, eta, stake), group)
            for eta in ETAS
            for stake in STAKES
        }
        for policy in POLICIES
    }
    figure, table = by_policy(ETAS, f"mean tokens, {group}", curves)
    compared = [
        Comparison.of_seeds(
            f"tokens of {group} clients over the run, γ_p = 32 less γ_p = 2, aggregate, η = {eta:g}",
            "below 0 (curves)" if falling else "above 0 (curves)",
            (curves["aggregate"][eta, "γ = 32"] - curves["aggregate"][eta, "γ = 2"]).mean(axis=1),
        )
        for eta in ETAS
    ]
    said = [_faster(policy, group, curves[policy], falling) for policy in POLICIES]
    return Result({"": table}, figure, compared, said)


def _by_group(
    study: Study, trace_of: TraceOf, policy: ScorePolicy, etas: Sequence[float], section: Section
) -> Curves:
    return {
        (eta, group): _mean_tokens(traces(study, trace_of, policy, eta, section=section), group)
        for eta in etas
        for group in GROUPS
    }


def _mean_tokens(of_seeds: Sequence[Trace], group: str) -> NDArray[np.float64]:
    return np.stack([trace.tokens(GROUPS[group]) for trace in of_seeds])


def _cannot_stake(trace: Trace) -> float:
    stake = float(trace.settings.proposer_stake)
    return float((trace.balances[-1, trace.malicious] < stake).mean())


def _up_and_down(study: Study, trace_of: TraceOf, policy: ScorePolicy) -> list[Statement]:
    of_eta = {eta: traces(study, trace_of, policy, eta) for eta in ETAS}
    settings = of_eta[ETAS[0]][0].settings
    start, stake = float(settings.initial_balance), float(settings.proposer_stake)
    left = {
        (eta, group): float(_mean_tokens(of_seeds, group)[:, -1].mean())
        for eta, of_seeds in of_eta.items()
        for group in GROUPS
    }
    up = [decide.more(f"η = {eta:g}", left[eta, "honest"], start) for eta in ETAS]
    down = [decide.less(f"η = {eta:g}", left[eta, "malicious"], start) for eta in ETAS]
    ruined = [decide.less(f"η = {eta:g}", left[eta, "malicious"], stake) for eta in ETAS]
    return [
        decide.every(f"{policy}: honest clients end with more tokens than they began with", up),
        decide.every(f"{policy}: malicious clients end with fewer", down),
        decide.every(f"{policy}: on average malicious clients end below the stake", ruined),
    ]


def _faster(policy: ScorePolicy, group: str, curves: Curves, falling: bool) -> Statement:
    # The mean over all rounds: a curve that moves earlier has moved more by then.
    parts = [
        decide.monotone(
            f"η = {eta:g}",
            {f"γ = {stake}": float(curves[eta, f"γ = {stake}"].mean()) for stake in STAKES},
            falling,
        )
        for eta in ETAS
    ]
    change = "fall" if falling else "rise"
    return decide.every(f"{policy}: tokens of {group} clients {change} faster with every larger γ_p", parts)


def _first_slash(trace: Trace) -> int:
    rejected = (trace.proposals > 0) & (trace.included == 0)
    return int(rejected.argmax()) + 1 if rejected.any() else len(rejected)
