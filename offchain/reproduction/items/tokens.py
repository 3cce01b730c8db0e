"""Tokens: Figs. 6 and 14 (honest and malicious), Figs. 8 and 9 (malicious, honest, at every γ_p)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ml.settings import Policy
from offchain.reproduction import statements as decide
from offchain.reproduction.figures import Curves, bands, deviation, eta_panels, rows
from offchain.reproduction.paper import FIRST_SLASH
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.shared_runs import NAMES, POLICIES, TraceOf, attacked, stacked
from offchain.reproduction.study import ETAS, PROPOSER_STAKE, STAKES, Study, Subject
from offchain.reproduction.trace import Trace

GROUPS = {"honest": False, "malicious": True}

_CHANCE = (
    "it takes three malicious updates of five, drawn in one round of 209: chance decides; a run without one "
    "counts with its last round"
)

SHOWN = 0.3
"""The η of Fig. 14."""


def figure_6(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of honest and malicious clients at γ_p = 8, a panel for each η and policy."""
    figure, panels = eta_panels(ETAS, "mean tokens", [NAMES[policy] for policy in POLICIES])
    tables, said = [], []
    for policy in POLICIES:
        curves = _by_group(study, trace_of, policy, ETAS, "loans")
        bands(panels, curves, NAMES[policy])
        tables.append(pd.DataFrame(rows(curves)).assign(policy=policy))
        said += _up_and_down(policy, curves)
    first = np.array([_first_slash(t) for t in _traces(study, trace_of, "aggregate", ETAS[0])], dtype=float)
    compared = Comparison(
        "round of the first rejection, aggregate, η = 0.1",
        "about 32",
        float(first.mean()),
        float(deviation(first)),
        FIRST_SLASH,
        _CHANCE if study.data else "",
    )
    return Result({"": pd.concat(tables, ignore_index=True)}, figure, [compared], said)


def figure_14(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of honest and malicious clients on images, η = 0.3, γ_p = 32, a panel for each policy."""
    figure, panels = eta_panels((SHOWN,), "mean tokens", [NAMES[policy] for policy in POLICIES])
    tables, said = [], []
    for policy in POLICIES:
        curves = _by_group(study, trace_of, policy, (SHOWN,), "images")
        bands(panels, curves, NAMES[policy])
        tables.append(pd.DataFrame(rows(curves)).assign(policy=policy))
        poor = np.mean([_cannot_stake(t) for t in _traces(study, trace_of, policy, SHOWN, subject="images")])
        said.append(
            decide.at_least(
                f"{policy}: nine in ten malicious clients cannot stake at the end", float(poor), 0.9
            )
        )
    return Result({"": pd.concat(tables, ignore_index=True)}, figure, statements=said)


def figure_8(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of malicious clients at every γ_p."""
    return _by_stake(study, trace_of, "malicious", falling=True)


def figure_9(study: Study, trace_of: TraceOf) -> Result:
    """Mean tokens of honest clients at every γ_p."""
    return _by_stake(study, trace_of, "honest", falling=False)


def _by_stake(study: Study, trace_of: TraceOf, group: str, falling: bool) -> Result:
    figure, panels = eta_panels(ETAS, f"mean tokens, {group}", [NAMES[policy] for policy in POLICIES])
    tables, said = [], []
    for policy in POLICIES:
        curves = {
            (eta, f"γ = {stake}"): stacked(
                [t.tokens(GROUPS[group]) for t in _traces(study, trace_of, policy, eta, stake)]
            )
            for eta in ETAS
            for stake in STAKES
        }
        bands(panels, curves, NAMES[policy])
        tables.append(pd.DataFrame(rows(curves)).assign(policy=policy))
        said.append(_faster(policy, group, curves, falling))
    return Result({"": pd.concat(tables, ignore_index=True)}, figure, statements=said)


def _by_group(
    study: Study, trace_of: TraceOf, policy: Policy, etas: Sequence[float], subject: Subject
) -> Curves:
    return {
        (eta, group): stacked([t.tokens(bad) for t in _traces(study, trace_of, policy, eta, subject=subject)])
        for eta in etas
        for group, bad in GROUPS.items()
    }


def _cannot_stake(trace: Trace) -> float:
    stake = float(trace.settings.proposer_stake)
    return float((trace.balances[-1, trace.malicious] < stake).mean())


def _up_and_down(policy: Policy, curves: Curves) -> list[Statement]:
    start = 64.0
    up = [decide.at_least(f"η = {eta:g}", curves[eta, "honest"][:, -1].mean(), start) for eta in ETAS]
    down = [decide.at_most(f"η = {eta:g}", curves[eta, "malicious"][:, -1].mean(), start) for eta in ETAS]
    ruined = [
        decide.at_most(f"η = {eta:g}", curves[eta, "malicious"][:, -1].mean(), PROPOSER_STAKE["loans"])
        for eta in ETAS
    ]
    return [
        decide.every(f"{policy}: honest clients end with more tokens than they began with", up),
        decide.every(f"{policy}: malicious clients end with fewer", down),
        decide.every(f"{policy}: on average malicious clients end below the stake", ruined),
    ]


def _faster(policy: Policy, group: str, curves: Curves, falling: bool) -> Statement:
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


def _traces(
    study: Study,
    trace_of: TraceOf,
    policy: Policy,
    eta: float,
    stake: int | None = None,
    subject: Subject = "loans",
) -> list[Trace]:
    return [trace_of(attacked(study, policy, eta, seed, stake, subject)) for seed in range(study.seeds)]


def _first_slash(trace: Trace) -> int:
    rejected = (trace.proposals > 0) & (trace.included == 0)
    return int(rejected.argmax()) + 1 if rejected.any() else len(rejected)
