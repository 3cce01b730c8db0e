"""The paper's arrangement: a panel for each η, means with bands of one deviation."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ml.settings import ScorePolicy
from offchain.reproduction.curves import Curves, deviation, rows
from offchain.reproduction.names import COLOUR_OF, NAMES

COLOURS = ("#2a6fbb", "#c8442f", "#3c8d5a", "#8a6bbf", "#d99a2b", "#8a8a8a")

Panels = Mapping[tuple[str, float], Axes]
"""Panels by row and η."""


def eta_panels(
    etas: Sequence[float], ylabel: str, rows: Sequence[str] = ("",), xlabel: str = "round"
) -> tuple[Figure, Panels]:
    """Return a figure with a row of panels for each of `rows`, one panel for each η, and the panels."""
    figure = Figure(figsize=(3.2 * len(etas) + 1.4, 3.1 * len(rows) + 0.3), layout="constrained")
    grid = figure.subplots(len(rows), len(etas), sharey="row", sharex=True, squeeze=False)
    for row, axes_of_row in zip(rows, grid, strict=True):
        for letter, eta, axes in zip("abcdefgh", etas, axes_of_row, strict=False):
            axes.set_title(f"({letter}) η = {eta:g}" + (f", {row}" if row else ""), fontsize="medium")
            axes.spines[["top", "right"]].set_visible(False)
        axes_of_row[0].set_ylabel(ylabel)
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
        if xlabel == "round":
            axes.xaxis.get_major_locator().set_params(integer=True)
    panels = {(row, eta): grid[i, j] for i, row in enumerate(rows) for j, eta in enumerate(etas)}
    return figure, panels


def band(axes: Axes, runs: NDArray[np.float64], label: str, colour: str) -> None:
    """Draw the mean over runs [seeds, rounds] and a band of one standard deviation."""
    rounds = np.arange(1, runs.shape[1] + 1)
    mean, spread = runs.mean(axis=0), deviation(runs)
    axes.plot(rounds, mean, color=colour, label=label, linewidth=1.5)
    axes.fill_between(rounds, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)


def bands(panels: Panels, curves: Curves, row: str = "") -> None:
    """Draw curves in a row of panels, a colour for each label, with a legend beside the last one."""
    labels = list(dict.fromkeys(label for _, label in curves))
    for (eta, label), runs in curves.items():
        colour = COLOUR_OF.get(label, COLOURS[labels.index(label) % len(COLOURS)])
        band(panels[row, eta], runs, label, colour)
    legend([axes for (name, _), axes in panels.items() if name == row][-1])


def by_policy(
    etas: Sequence[float], ylabel: str, curves_of: Mapping[ScorePolicy, Curves]
) -> tuple[Figure, pd.DataFrame]:
    """Return a figure with a row of panels for each policy, and the CSV's rows with the policy beside."""
    figure, panels = eta_panels(etas, ylabel, [NAMES[policy] for policy in curves_of])
    tables = []
    for policy, curves in curves_of.items():
        bands(panels, curves, NAMES[policy])
        tables.append(pd.DataFrame(rows(curves)).assign(policy=policy))
    return figure, pd.concat(tables, ignore_index=True)


def legend(axes: Axes) -> None:
    """Put a legend beside a panel."""
    axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
