"""A grid's cells, tried in a process that can be ended where functions of a user's own may hang or end it."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ml.named_functions import is_own
from offchain.arena.grid import Cell, Grid, cells
from offchain.errors import ArenaError, SimulationError
from offchain.reproduction.apart import play_apart

PATIENCE = 60.0
"""Seconds that a cell may take to be checked: files are loaded, rules tried on small models."""

_OWN = ("task", "attack", "defence", "train")


def checked_cells(grid: Grid, data: Path | None = None, patience: float = PATIENCE) -> list[Cell]:
    """Return every run of a grid, as `cells` does.

    Raises:
        ArenaError: When the settings of one cannot be; or when a user's own function, asked whether they can,
            ends its process or takes longer than `patience`. Nothing has been played.
    """
    if has_own_functions(grid):
        _try(grid, data, patience)
    return cells(grid, data)


def has_own_functions(grid: Grid) -> bool:
    """Return whether a grid's functions or tasks are in files or packages of a user's own."""
    parts = [grid.settings, *grid.tasks.values(), *grid.attacks.values(), *grid.deciders.values()]
    names = [*grid.votes, *(str(part.get(name, "")) for part in parts for name in _OWN)]
    return any(is_own(name) or name.endswith(".py") for name in names)


def _try(grid: Grid, data: Path | None, patience: float) -> None:
    with TemporaryDirectory() as folder:
        begun = Path(folder) / "begun"
        try:
            play_apart(partial(_check, grid, data, begun), begun, patience, "it was not checked within {}")
        except SimulationError as error:
            told = begun.read_text().splitlines() if begun.exists() else []
            raise ArenaError(f"{told[-1] if told else 'the grid'}: {error}") from error


def _check(grid: Grid, data: Path | None, begun: Path) -> None:
    with suppress(ArenaError), begun.open("w", buffering=1) as file:  # It is raised by whoever asks next.
        cells(grid, data, lambda name: print(name, file=file))
