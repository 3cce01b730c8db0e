"""The paper's arrangement: a panel for each η, means with bands of one deviation."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

COLOURS = ("#2a6fbb", "#c8442f", "#3c8d5a", "#8a6bbf", "#d99a2b", "#8a8a8a")


def eta_panels(etas: Sequence[float], ylabel: str, xlabel: str = "round") -> tuple[Figure, dict[float, Axes]]:
    """Return a figure with a panel for each η, and the panels."""
    figure = Figure(figsize=(3.2 * len(etas) + 1.2, 3.4), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(etas), sharey=True))
    for letter, eta, axes in zip("abcdefgh", etas, panels, strict=False):
        axes.set_title(f"({letter}) η = {eta:g}", fontsize="medium")
        axes.set_xlabel(xlabel)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(ylabel)
    return figure, dict(zip(etas, panels, strict=True))


def band(axes: Axes, runs: NDArray[np.float64], label: str, colour: str, style: str = "-") -> None:
    """Draw the mean over runs [seeds, rounds] and a band of one standard deviation."""
    rounds = np.arange(1, runs.shape[1] + 1)
    mean, spread = runs.mean(axis=0), deviation(runs)
    axes.plot(rounds, mean, style, color=colour, label=label, linewidth=1.5)
    axes.fill_between(rounds, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)


def bands(panels: Mapping[float, Axes], curves: Mapping[tuple[float, str], NDArray[np.float64]]) -> None:
    """Draw curves [seeds, rounds] by (η, label), a colour for each label, with a legend in the last panel."""
    labels = list(dict.fromkeys(label for _, label in curves))
    for (eta, label), runs in curves.items():
        band(panels[eta], runs, label, COLOURS[labels.index(label) % len(COLOURS)])
    legend(panels)


def legend(panels: Mapping[float, Axes]) -> None:
    """Put the legend beside the last panel."""
    last = list(panels.values())[-1]
    last.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


def deviation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard deviation over the first axis, of a sample; 0 for a sample of one."""
    spread: NDArray[np.float64] = values.std(axis=0, ddof=1 if len(values) > 1 else 0)
    return spread


def rows(curves: Mapping[tuple[float, str], NDArray[np.float64]]) -> Iterator[dict[str, object]]:
    """Yield the rows of a CSV, one per η, label and round, from curves [seeds, rounds]."""
    for (eta, label), runs in curves.items():
        spread = deviation(runs)
        for index, mean in enumerate(runs.mean(axis=0)):
            yield dict(eta=eta, series=label, round=index + 1, mean=mean, sd=spread[index])
