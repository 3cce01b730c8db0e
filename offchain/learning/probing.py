"""The probe: a few rows of the founders' on which every member's machine has to lose what theirs lost.

Digests bind files; what an installed library does with them no digest sees.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import head, shape_of
from ml.folders import require_readable
from ml.tasks.federating import read_rows
from ml.tasks.task import Task
from ml.training import Learner
from ml.training.checks import row_losses
from ml.updates.fixed_point import decode
from ml.updates.hashing import keccak256
from offchain.errors import SettingsError
from offchain.learning.description import Learning, Probe
from offchain.learning.finding import beside

ROWS = 8
CLOSE = 1e-3
"""How far a loss may be from the founders', of it, or of 1 where it is less."""

_NOISE = 0.05
_DIGITS = 6


def probe_of(task: Task, learner: Learner, first: NDArray[np.int32], rows: Path | None) -> Probe | None:
    """Return what a first model int32 [size] loses on the founders' first eight rows.

    None where there is no file of them and the task makes none that a module takes as they are.

    Raises:
        SettingsError: When the file cannot be read.
        MLError: When the task does not read or judge it.
    """
    if rows is None and (task.takes or not _are_ready(read_rows(task, None).inputs)):
        return None
    genesis, moved = _losses(task, learner, first, rows)
    return Probe(
        rows=None if rows is None else str(rows),
        digest=None if rows is None else files_digest(rows),
        genesis=tuple(_rounded(genesis)),
        moved=tuple(_rounded(moved)),
    )


def check_probe(
    learning: Learning, task: Task, learner: Learner, first: NDArray[np.int32], folder: Path | None
) -> None:
    """Compare what the first model loses here with what it lost at the founders', where they left a probe.

    Args:
        learning: The description.
        task: Its task.
        learner: Of the task.
        first: The first model int32 [size].
        folder: Of the description's file, beside which the probe's rows are looked for.

    Raises:
        SettingsError: When the rows are others, or a row's loss is further away than 1e-3·max(1, loss).
    """
    probe = learning.probe
    if probe is None:
        return
    rows = None if probe.rows is None else beside(folder, probe.rows)
    if rows is not None and (found := files_digest(rows)) != probe.digest:
        raise SettingsError(
            f"the probe's rows {rows} have digest {found}, the deployment's are {probe.digest}: get the "
            "founders' file"
        )
    told = {"the first model": probe.genesis, "the first model with noise": probe.moved}
    for (which, expected), losses in zip(told.items(), _losses(task, learner, first, rows), strict=True):
        _require_close(which, losses, np.array(expected))


def files_digest(path: Path) -> str:
    """Return 32 bytes in hex of a file's content, or of names and contents of all files in a folder.

    Raises:
        SettingsError: When it cannot be read.
    """
    try:
        if path.is_dir():
            require_readable(path)
            files = sorted(file for file in path.rglob("*") if file.is_file())
            parts = [(file.relative_to(path).as_posix().encode(), file.read_bytes()) for file in files]
        else:
            parts = [(b"", path.read_bytes())]
    except OSError as error:
        at = error.filename or path
        raise SettingsError(f"the probe's rows {at} cannot be read: {error.strerror}") from error
    return "0x" + keccak256(b"".join(keccak256(name) + keccak256(data) for name, data in parts)).hex()


def _losses(
    task: Task, learner: Learner, first: NDArray[np.int32], rows: Path | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each row, under the first model and under the first model with noise."""
    read = read_rows(task, rows)
    found, takes = (shape_of(read.inputs), shape_of(read.targets)), (learner.row_shape, learner.label_shape)
    if found != takes:
        raise SettingsError(f"the probe's rows and targets have shapes {found}, the model takes {takes}")
    X, y = head(read.inputs, ROWS), head(read.targets, ROWS)
    start = decode(first)
    noise = np.random.default_rng(0).uniform(-_NOISE, _NOISE, start.size).astype(np.float32)
    return row_losses(learner, start, X, y), row_losses(learner, start + noise, X, y)


def _require_close(which: str, losses: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    if len(losses) != len(expected):
        raise SettingsError(f"the probe has {len(losses)} rows here, the deployment's has {len(expected)}")
    apart = ~(np.abs(losses - expected) <= CLOSE * np.maximum(1, np.abs(expected)))
    if apart.any():
        row = int(np.argmax(apart))
        raise SettingsError(
            f"row {row} of the probe loses {losses[row]:.6g} here under {which}, at the founders' "
            f"{expected[row]:.6g}: this machine would vote against the others; install the versions of the "
            "deployment's lock"
        )


def _are_ready(inputs: Any) -> bool:
    return not hasattr(inputs, "fitted")


def _rounded(losses: NDArray[np.float64]) -> list[float]:
    return [float(f"{loss:.{_DIGITS}g}") for loss in losses]
