"""Theorem 1's numbers as a figure, as comparisons with the paper, and as sentences that they decide."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from offchain.reproduction import statements as decide
from offchain.reproduction.figures import COLOURS, legend
from offchain.reproduction.items import theorem1_exact as exact
from offchain.reproduction.items.theorem1_simulation import CLIENTS
from offchain.reproduction.result import Comparison, Statement

Tables = Mapping[str, pd.DataFrame]
"""As `theorem1.compute` names them."""

STANDARD_ERRORS = 4
"""By how many a simulated mean may be off: there are some hundred, each off by more once in 16,000."""

TIES = {2: 0.60, 4: 0.31, 6: 0.14}
"""What a dishonest vote earns by committee size at η = 0.4 when rejecting wins ties; independent clients,
computed apart from this project."""

_CLOSE = 1e-9


def figure(tables: Tables) -> Figure:
    """Draw a dishonest voter's gain by committee size, and an honest voter's by its error."""
    result = Figure(figsize=(11, 4), layout="constrained")
    by_size, by_error = result.subplots(1, 2)
    _draw_gains(by_size, tables[""])
    _draw_drift(by_error, tables["break_even"])
    for axes in (by_size, by_error):
        axes.axhline(0, color="black", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    legend(by_error)
    return result


def _draw_gains(axes: Axes, table: pd.DataFrame) -> None:
    for colour, (_, rows) in zip(COLOURS, table.groupby("eta"), strict=False):
        axes.plot(rows.seats, rows.gain, color=colour, linewidth=1.5)
        axes.errorbar(
            rows.seats, rows.gain_simulated, rows.gain_standard_error, fmt="o", color=colour, markersize=4
        )
    axes.axhline(exact.INTEGRAL, color="#8a8a8a", linestyle="--", linewidth=1)
    axes.annotate("Eq. 4", (table.seats.max(), exact.INTEGRAL), va="bottom", ha="right", color="#8a8a8a")
    axes.set_xlabel(f"voters, drawn from {CLIENTS} clients; dots: simulated")
    axes.set_ylabel("gain of a dishonest vote / γ_v")


def _draw_drift(axes: Axes, table: pd.DataFrame) -> None:
    errors = np.linspace(0, 0.5, 51)
    for colour, row in zip(COLOURS, _largest(table), strict=False):
        beside = exact.from_clients(CLIENTS - 1, round(row.eta * CLIENTS), row.seats - 1)
        values = [exact.drift(beside, row.seats, float(error), honest=True) for error in errors]
        axes.plot(errors, values, color=colour, linewidth=1.5, label=f"η = {row.eta:g}")
        axes.plot(row.formula, 0, "o", color=colour, markersize=4)
    axes.set_xlabel(f"q: error of honest voters, {table.seats.max()} of {CLIENTS}; dots: q*")
    axes.set_ylabel("gain of an honest vote / γ_v")


def comparisons(tables: Tables) -> list[Comparison]:
    """Return Eq. 4 beside what committees give, and q* and the tie rule beside values computed elsewhere."""
    eq_4, printed = exact.INTEGRAL, "−0.307"
    quadrature = float(tables["integral"].value[0])
    return [
        Comparison("return of a dishonest vote / γ_v, Eq. 4", printed, quadrature, paper_mean=eq_4),
        *[
            Comparison(
                quantity=f"the same, {row.seats} voters of {CLIENTS}, η = {row.eta:g}, exact",
                paper=printed,
                ours=row.gain,
                paper_mean=eq_4,
                why="Eq. 4 takes a committee's malicious share as uniform on [0, 1]; here it stays below ½",
            )
            for row in _largest(tables[""])
        ],
        *_break_even_comparisons(tables["break_even"]),
        *_tie_comparisons(tables["ties"]),
    ]


def _break_even_comparisons(table: pd.DataFrame) -> list[Comparison]:
    return [
        Comparison(
            quantity=f"break-even error q of honest votes, {row.seats} voters of {CLIENTS}, η = {row.eta:g}",
            paper=f"not given; q* = {row.formula:.3f}",
            ours=row.of_clients,
            paper_mean=row.formula,
            why="q* holds for independent clients, as the same root finder confirms; these are drawn from 50",
        )
        for row in _largest(table)
    ]


def _tie_comparisons(table: pd.DataFrame) -> list[Comparison]:
    rows = _rows(table[(table.rule != "refund") & (table.eta == max(table.eta))])
    return [
        Comparison(
            quantity=f"gain of a dishonest vote / γ_v if rejecting won ties, {row.seats} voters, "
            f"clients {row.clients}, η = {row.eta:g}",
            paper=f"not given; computed apart {TIES[row.seats]:+.2f}",
            ours=row.gain,
            paper_mean=TIES[row.seats],
            why="" if row.clients == "independent" else "computed apart for independent clients",
        )
        for row in rows
    ]


def statements(tables: Tables) -> list[Statement]:
    """Decide what Theorem 1 claims, what it leaves out, and whether the simulations agree."""
    committees = tables[""]
    return [
        *_about_eq_4(tables),
        *_about_committees(committees),
        *_about_noise(tables["break_even"]),
        *_about_ties(tables["ties"]),
        _simulated("The chance of a malicious majority", committees.majority_off),
        _simulated("The gain of a dishonest vote", committees.gain_off),
        _simulated("The gain of a dishonest vote under either tie rule", tables["ties"].off),
        _simulated("The gain of votes of either kind when honest voters err", tables["drift"].off),
    ]


def _about_eq_4(tables: Tables) -> list[Statement]:
    gap = float(tables["integral"].value.diff().abs().max())
    largest = _largest(tables[""])
    return [
        decide.at_most("Eq. 4 by quadrature is −(1 + ln ½)·γ_v", gap, _CLOSE),
        Statement(
            f"With {largest[0].seats} voters of {CLIENTS} malicious ones are no majority, and a dishonest "
            "vote costs the whole stake, at every η",
            all(row.majority == 0 and row.gain == -1 for row in largest),
            f"gains {_listed(row.gain for row in largest)}",
        ),
    ]


def _about_committees(table: pd.DataFrame) -> list[Statement]:
    possible = table[table.majority > 0]
    gained = possible.opportunist_gain
    return [
        decide.at_most(
            "A voter that is always dishonest loses on average, at every size and η (Theorem 1)",
            float(table.gain.max()),
            -_CLOSE,
        ),
        decide.every(
            "The larger the committee, the more a dishonest vote costs, at every η",
            [
                decide.monotone(f"η = {eta:g}", dict(zip(rows.seats, rows.gain, strict=True)), falling=True)
                for eta, rows in table.groupby("eta")
            ],
        ),
        Statement(
            "A coalition that is dishonest only when it sees its majority gains wherever one can occur, "
            "which Theorem 1 does not rule out",
            bool((gained > 0).all()),
            f"{gained.min():.2g} to {gained.max():.2g} γ_v a vote in {len(possible)} of {len(table)} cases",
        ),
    ]


def _about_noise(table: pd.DataFrame) -> list[Statement]:
    gap = float((table.independent - table.formula).abs().max())
    shift = table.of_clients - table.formula
    return [
        decide.at_most(
            "Of independent clients, honest voters win on average iff q < q* = 1 − 1 / (2(1 − η))",
            gap,
            _CLOSE,
        ),
        Statement(
            f"Drawn from {CLIENTS} clients, honest voters can afford more errors than q*, everywhere",
            bool((shift > 0).all()),
            f"more by {shift.min():.4f} to {shift.max():.4f}",
        ),
    ]


def _about_ties(table: pd.DataFrame) -> list[Statement]:
    refunds, wins = table[table.rule == "refund"], table[table.rule != "refund"]
    of_two, of_more = refunds[refunds.seats == 2].gain, refunds[refunds.seats > 2].gain
    at_most_malicious = wins[wins.eta == max(wins.eta)]
    return [
        Statement(
            "With stakes returned on a tie a dishonest vote never pays: it costs among 4 or 6 voters, and is "
            "free among 2",
            bool((of_more < 0).all() and (of_two == 0).all()),
            f"{of_more.min():.3f} to {of_more.max():.3f} γ_v among 4 or 6",
        ),
        Statement(
            f"If rejecting won ties, dishonest votes would pay in such committees at η = {max(wins.eta):g}",
            bool((at_most_malicious.gain > 0).all()),
            _listed(at_most_malicious.gain),
        ),
    ]


def _simulated(what: str, off: Iterable[float]) -> Statement:
    text = f"{what} is that of games settled by the reference, within {STANDARD_ERRORS} standard errors"
    return decide.at_most(text, float(max(off)), STANDARD_ERRORS)


def _largest(table: pd.DataFrame) -> list[SimpleNamespace]:
    return _rows(table[table.seats == max(table.seats)])


def _rows(table: pd.DataFrame) -> list[SimpleNamespace]:
    return [SimpleNamespace(**{str(k): v for k, v in row.items()}) for row in table.to_dict("records")]


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
