"""A run on disk: settings.json, rounds.jsonl, state.npz, summary.json; none of it needs this program to read.

sources.json has digests of the rows and the code that the settings name.

A round is saved by appending its line and then replacing state.npz, so an interruption at any moment leaves
the rounds that state.npz counts; a line beyond them is dropped when the run continues.
"""

import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ml.json_file import read_json, read_value
from ml.messages import cleaned, quoted, reason
from ml.private_files import creating, replacing, require_writable
from ml.validation import first_fault
from offchain.errors import DamagedRunError, RunFolderError
from offchain.runs.arrays_file import read_arrays, write_arrays
from offchain.runs.fitting import first_misfit
from offchain.settings import SimulationSettings
from offchain.simulation.records import RoundRecord
from offchain.simulation.simulation import State

_SETTINGS, _ROUNDS, _STATE, _SUMMARY = "settings.json", "rounds.jsonl", "state.npz", "summary.json"
_SOURCES = "sources.json"
_ROUND, _PARAMETERS, _BASELINE, _OLDER = "round", "parameters", "baseline_", "older_"
_LONGEST = 200  # Letters of what is said of a damaged file.


class RunFolder:
    """One run's files; a context that keeps other processes out of them.

    Attributes:
        path: The folder.
        settings: The run's.
    """

    def __init__(self, path: Path, settings: SimulationSettings) -> None:
        """Use `create` or `open`."""
        self.path = path
        self.settings = settings
        self._lock = (path / _SETTINGS).open("rb")

    @classmethod
    def create(cls, path: Path, settings: SimulationSettings) -> "RunFolder":
        """Start a run in a folder that is new or empty.

        Raises:
            RunFolderError: When it is in use or may not be written.
            OSError: When the disk refuses: that is no fault of the run.
        """
        require_free(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            with creating(path / _SETTINGS) as file:
                file.write(settings.model_dump_json(indent=2).encode() + b"\n")
        except FileExistsError as error:  # By another process, since it was looked at.
            raise RunFolderError(f"the output folder {path} is in use; choose another with --out") from error
        return cls(path, settings)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Return the run that a folder holds.

        Raises:
            RunFolderError: When it holds none, or one that cannot be read.
        """
        try:
            return cls(path, SimulationSettings.model_validate_json(read_json(path / _SETTINGS)))
        except (FileNotFoundError, NotADirectoryError):
            raise DamagedRunError(f"there is no run in {path}: it has no file {_SETTINGS}") from None
        except OSError as error:
            raise RunFolderError(f"{path / _SETTINGS} cannot be read: {reason(error)}") from error
        except ValueError as error:  # pydantic's among them.
            if unknown := _unknown_setting(error):
                raise RunFolderError(
                    f"{path / _SETTINGS} has a setting that this version does not know, {quoted(unknown)}: "
                    "go on with the version that began the run"
                ) from error
            raise DamagedRunError(f"{path / _SETTINGS} is damaged: {_first_line(error)}") from error

    def __enter__(self) -> "RunFolder":
        """Keep other processes out.

        Raises:
            RunFolderError: When one is in.
        """
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunFolderError(f"the run in {self.path} is going on in another process") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others in."""
        self._lock.close()

    @property
    def is_complete(self) -> bool:
        """Whether the run has its summary."""
        return holds_complete_run(self.path)

    def require_writable(self) -> None:
        """Raise RunFolderError unless further rounds can be saved."""
        try:
            for path in (self.path, self.path / _ROUNDS):
                require_writable(path)
        except OSError as error:
            raise RunFolderError(f"the run in {self.path} cannot go on: {error.strerror}") from error

    def note_sources(self, found: Mapping[str, str]) -> None:
        """Write what the run follows from besides its settings, so that it goes on with the same."""
        self._replace(_SOURCES, lambda file: file.write(json.dumps(found, indent=2).encode() + b"\n"))

    def require_sources(self, find: Callable[[], Mapping[str, str]]) -> None:
        """Require what was noted when the run began; nothing of one from before anything was.

        Raises:
            RunFolderError: When something is another now.
        """
        path = self.path / _SOURCES
        if not path.exists():
            return
        noted, found = self._noted_sources(path), find()
        changed = next((name for name in noted if noted[name] != found.get(name)), None)
        if changed:
            raise RunFolderError(
                f"{changed} {cleaned(getattr(self.settings, changed, ''))} is not what it was when the run "
                f"in {self.path} began: bring that back, or begin another run"
            )

    def _noted_sources(self, path: Path) -> Mapping[str, Any]:
        try:
            found = read_value(path)
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {reason(error)}") from error
        except ValueError as error:
            raise DamagedRunError(f"{path} is damaged: {_first_line(error)}") from error
        if not isinstance(found, dict):
            raise DamagedRunError(f"{path} is damaged: it is no JSON object")
        return found

    def write_summary(self, text: str) -> None:
        """Write the summary, which marks the run as complete."""
        self._replace(_SUMMARY, lambda file: file.write(text.encode()))

    def save_round(self, record: RoundRecord, state: State) -> None:
        """Save a round that was played and what it takes to go on after it."""
        with (self.path / _ROUNDS).open("ab") as file:
            file.write(record.model_dump_json().encode() + b"\n")
            _flush(file)
        arrays = {_BASELINE + name: model for name, model in state.baselines.items()}
        arrays |= {f"{_OLDER}{place:04}": model for place, model in enumerate(state.older)}
        arrays |= {_ROUND: np.array(state.round), _PARAMETERS: state.parameters}
        self._replace(_STATE, lambda file: write_arrays(file, arrays))

    def load(self) -> tuple[list[RoundRecord], State | None]:
        """Return the rounds saved and the state after them, None before the first; nothing is changed.

        Raises:
            RunFolderError: When a file is damaged, or its rounds do not add up.
        """
        state = self._load_state()
        lines = self._read_lines()
        kept = lines[: state.round] if state else []
        if state and len(kept) < state.round:
            raise DamagedRunError(f"{self.path / _ROUNDS} has {len(kept)} of the {state.round} rounds played")
        records = self._parse(kept)
        if misfit := first_misfit(self.settings, records):
            number, fault = misfit
            raise DamagedRunError(f"line {number} of {self.path / _ROUNDS} does not add up: {fault}")
        return records, state

    def drop_after(self, rounds: int) -> None:
        """Remove what follows so many rounds: one that was cut off, before another is saved."""
        lines = self._read_lines()
        kept = b"".join(lines[:rounds])
        # What copies a text may leave out the last line's end.
        whole = kept if not kept or kept.endswith(b"\n") else kept + b"\n"
        if len(lines) > rounds or whole != kept:
            self._replace(_ROUNDS, lambda file: file.write(whole))

    def _parse(self, lines: Sequence[bytes]) -> list[RoundRecord]:
        records = []
        for number, line in enumerate(lines, start=1):
            try:
                records.append(RoundRecord.model_validate_json(line))
            except ValidationError as error:
                where = f"line {number} of {self.path / _ROUNDS}"
                raise DamagedRunError(f"{where} is damaged: {_first_line(error)}") from error
        return records

    def _read_lines(self) -> list[bytes]:
        path = self.path / _ROUNDS
        return path.read_bytes().splitlines(keepends=True) if path.is_file() else []

    def _load_state(self) -> State | None:
        path = self.path / _STATE
        if not path.is_file():
            return None
        try:
            arrays = read_arrays(path)
            played, parameters = _round(arrays.pop(_ROUND)), _model(arrays.pop(_PARAMETERS))
            older = [_model(arrays.pop(name)) for name in sorted(arrays) if name.startswith(_OLDER)]
            baselines = {name.removeprefix(_BASELINE): _model(each) for name, each in arrays.items()}
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {reason(error)}") from error
        except (ValueError, KeyError) as error:
            raise DamagedRunError(f"{path} is damaged: {_first_line(error)}") from error
        return State(played, parameters, baselines, older)

    def _replace(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        with replacing(self.path / name) as file:
            write(file)


def holds_complete_run(path: Path) -> bool:
    """Return whether a folder holds a run that has its summary."""
    return (path / _SUMMARY).is_file()


def holds_unfinished_run(path: Path) -> bool:
    """Return whether a folder holds a run that can go on."""
    return (path / _SETTINGS).is_file() and not holds_complete_run(path)


def rounds_file(path: Path) -> Path:
    """Return the file of a run's rounds, a line each, which grows while it is played."""
    return path / _ROUNDS


def require_free(path: Path) -> None:
    """Raise RunFolderError unless `path` is new or an empty folder, and can be written."""
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        hint = f", or continue its run with --resume {path}" if holds_unfinished_run(path) else ""
        raise RunFolderError(f"the output folder {path} is in use; choose another with --out{hint}")
    try:
        require_writable(path)
    except OSError as error:
        raise RunFolderError(f"the output folder {path} cannot be written: {error.strerror}") from error


def next_free(parent: Path) -> Path:
    """Return the first folder of runs/001, runs/002, … that does not exist."""
    return next(path for n in count(1) if not (path := parent / f"{n:03}").exists())


def _round(array: NDArray[Any]) -> int:
    if array.shape or array.dtype.kind != "i" or array < 0:
        raise ValueError(f"its round is {array.dtype} of shape {array.shape}, expected a whole number from 0")
    return int(array)


def _model(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 1 or array.dtype.kind not in "if":
        raise ValueError(f"a model is {array.dtype} of shape {array.shape}, expected a vector of numbers")
    return array


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _unknown_setting(error: ValueError) -> str | None:
    """Which name a later version may have written."""
    faults = error.errors(include_url=False) if isinstance(error, ValidationError) else []
    return next((str(each["loc"][0]) for each in faults if each["type"] == "extra_forbidden"), None)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return first_fault(error, "the whole")
    return reason(error, _LONGEST)
