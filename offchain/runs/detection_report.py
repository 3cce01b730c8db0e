"""Detection against honest rejection as files: curves, rates, a picture."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ml.private_files import write_whole
from offchain.picture_file import write_picture
from offchain.simulation.detection import HONEST, Detection

_AXIS_FROM = 1e-3  # Of honest rejection, on a logarithmic axis.


def write_detection(folder: Path, found: Detection, described: dict[str, Any]) -> list[str]:
    """Write what voters of few rows can tell apart; the names of the files.

    Args:
        folder: Where; made when missing.
        found: Curves and rates.
        described: What they follow from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    curves, rates = (pd.DataFrame(asdict(each) for each in part) for part in (found.curves, found.rates))
    write_whole(folder / "curves.csv", curves.to_csv(index=False, float_format="%.6g"))
    write_whole(folder / "rates.csv", rates.to_csv(index=False, float_format="%.6g"))
    content = {
        "schema": "stakefed.detection/1",
        "follows_from": described,
        "curves": [asdict(each) for each in found.curves],
        "rates": [asdict(each) for each in found.rates],
    }
    write_whole(folder / "detection.json", json.dumps(content, indent=1) + "\n")
    write_picture(folder / "detection.png", picture(curves))
    write_whole(folder / "detection.md", _page(rates))
    return ["curves.csv", "rates.csv", "detection.json", "detection.png", "detection.md"]


def picture(curves: pd.DataFrame) -> Figure:
    """Return detection against honest rejection: a row a kind, a column a test, a line a number of rows."""
    kinds, tests = list(curves.kind.unique()), list(curves.test.unique())
    figure = Figure(figsize=(2.6 * len(tests), 2.4 * len(kinds) + 0.6), layout="constrained")
    axes = figure.subplots(len(kinds), len(tests), sharex=True, sharey=True, squeeze=False)
    for row, kind in enumerate(kinds):
        for column, test in enumerate(tests):
            _draw(axes[row, column], curves[(curves.kind == kind) & (curves.test == test)])
            axes[row, column].set_title(f"{kind}: {test}", fontsize="small")
        axes[row, 0].set_ylabel("poisoned refused")
    for axis in axes[-1]:
        axis.set_xlabel("honest refused")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", title="rows")
    return figure


def _draw(axis: Any, curves: pd.DataFrame) -> None:
    for place, (rows, line) in enumerate(curves.groupby("rows")):
        shown = line[line.rejected >= _AXIS_FROM]
        axis.plot(shown.rejected, shown.detected, color=f"C{place}", label=f"{rows:g}")
    axis.set_xscale("log")
    axis.set_ylim(0, 1.02)


def _page(rates: pd.DataFrame) -> str:
    parts = ["# Detection and honest rejection by number of rows\n\n![curves](detection.png)\n"]
    for policy in rates.policy.unique():
        of_policy = rates[rates.policy == policy]
        poisoned = [kind for kind in of_policy.kind.unique() if kind != HONEST]
        parts.append(f"## {policy}\n\n" + _table(of_policy, [HONEST, *poisoned]))
    parts.append(
        "Shares of updates refused: by a voter / by a majority of honest voters / where 40 % of the ballots "
        "say the opposite.\nCurves: [curves.csv](curves.csv), rates: [rates.csv](rates.csv), both: "
        "[detection.json](detection.json)\n"
    )
    return "\n".join(parts)


def _table(rates: pd.DataFrame, kinds: Sequence[str]) -> str:
    lines = [["rows", *kinds], ["---"] * (len(kinds) + 1)]
    for rows, of_rows in rates.groupby("rows"):
        by_kind = of_rows.set_index("kind")
        shown = [_shown(by_kind.loc[kind]) for kind in kinds]
        lines.append([f"{rows}", *shown])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _shown(rate: Any) -> str:
    return f"{rate.refused:.3f} / {rate.excluded:.3f} / {rate.excluded_lied:.3f}"
