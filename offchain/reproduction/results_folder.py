"""A folder of results: a study's settings, and for each item tables as CSV, a figure and a page to read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ml.private_files import write_whole
from ml.tasks.loading import CHOICES
from offchain.picture_file import write_picture
from offchain.reproduction.catalogue import Item
from offchain.reproduction.claimed_folder import claim
from offchain.reproduction.kept_runs import KeptRuns
from offchain.reproduction.papers_data import RECORDED
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.study import ROUNDS, Study
from offchain.runs.data_digest import data_digest

_STUDY = "study.json"
_OF_A_TASK = ("task", "task_options", "clients_data")


class ResultsFolder:
    """Results of one study; those of another are never mixed in.

    Attributes:
        path: The folder.
        runs: The runs that the results are made of.
    """

    def __init__(self, path: Path, study: Study) -> None:
        """Open a folder for a study, or make it.

        Raises:
            ReproductionError: When it holds results of other settings, something else, or cannot be written.
        """
        self.path = path
        self.runs = KeptRuns(path / "runs")
        claim(path, _STUDY, describe(study))

    def write(self, item: Item, result: Result) -> list[str]:
        """Write an item; the names of the files."""
        names = []
        for key, table in result.tables.items():
            names.append(self._csv(f"{item.name}-{key}" if key else item.name, table))
        if result.comparisons:
            names.append(self._csv(f"{item.name}-paper", comparison_table(result.comparisons)))
        if result.statements:
            names.append(self._csv(f"{item.name}-statements", statement_table(result.statements)))
        if result.figure:
            names.append(f"{item.name}.png")
            write_picture(self.path / names[-1], result.figure)
        write_whole(self.path / f"{item.name}.md", _page(item, result))
        return [*names, f"{item.name}.md"]

    def _csv(self, name: str, table: pd.DataFrame) -> str:
        write_whole(self.path / f"{name}.csv", table.to_csv(index=False, float_format="%.6g"))
        return f"{name}.csv"


def describe(study: Study) -> dict[str, object]:
    """Return what a study's numbers follow from, as JSON: its settings with data by content, not by path."""
    content = study.model_dump(mode="json", exclude={"data", "images", *_OF_A_TASK})
    content["rounds"] = {RECORDED[section]: study.rounds or rounds for section, rounds in ROUNDS.items()}
    content |= {"data": data_digest(study.data), "images": data_digest(study.images)}
    return content | _of_a_task(study)


def _of_a_task(study: Study) -> dict[str, object]:
    """What is said of a task, which folders from before do not have."""
    found: dict[str, object] = {}
    if study.named_task is not None:
        found["task"] = study.named_task.digest.hex()
    if choices := {name: study.task_options[name] for name in CHOICES if name in study.task_options}:
        found["choices"] = choices
    if study.clients_data is not None:
        found["clients_data"] = data_digest(study.clients_data)
    return found


def comparison_table(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Return rows of quantity, paper, ours, sd, difference, why."""
    return pd.DataFrame(
        dict(quantity=c.quantity, paper=c.paper, ours=c.ours, sd=c.spread, difference=c.difference, why=c.why)
        for c in comparisons
    )


def statement_table(statements: Iterable[Statement]) -> pd.DataFrame:
    """Return rows of statement, holds, evidence."""
    return pd.DataFrame(dict(statement=s.text, holds=s.holds, evidence=s.evidence) for s in statements)


def _page(item: Item, result: Result) -> str:
    parts = [f"# {item.name}: {item.title}\n"]
    if result.figure:
        parts.append(f"![{item.title}]({item.name}.png)\n")
    if result.comparisons:
        rows = [_compared(c) for c in result.comparisons]
        parts.append(_markdown(("quantity", "paper", "ours", "difference", "why"), rows))
    if result.statements:
        said = [(s.text, "yes" if s.holds else "**no**", s.evidence) for s in result.statements]
        parts.append(_markdown(("statement", "holds", "evidence"), said))
    tables = [f"{item.name}-{key}" if key else item.name for key in result.tables]
    parts.append("Data: " + ", ".join(f"[{name}.csv]({name}.csv)" for name in tables) + "\n")
    return "\n".join(parts)


def _compared(comparison: Comparison) -> tuple[str, ...]:
    ours, sd = f"{comparison.ours:.4g}", comparison.spread
    ours += f" ± {sd:.2g}" if sd == sd else ""
    difference = comparison.difference
    return (
        comparison.quantity,
        comparison.paper,
        ours,
        f"{difference:+.3g}" if difference == difference else "",
        comparison.why,
    )


def _markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
