"""An arena's results as files: tables as CSV and JSON, heat maps, and a page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ml.private_files import write_whole
from offchain.arena.grid import NOBODY, file_name
from offchain.arena.outcome import Outcome
from offchain.picture_file import write_picture

KEYS = ("task", "decider", "attack", "votes", "malicious")
_SHOWN = {
    "against_honest": "score against honest-only",
    "worst_round": "worst round",
    "malicious_in": "malicious in",
    "malicious_out": "malicious out",
    "honest_out": "honest out",
    "losing_bits": "losing answers",
    "tokens_malicious": "tokens, malicious",
    "tokens_honest": "tokens, honest",
    "tokens_poorest": "poorest honest",
    "out_by": "out by round",
    "tokens_per_point": "tokens a point",
    "backdoor": "backdoor",
    "scorings": "scorings a voter",
    "score_seconds": "judging, s",
}
_WORST = "worst"
_FULL = 0.05  # Of score: where colours end.


def write(
    folder: Path, outcomes: Sequence[Outcome], failures: Mapping[str, str], missing: int = 0
) -> list[str]:
    """Write all that an arena came to; the names of the files.

    Args:
        folder: Where.
        outcomes: Of the runs that could be played, at least one.
        failures: What failed, by the cell's labels.
        missing: How many runs have not been played yet.
    """
    table = pd.DataFrame(map(_row, outcomes))
    summary = summarised(table)
    write_whole(folder / "cells.csv", table.to_csv(index=False, float_format="%.6g"))
    write_whole(folder / "summary.csv", summary.to_csv(index=False, float_format="%.6g"))
    content = {"cells": json.loads(table.to_json(orient="records")), "failures": dict(failures)}
    write_whole(folder / "arena.json", json.dumps(content, indent=1) + "\n")
    names = ["cells.csv", "summary.csv", "arena.json"]
    for task in summary[summary.attack != NOBODY].task.unique():  # Where all attacks failed none is drawn.
        names.append(f"{file_name(task)}.png")
        write_picture(folder / names[-1], heat_map(summary[summary.task == task], task))
    write_whole(folder / "arena.md", _page(summary, failures, missing, unseated(outcomes)))
    return [*names, "arena.md"]


def unseated(outcomes: Sequence[Outcome]) -> str:
    """Return a sentence on runs in which the coalition proposed nothing, as in few rounds; empty for none."""
    attacked = [each for each in outcomes if each.labels.attack != NOBODY]
    idle = sum(not each.malicious_in and not each.malicious_out for each in attacked)
    if not idle:
        return ""
    return (
        f"In {idle} of {len(attacked)} attacked runs no update of the coalition's was published: they tell "
        "nothing of the attack. More rounds, or a larger proposer_bps, seat its members."
    )


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """Return means over seeds by cell, with the number of seeds and the deviation of `against_honest`."""
    groups = table.groupby(list(KEYS), sort=False)
    means = groups.mean(numeric_only=True).drop(columns="seed")
    means.insert(0, "seeds", groups.size())
    means.insert(3, "against_honest_sd", groups.against_honest.std())
    return means.reset_index()


def heat_map(summary: pd.DataFrame, task: str) -> Figure:
    """Return what each attack took from the honest-only run by decider, the worst of its votes and shares.

    The last column is the worst of the row.
    """
    attacked = summary[summary.attack != NOBODY]
    values = attacked.pivot_table("against_honest", "decider", "attack", aggfunc="min", sort=False)
    values[_WORST] = values.min(axis=1)
    figure = Figure(figsize=(1.1 * len(values.columns) + 2.6, 0.5 * len(values) + 2.2), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="RdYlGn", vmin=-_FULL, vmax=_FULL, aspect="auto")
    axes.set_xticks(range(len(values.columns)), values.columns, rotation=35, ha="right")
    axes.set_yticks(range(len(values)), values.index)
    for (row, column), value in np.ndenumerate(values.to_numpy()):
        axes.text(column, row, f"{value:+.3f}", ha="center", va="center", fontsize="small")
    axes.set_title(f"{task}: score against the honest-only run, worst of votes and shares")
    figure.colorbar(image, ax=axes)
    return figure


def _row(of: Outcome) -> dict[str, Any]:
    numbers = asdict(of)
    return {**numbers.pop("labels"), **numbers}


def _page(summary: pd.DataFrame, failures: Mapping[str, str], missing: int, idle: str) -> str:
    parts = ["# Arena\n"]
    if missing:
        parts.append(
            f"Not complete: {missing} of {missing + summary.seeds.sum()} runs are still to be played.\n"
        )
    if idle:
        parts.append(f"{idle}\n")
    for task in summary.task.unique():
        of = summary[summary.task == task]
        parts.append(f"## {task}\n")
        if (of.attack != NOBODY).any():
            parts.append(f"![{task}]({file_name(task)}.png)\n")
        parts.append(_markdown(of))
    if failures:
        parts.append("## Failed\n\n" + "".join(f"* {cell}: {why}\n" for cell, why in failures.items()))
    parts.append(
        "Each run: [cells.csv](cells.csv), [arena.json](arena.json); means: [summary.csv](summary.csv)\n"
    )
    return "\n".join(parts)


def _markdown(summary: pd.DataFrame) -> str:
    keys = [key for key in KEYS[1:] if key != "malicious" or summary.malicious.nunique() > 2]
    lines = [[*keys, *_SHOWN.values()], ["---"] * (len(keys) + len(_SHOWN))]
    for row in summary.to_dict("records"):
        lines.append(
            [str(row[key]).replace("|", "\\|") for key in keys] + [_shown(name, row[name]) for name in _SHOWN]
        )
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _shown(name: str, value: float) -> str:
    if value != value:
        return ""
    return f"{value:+.3f}" if name in ("against_honest", "worst_round") else f"{value:.3g}"
