"""Runs kept by the digest of their settings: played once, resumed when interrupted, shared by all items."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from ml.named_functions import is_own
from offchain import first_edition
from offchain.errors import DamagedRunError, ReproductionError, RunFolderError
from offchain.reproduction.rows_at_hand import RowsAtHand
from offchain.reproduction.trace import Trace
from offchain.runs.data_digest import data_digest
from offchain.runs.run import EngineFor, resume_run, start_run
from offchain.runs.run_folder import RunFolder, holds_complete_run
from offchain.runs.sources import OWN_CODE, code_digest
from offchain.settings import SimulationSettings
from offchain.simulation.records import RoundRecord
from offchain.system_errors import of_the_system

LEARNING = 2
"""Counts up when the same settings come to give other numbers: runs kept from before are then played anew.

1 made the tables in `docs/results`. 2: the perceptron's passes are written out, which changes the last bits
of its models.
"""

_LATER = (
    *("attack_options", "aimed", "coalition_votes", "sleep_until", "withhold_bytes", "commitments_broken"),
    *("defence", "assumed_faulty", "honest_only", "shadow_policy", "least_steps"),
    *("dp_epsilon", "dp_delta", "dp_clip", "dp_updates"),
    *("proposer_reward", "voter_reward", "budget", "memory"),
)
"""Settings that the first edition had not, and that its runs may have now."""

_POLICY_UNSAID = "evidence"
"""The default when runs of the second edition were first kept."""

EngineOf = Callable[[SimulationSettings], EngineFor]
"""From a run's settings to what enters its engine."""

_rows_of = RowsAtHand()


class KeptRuns:
    """A folder of runs.

    Args:
        folder: Where they are kept; made when the first is played.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._traces: dict[
            SimulationSettings, Trace
        ] = {}  # Several items, and parts of one, ask for the same.

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other commands from playing into the folder; they may read it.

        Raises:
            ReproductionError: When one does, or the folder cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            place = os.open(self._folder, os.O_RDONLY)
        except OSError as error:
            raise ReproductionError(of_the_system(error, at=self._folder)) from error
        try:
            _lock(place, self._folder)
            yield
        finally:
            os.close(place)

    def path(self, settings: SimulationSettings) -> Path:
        """Return where a run is or would be kept."""
        return self._folder / f"{run_digest(settings)[:16]}-{settings.engine}"

    def find(self, settings: SimulationSettings) -> Path | None:
        """Return a complete run of `settings`, or None; one through contracts does for one in memory."""
        for engine in dict.fromkeys(("chain", settings.engine)):
            path = self.path(settings.model_copy(update={"engine": engine}))
            if holds_complete_run(path):
                return path
        return None

    def play(self, settings: SimulationSettings, engine_of: EngineOf) -> None:
        """Play a run, or what is left of it; nothing when it is complete."""
        if self.find(settings):
            return
        path, quiet = self.path(settings), Console(file=StringIO())
        with _to_be_played_anew(path):
            if (path / "settings.json").exists():
                resume_run(path, engine_of, quiet, picture=False, rows_of=_rows_of)
            else:
                start_run(path, settings, engine_of(settings), quiet, picture=False, rows_of=_rows_of)

    def records(self, settings: SimulationSettings) -> list[RoundRecord]:
        """Return the rounds of a complete run.

        Raises:
            RunFolderError: When there is none, or it is damaged.
        """
        path = self.find(settings)
        if path is None:
            raise RunFolderError(f"the run that should be in {self.path(settings)} is not there")
        with _to_be_played_anew(path), RunFolder.open(path) as folder:
            return folder.load()[0]

    def trace(self, settings: SimulationSettings) -> Trace:
        """Return the trace of a complete run; errors as of `records`."""
        if settings not in self._traces:
            self._traces[settings] = Trace.of(settings, self.records(settings))
        return self._traces[settings]


def _lock(place: int, folder: Path) -> None:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ReproductionError(
            f"another command plays into {folder}: wait until it is done, or choose another --out"
        ) from None


@contextmanager
def _to_be_played_anew(path: Path) -> Iterator[None]:
    """Say of a damaged run what to do about it."""
    try:
        yield
    except DamagedRunError as error:
        raise DamagedRunError(f"{error}; delete {path}, and this run is played anew") from error


def run_digest(settings: SimulationSettings) -> str:
    """Return the SHA-256, hex, of all that a run's numbers follow from.

    Paths are not among it, the content of the data is; nor is the engine, since both give the same run. Nor
    are defaults, so that runs outlive a version that brings new settings; of policies that is the default of
    the second edition's first versions, whatever today's is.
    """
    values = settings.model_dump(mode="json", exclude={"data", "engine"})
    if settings.edition == 1:
        content = first_edition.told(values)
    else:
        content = settings.set_values({"data", "engine", "clients_data", "train", "policy"})
        if settings.policy != _POLICY_UNSAID:
            content["policy"] = values["policy"]
        content |= {"task_digest": settings.named_task.digest.hex()}
    content |= _own_content(settings)
    content |= {"data_digest": data_digest(settings.data), "learning": LEARNING}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _own_content(settings: SimulationSettings) -> dict[str, Any]:
    """What the first edition had not: rows that are parted already, functions of the user's own, ..."""
    found = {name: value for name, value in settings.set_values().items() if name in _LATER}
    for name in OWN_CODE:
        function = getattr(settings, name)
        if is_own(function):
            found[f"{name}_code"] = code_digest(function)
    if settings.clients_data is not None:
        found["clients_data"] = data_digest(settings.clients_data)
    if settings.train is not None:
        found["train"] = code_digest(settings.train) + settings.train
    return found
