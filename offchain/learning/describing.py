"""From a task to its description, and back to what learns it, checked against that."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ml.data.rows import Shape
from ml.errors import MLError
from ml.judging.metrics import metrics_of
from ml.judging.policy import listed_tests, name_of
from ml.messages import quoted
from ml.settings import ScoringSettings, TrainingSettings
from ml.tasks.loading import CHOICES, Named
from ml.tasks.losses import VERSIONS
from ml.tasks.task import Task, settings_of
from ml.training import Learner, Trainer, make_learner
from ml.updates.canonical import digest, to_bytes
from ml.validation import first_fault
from offchain.errors import SettingsError
from offchain.learning.common import CommonLearning
from offchain.learning.description import EDITION, Learning
from offchain.learning.finding import Here, beside
from offchain.learning.genesis import genesis_in, genesis_model, genesis_of, write_genesis
from offchain.learning.probing import check_probe, probe_of
from offchain.settings import require_settings


@dataclass(frozen=True)
class FoundersFiles:
    """Files that founders hand out beside a description.

    Attributes:
        genesis: Safetensors of the first model; none for one that is drawn.
        drawn: Where a drawn one is kept, since another version of PyTorch may draw another; of built-in tasks
            NumPy draws, and it is not kept.
        probe: A few rows that everyone may know, as the task reads them.
    """

    genesis: Path | None = None
    drawn: Path | None = None
    probe: Path | None = None


def described(
    named: Named, row: Shape, label: Shape, scoring: ScoringSettings, seed: int, files: FoundersFiles
) -> Learning:
    """Return the description of a task for rows and targets of these shapes.

    Args:
        named: The task.
        row: Shape of a row.
        label: Shape of a row's targets.
        scoring: How voters judge.
        seed: Of shuffles, and of the first model where there is no file of it.
        files: What is handed out beside.

    Raises:
        SettingsError: When task, shapes, score, first model and probe do not fit each other.
        TaskError: When the task cannot be loaded.
    """
    task = named.load()
    _require_metric(task, scoring.metric)
    learner, genesis = _learner(named.name, task, row, label), files.genesis
    first = genesis_model(learner, seed) if genesis is None else genesis_in(genesis, learner.schema)
    probe = probe_of(task, learner, first, files.probe)
    if genesis is None and files.drawn is not None and not named.is_built_in:
        write_genesis(files.drawn, first, learner.schema)
        genesis = files.drawn
    found = description_of(named, task, learner, scoring, training_of(task), seed, first)
    kept = {"genesis": None if genesis is None else str(genesis), "probe": probe}
    return Learning.model_validate(found.model_dump() | kept)


def redescribed(learning: Learning, here: Here, first: NDArray[np.int32], file: str) -> Learning:
    """Return a description with another first model, and what the rows of its probe lose under that.

    Args:
        learning: The description.
        here: Where its task and the rows of its probe are.
        first: The model int32 [size].
        file: Name of the file in which the model is handed out.

    Raises:
        SettingsError: When task or module are others here, or the rows of the probe cannot be read.
        TaskError: When the task cannot be loaded.
    """
    task = task_of(learning, here)
    learner, probe = learner_of(learning, task), learning.probe
    if probe is not None:
        rows = None if probe.rows is None else beside(here.folder, probe.rows)
        if (found := probe_of(task, learner, first, rows)) is not None:
            probe = found.model_copy(update={"rows": probe.rows})
    return learning.model_copy(
        update={"genesis": file, "genesis_root": _root(first, learner), "probe": probe}
    )


def training_of(task: Task) -> TrainingSettings:
    """Return how a task's members train unless they say otherwise.

    Raises:
        SettingsError: When what it says are no settings of a simulation, or of training none that can be.
    """
    given = settings_of(task)
    require_settings(given)
    own = {name: value for name, value in given.items() if name in TrainingSettings.model_fields}
    try:
        return TrainingSettings(**own)
    except ValidationError as error:
        raise SettingsError(f"the task's simulation: {first_fault(error, 'the whole')}") from error


def description_of(
    named: Named,
    task: Task,
    learner: Learner,
    scoring: ScoringSettings,
    training: TrainingSettings,
    seed: int,
    first: NDArray[np.int32],
) -> Learning:
    """Return the description of a learner of a task with a first model int32 [size], without its files."""
    tests = listed_tests(scoring.policy)
    return Learning(
        edition=EDITION,
        policy=name_of(scoring.policy),
        tests=tests,
        reference=None if tests is None else tests.reference_of(training),
        memory=scoring.memory,
        metric=scoring.metric,
        tolerance=scoring.tolerance,
        task=named.name,
        task_options={name: value for name, value in named.options.items() if name not in CHOICES},
        task_digest="0x" + named.digest.hex(),
        loss=_loss_of(task),
        row_shape=_plain(learner.row_shape),
        label_shape=_plain(learner.label_shape),
        parameters=tuple({name: shape} for name, shape in learner.schema.entries),
        constants="0x" + learner.constants.hex(),
        genesis_seed=seed,
        genesis_root=_root(first, learner),
    )


def task_of(learning: Learning, here: Here) -> Task:
    """Return the task that a description binds; nothing of it runs unless its digest is that one.

    Raises:
        SettingsError: When the files or options here are others.
        TaskError: When it cannot be loaded.
    """
    named = here.named(learning.task, learning.task_options)
    found = "0x" + named.digest.hex()
    if found != learning.task_digest:
        raise SettingsError(
            f"task {named.name} here has digest {found}, the deployment's is {learning.task_digest}: get the "
            "founders' files"
        )
    return named.load()


def learner_of(
    learning: Learning, task: Task, device: str = "cpu", trainer: Trainer | None = None
) -> Learner:
    """Return what learns a described task, on a device.

    Raises:
        SettingsError: When the module here is another than the description's.
    """
    learner = _learner(learning.task, task, learning.row_shape, learning.label_shape, device, trainer)
    takes = learner.row_shape, learner.label_shape
    if takes != (learning.row_shape, learning.label_shape):
        raise SettingsError(
            f"task {learning.task} takes rows {_told(takes[0])} with targets {_told(takes[1])}, not "
            f"{_told(learning.row_shape)} with {_told(learning.label_shape)}"
        )
    if learner.schema != learning.schema_:
        raise SettingsError(
            f"the module of task {learning.task} has other parameters here than the deployment's: "
            f"{learner.schema.size} in {len(learner.schema.entries)} tensors, not {learning.schema_.size} in "
            f"{len(learning.parameters)}"
        )
    if "0x" + learner.constants.hex() != learning.constants:
        raise SettingsError(
            f"what the module of task {learning.task} has and never trains is other here: install the "
            "versions of the deployment's lock, or get the founders' weights"
        )
    return learner


def common_learning(learning: Learning, here: Here, device: str = "cpu") -> tuple[Task, CommonLearning]:
    """Return a described task, and what all its clients share, checked on the probe.

    Raises:
        SettingsError: When task, module, first model or the losses of the probe are others here.
        TaskError: When the task cannot be loaded.
    """
    task = task_of(learning, here)
    _require_metric(task, learning.metric)
    if learning.loss != _loss_of(task):
        raise SettingsError(f"the loss is {_loss_of(task)} here, the deployment's is {learning.loss}")
    learner = learner_of(learning, task, device)
    first = genesis_of(learning, here.folder, lambda: learner)
    check_probe(learning, task, learner, first, here.folder)
    return task, CommonLearning(learner, first, learning.scoring)


def _root(model: NDArray[np.int32], learner: Learner) -> str:
    return "0x" + digest(to_bytes(model), learner.schema).hex()


def _loss_of(task: Task) -> str:
    return "own" if type(task).losses is not Task.losses else VERSIONS[type(task.target)]


def _require_metric(task: Task, metric: str) -> None:
    if metric not in metrics_of(task.target):
        known = " or ".join(metrics_of(task.target))
        raise SettingsError(f"metric is {quoted(metric)}, which {task.target} does not have; use {known}")


def _learner(
    name: str,
    task: Task,
    row: Shape,
    label: Shape,
    device: str = "cpu",
    trainer: Trainer | None = None,
) -> Learner:
    try:
        return make_learner(task, row, label, device, trainer=trainer)
    except MLError as error:
        raise SettingsError(
            f"task {name} does not take rows {_told(row)} with labels {_told(label)} ({error})"
        ) from error


def _plain(shape: Shape) -> Any:
    return shape if isinstance(shape, tuple) else dict(shape)


def _told(shape: Shape) -> str:
    return str(list(shape) if isinstance(shape, tuple) else dict(shape))
