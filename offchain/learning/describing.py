"""From a task to its description, and back to what learns it, checked against that."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ml.data.rows import Shape
from ml.errors import MLError
from ml.judging.metrics import metrics_of
from ml.settings import ScoringSettings
from ml.tasks.loading import Named
from ml.tasks.losses import VERSIONS
from ml.tasks.task import Task
from ml.training import Learner, Trainer, make_learner
from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import encode
from ml.updates.schema import Schema
from offchain.errors import SettingsError
from offchain.learning.common import CommonLearning
from offchain.learning.description import EDITION, Learning
from offchain.learning.genesis import genesis_model


def described(
    named: Named,
    row: Shape,
    label: Shape,
    scoring: ScoringSettings,
    seed: int,
    genesis: Path | None = None,
) -> Learning:
    """Return the description of a task for rows and targets of these shapes.

    Args:
        named: The task.
        row: Shape of a row.
        label: Shape of a row's targets.
        scoring: How voters judge.
        seed: Of shuffles, and of the first model where there is no file of it.
        genesis: Safetensors file of the first model.

    Raises:
        SettingsError: When task, shapes, score and first model do not fit each other.
        TaskError: When the task cannot be loaded.
    """
    task = named.load()
    if scoring.metric not in metrics_of(task.target):
        known = " or ".join(metrics_of(task.target))
        raise SettingsError(f"metric is {scoring.metric!r}, which {task.target} does not have; use {known}")
    learner = _learner(named.name, task, row, label)
    first = genesis_model(learner, seed) if genesis is None else genesis_in(genesis, learner.schema)
    return description_of(named, task, learner, scoring, seed, first, genesis)


def description_of(
    named: Named,
    task: Task,
    learner: Learner,
    scoring: ScoringSettings,
    seed: int,
    first: NDArray[np.int32],
    genesis: Path | None = None,
) -> Learning:
    """Return the description of a learner of a task with a first model int32 [size]."""
    own = type(task).losses is not Task.losses
    return Learning(
        edition=EDITION,
        policy=scoring.policy,
        metric=scoring.metric,
        tolerance=scoring.tolerance,
        task=named.name,
        task_options=dict(named.options),
        task_digest="0x" + named.digest.hex(),
        loss="own" if own else VERSIONS[type(task.target)],
        row_shape=_plain(learner.row_shape),
        label_shape=_plain(learner.label_shape),
        parameters=dict(learner.schema.entries),
        constants="0x" + learner.constants.hex(),
        genesis_seed=seed,
        genesis=None if genesis is None else str(genesis),
        genesis_root="0x" + digest(to_bytes(first), learner.schema).hex(),
    )


def task_of(learning: Learning, place: str | None = None, options: Mapping[str, Any] | None = None) -> Task:
    """Return the task that a description binds; nothing of it runs unless its digest is that one.

    Args:
        learning: The description.
        place: Where its file is here, with the class; none for what the description says.
        options: Options that name files which are elsewhere here.

    Raises:
        SettingsError: When the files or options here are others.
        TaskError: When it cannot be loaded.
    """
    named = Named(place or learning.task, {**learning.task_options, **(options or {})})
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


def genesis_of(learning: Learning, learner: Learner) -> NDArray[np.int32]:
    """Return the first global model, int32 [size].

    Raises:
        SettingsError: When it is not the one that the description binds.
    """
    if learning.genesis is None:
        first = genesis_model(learner, learning.genesis_seed)
    else:
        first = genesis_in(Path(learning.genesis), learner.schema)
    root = "0x" + digest(to_bytes(first), learner.schema).hex()
    if root != learning.genesis_root:
        where = "the seed's" if learning.genesis is None else learning.genesis
        raise SettingsError(
            f"the first model, {where}, has root {root} here, the deployment's is {learning.genesis_root}"
        )
    return first


def genesis_in(path: Path, schema: Schema) -> NDArray[np.int32]:
    """Return the first model that a safetensors file holds, int32 [size].

    Raises:
        SettingsError: When it is not there, or of other tensors.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise SettingsError(f"genesis {path} cannot be read as safetensors ({error})") from error
    model = np.empty(schema.size, dtype=np.float32)
    for name, shape, place in schema.slices():
        found = tensors.pop(name, None)
        if found is None or found.shape != shape:
            has = "none" if found is None else list(found.shape)
            raise SettingsError(
                f"genesis {path}: tensor {name} of shape {list(shape)} was expected, it has {has}"
            )
        model[place] = found.astype(np.float32).ravel()
    if tensors:
        raise SettingsError(
            f"genesis {path} has the tensor {sorted(tensors)[0]}, which the module does not train"
        )
    return encode(model)


def common_learning(
    learning: Learning, task: Task, device: str = "cpu", trainer: Trainer | None = None
) -> CommonLearning:
    """Return what all clients of a described task share."""
    learner = learner_of(learning, task, device, trainer)
    return CommonLearning(learner, genesis_of(learning, learner), learning.scoring)


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
