"""The paper's own data, and what stands in for them: of a reproduction the one file that names tasks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

Section = Literal["V", "VI"]
"""Of the paper: V learns from loans, VI from images."""

RECORDED: Mapping[Section, str] = {"V": "loans", "VI": "images"}
"""What results folders call them."""

Features = Literal["all", "application"]
FEATURES: tuple[Features, ...] = get_args(Features)

DATA_HELP = "Lending Club's CSV or CSV.GZ; none for built-in loans."
FEATURES_HELP = "Columns of Lending Club's file; all of them, as the paper, leak the outcome."
IMAGES_HELP = "Chest X-rays, NIH's folder or MedMNIST's chestmnist.npz; none for built-in digits."

_FEW = {"clients": 20}
"""Built-in digits are too few for fifty clients."""


def papers_task(section: Section, path: Path | None, features: Features) -> dict[str, Any]:
    """Return the settings that say what the clients of a section learn.

    Args:
        section: Of the paper.
        path: Of its data; none for what comes with the project.
        features: Columns of the loans' file.
    """
    if section == "VI":
        return dict(task="chest-xray", data=path) if path else dict(task="digits", **_FEW)
    if path is None:
        return dict(task="loans")
    return dict(task="lending-club", data=path, task_options={"features": features})


def papers_metric(section: Section, path: Path | None, features: Features) -> str:
    """Return what voters compare and figures show: AUROC where accuracy stays at the base rate."""
    leaks = path is None or features == "all"
    return "accuracy" if section == "V" and leaks else "auroc"
