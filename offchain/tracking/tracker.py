"""Where figures by round go: one small protocol, and who implements it with an optional package."""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal, Protocol

from ml.messages import reason
from offchain.errors import TrackingError
from offchain.urls import shown, without_secrets

Program = Literal["tensorboard", "mlflow"]
DEFAULT = "tracking"
_EXPERIMENT = "stakefed"
_MOST_LETTERS = 500  # Of a parameter, in MLflow.
_LONGEST = 200  # Letters of what a program says went wrong.

_log = logging.getLogger(__name__)


class Tracker(Protocol):
    """Takes figures by round."""

    def log(self, round_: int, figures: Mapping[str, float]) -> None:
        """Take figures of a round by name."""

    def close(self) -> None:
        """Write what is left."""


@dataclass(frozen=True)
class Tracking:
    """What a user chose.

    Attributes:
        program: Whose files or server; none for nothing.
        to: A folder; for MLflow also what else it takes for a store, such as https://server.
    """

    program: Program | None = None
    to: str = DEFAULT

    @contextmanager
    def tracker(self, name: str, settings: Mapping[str, Any]) -> Iterator[Tracker]:
        """Open a tracker for the length of the block; what goes wrong later is said once, and ends tracking.

        Args:
            name: Of the run.
            settings: What it depends on, by name.

        Raises:
            TrackingError: When the package is missing, or the place cannot be written.
        """
        opened: Tracker = _Nowhere()
        if self.program is not None:
            with _told(self):
                opened = _OPENERS[self.program](self.to, name, settings)
        tracker = _Patient(opened, self)
        try:
            yield tracker
        finally:
            tracker.close()


class _Nowhere:
    def log(self, round_: int, figures: Mapping[str, float]) -> None:
        pass

    def close(self) -> None:
        pass


class _Patient:
    """A tracker whose failure is no failure of what it tracks."""

    def __init__(self, tracker: Tracker, tracking: Tracking) -> None:
        self._tracker = tracker
        self._tracking = tracking

    def log(self, round_: int, figures: Mapping[str, float]) -> None:
        known = {name: float(value) for name, value in figures.items() if isfinite(value)}
        self._trying(lambda: self._tracker.log(round_, known))

    def close(self) -> None:
        self._trying(self._tracker.close)

    def _trying(self, act: Callable[[], None]) -> None:
        try:
            with _told(self._tracking):
                act()
        except TrackingError as error:
            _log.warning("%s; nothing more is tracked", error)
            self._tracker = _Nowhere()


class _TensorBoard:
    def __init__(self, to: str, name: str, settings: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        with _quiet_threads():
            # Rounds that an interrupted run wrote there are told again.
            self._writer = SummaryWriter(str(Path(to) / name), purge_step=0)
        lines = (f"    {key}: {value}" for key, value in settings.items())
        self._writer.add_text("settings", "\n".join(lines))
        self._writer.flush()

    def log(self, round_: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, round_)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """Let threads that begin in the block end without a traceback: the next call says why they did."""
    others, told = {*threading.enumerate()}, threading.excepthook
    yield
    quiet = {*threading.enumerate()} - others

    def tell(of: Any) -> None:
        if of.thread not in quiet:
            told(of)

    threading.excepthook = tell


class _MLflow:
    def __init__(self, to: str, name: str, settings: Mapping[str, Any]) -> None:
        if "://" not in to:
            # Its stores of files are kept as they are, and asked for by this name.
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
            to = Path(to).resolve().as_uri()
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        # Now, for its import sets levels of its own: what fails is told in a sentence of ours.
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
        logging.getLogger().addFilter(_is_not_mlflows)
        self._metric = Metric
        self._client = MlflowClient(tracking_uri=to)
        known = self._client.get_experiment_by_name(_EXPERIMENT)
        experiment = known.experiment_id if known else self._client.create_experiment(_EXPERIMENT)
        self._run = self._client.create_run(experiment, run_name=name).info.run_id
        parameters = [Param(key, str(value)[:_MOST_LETTERS]) for key, value in settings.items()]
        self._client.log_batch(self._run, params=parameters)

    def log(self, round_: int, figures: Mapping[str, float]) -> None:
        found = [self._metric(_mlflow_name(name), value, 0, round_) for name, value in figures.items()]
        self._client.log_batch(self._run, metrics=found)

    def close(self) -> None:
        self._client.set_terminated(self._run)


def _is_not_mlflows(record: logging.LogRecord) -> bool:
    """Of what is logged by no name: its stores of files tell tracebacks of damaged neighbours so."""
    return "mlflow" not in Path(record.pathname).parts


def _mlflow_name(name: str) -> str:
    """A name of what MLflow takes, which makes a path of it."""
    parts = [re.sub(r"[^\w. -]", "_", part) for part in name.split("/")]
    return "/".join(part for part in parts if part.strip("."))


_OPENERS: Mapping[Program, Callable[[str, str, Mapping[str, Any]], Tracker]] = {
    "tensorboard": _TensorBoard,
    "mlflow": _MLflow,
}
_PACKAGES: Mapping[Program, str] = {"tensorboard": "tensorboard", "mlflow": "mlflow-skinny"}


@contextmanager
def _told(tracking: Tracking) -> Iterator[None]:
    """Say in a sentence what goes wrong in another program.

    Raises:
        TrackingError: Whatever it was.
    """
    program = tracking.program
    try:
        yield
    except ImportError as error:
        package = _PACKAGES[program or "mlflow"]
        raise TrackingError(
            f"--track {program} needs the package {package}, which is not installed: .venv/bin/python -m pip "
            f"install {package}"
        ) from error
    except Exception as error:  # Anything at all: it is not ours.
        raise TrackingError(
            f"--track {program} cannot write to {shown(tracking.to)}: "
            f"{without_secrets(reason(error, _LONGEST), tracking.to)}"
        ) from error
