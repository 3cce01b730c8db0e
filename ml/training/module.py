"""Any PyTorch module as a learner: clients train one after another, in the memory of one model."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.attacks.labels import objective
from ml.blame import blamed
from ml.data.rows import Inputs, Rows, Shape, Targets, are_same, batch, length
from ml.device import use_threads
from ml.errors import SchemaError, TaskError
from ml.messages import quoted
from ml.models.module_state import ModuleState
from ml.settings import TrainingSettings
from ml.tasks.batches import as_tensors
from ml.tasks.context import Context, forward
from ml.tasks.task import Task
from ml.training.draws import seeded_draws
from ml.training.learner import Trainer, TrainingJob, check_jobs
from ml.updates.schema import Schema

_CHUNK_ROWS = 128  # Of DenseNet121 at 224 × 224, about 1 GB of activations.
_TYPES = re.compile(
    "dtype|datatype|scalar type|Input type|result type|tensor of type|as indices must|not implemented for '|"
    "only .* types of"
)
"""What PyTorch says where a layer is given numbers of another type than it takes."""
_OF_TYPES = "what a layer computes with is made astype('float32') in rows(), what it looks up astype('int64')"
_CONSTANTS = 0
"""Seed under which a module is made: what it draws and never trains is then everyone's."""


class ModuleLearner:
    """The `Learner` of a task's module.

    One model is on the device at a time, with one batch of rows; the rest stays where it is.

    Args:
        task: What makes the module, and judges it.
        row: Shape of a row's inputs.
        label: Shape of a row's targets.
        device: Where to compute.
        trainer: A member's own training; none for the task's.
    """

    def __init__(
        self, task: Task, row: Shape, label: Shape, device: str = "cpu", trainer: Trainer | None = None
    ) -> None:
        self.target = task.target
        self.row_shape = row
        self.label_shape = label
        self._task = task
        self._trainer = trainer or task.train
        self._device = device
        self._module = make_module(task, row, label).to(device)
        self._threads = torch.get_num_threads()
        self._state = ModuleState(self._module)
        self.schema = self._state.schema
        torch.backends.cudnn.allow_tf32 = False

    @property
    def constants(self) -> bytes:
        """32 bytes that differ when anything does that the module has and never trains."""
        return self._state.constants

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a model to start from: the task's for a seed, or else what the module draws under it."""
        with blamed("initial_parameters"):
            found: Any = self._task.initial_parameters(self.schema, self._module, seed)
        if found is not None:
            return _first_model(found, self.schema)
        drawn = make_module(self._task, self.row_shape, self.label_shape, seed)
        return ModuleState(drawn).store()

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of `start`, in the order of `jobs`; see `Learner`."""
        check_jobs(self, jobs)
        use_threads(self._threads)
        return [self._train_one(start, job, settings) for job in jobs]

    def predictor(self, sets: Sequence[Inputs]) -> "ModulePredictor":
        """Return `sets` of rows, whose batches go to the device when they are needed."""
        what = f"the module, given rows of {_told(self.row_shape, sets[0] if sets else None)},"
        return ModulePredictor(sets, self._module, self._state, self._device, self._threads, what)

    def losses(self, outputs: Any, targets: Targets) -> NDArray[np.float64]:
        """Return the task's loss of each row, float64 [rows]; see `Learner`."""
        is_theirs = type(self._task).losses is not Task.losses
        with torch.inference_mode(), blamed("losses", is_theirs):
            found: Any = self._task.losses(as_tensors(outputs, "cpu"), as_tensors(targets, "cpu"))
        if not isinstance(found, torch.Tensor):
            raise TaskError(f"losses returns {type(found).__name__}, expected a tensor of one number a row")
        if found.is_complex() or found.layout != torch.strided or found.is_meta:
            raise TaskError(
                f"losses returns a tensor of {found.dtype}, {found.layout}, on {found.device}; expected one "
                "plain number a row"
            )
        losses: NDArray[np.float64] = found.detach().cpu().double().numpy()
        return losses

    def metrics(self, outputs: Any, targets: Targets) -> Mapping[str, float]:
        """Return the task's own figures; see `Learner`."""
        return figures_of(self._task, outputs, targets)

    def unsent(self, X: Inputs) -> Sequence[str]:
        """Return what the last training changed, and is put back, on which outputs depend; see `Learner`."""
        if not (changed := self._state.changed()):
            return ()
        predictor = self.predictor([X])
        trained = predictor.present()
        self._state.put_back()
        return () if are_same(trained, predictor.present()) else changed

    def _train_one(
        self, start: NDArray[np.float32], job: TrainingJob, settings: TrainingSettings
    ) -> NDArray[np.float32]:
        goal = objective(self.target, job.y, job.attack)
        context = Context(job.seed, job.round, self._device, settings, job.secret)
        self._state.load(start)
        self._state.to_training()
        with (
            seeded_draws(job.seed, self._device),
            torch.enable_grad(),
            _held_near(self._state.trained, goal.divergence_weight),
            blamed("training"),
        ):
            self._trainer(self._module, Rows(job.X, goal.labels), context)
        self._state.require_in_place()
        return self._state.store()


def _first_model(found: Any, schema: Schema) -> NDArray[np.float32]:
    """What a task's code says the first model is, once it is one."""
    if not isinstance(found, np.ndarray) or found.shape != (schema.size,) or found.dtype.kind != "f":
        what = f"{found.dtype} {list(found.shape)}" if hasattr(found, "dtype") else type(found).__name__
        raise TaskError(
            f"initial_parameters returns {what}; expected a NumPy array float32 [{schema.size}], of all "
            "parameters one after another"
        )
    return found.astype(np.float32, copy=False)


def _told(shape: Shape, rows: Inputs | None) -> str:
    """A row's shape in words, and its type where that may be the matter: [24], clicks int64 [20] and x []."""
    if isinstance(shape, Mapping):
        parts = rows if isinstance(rows, Mapping) else {}
        return " and ".join(f"{name} {_told(of, parts.get(name))}" for name, of in shape.items())
    kind = f"{rows.dtype} " if isinstance(rows, np.ndarray) and rows.dtype != np.float32 else ""
    return f"{kind}{list(shape)}"


def _figure(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TaskError(f"metrics returns {quoted(value)} for {quoted(name)}, expected a number") from error


class ModulePredictor:
    """Sets of rows on which models of one module are tried; each set by itself, in chunks."""

    def __init__(
        self,
        sets: Sequence[Inputs],
        module: nn.Module,
        state: ModuleState,
        device: str,
        threads: int,
        what: str,
    ) -> None:
        self._what = what
        self._threads = threads
        self._sets = sets
        self._module = module
        self._state = state
        self._device = device

    def outputs(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[Any]:
        """Return the outputs [rows, ...] of a model [size] on each of the sets named by number."""
        if not sets:
            return []
        use_threads(self._threads)
        self._state.load(params)
        return self._present(sets)

    def present(self) -> Any:
        """Return the outputs of the module as it stands on the first set."""
        return self._present([0])[0]

    def _present(self, sets: Sequence[int]) -> list[Any]:
        self._module.eval()
        try:
            # In inference mode TorchScript does not run any more once it was trained.
            with torch.no_grad(), blamed(self._what):
                return [self._of_set(self._sets[number]) for number in sets]
        except TaskError as error:
            if not _TYPES.search(str(error.__cause__)):
                raise
            raise TaskError(f"{error}; {_OF_TYPES}") from error

    def _of_set(self, rows: Inputs) -> Any:
        starts = range(0, length(rows), _CHUNK_ROWS)
        return joined_outputs(
            [
                forward(
                    self._module, as_tensors(batch(rows, slice(start, start + _CHUNK_ROWS)), self._device)
                )
                for start in starts
            ]
        )


def figures_of(task: Task, outputs: Any, targets: Targets) -> Mapping[str, float]:
    """Return a task's own figures of a module's outputs, for people.

    Raises:
        TaskError: When its code fails, or returns none by name.
    """
    with torch.inference_mode(), blamed("metrics"):
        found: Any = task.metrics(as_tensors(outputs, "cpu"), as_tensors(targets, "cpu"))
        if not isinstance(found, Mapping):
            raise TaskError(f"metrics returns {type(found).__name__}, expected figures by name in a dict")
        return {str(name): _figure(str(name), value) for name, value in found.items()}


def make_module(task: Task, row: Shape, label: Shape, seed: int = _CONSTANTS) -> nn.Module:
    """Return a task's module for rows and targets of these shapes, made under a seed.

    Raises:
        SchemaError: When the task makes something else.
    """
    with seeded_draws(seed, "cpu"), blamed("module"):
        made = task.module_for(row, label)
    if not isinstance(made, nn.Module):
        raise SchemaError(f"the task's module() returns {type(made).__name__}, expected a torch.nn.Module")
    for name, tensor in chain(made.named_parameters(), made.named_buffers()):
        if tensor.is_meta:
            raise SchemaError(f"{name!r} of the module is on the device meta and has no values; give it some")
    return made


def joined_outputs(parts: Sequence[Any]) -> Any:
    """Return outputs of parts of a set as arrays float32 [rows, ...], by name where the module names them.

    Raises:
        SchemaError: When the module returns something else than tensors.
    """
    if isinstance(parts[0], dict):
        return {name: _joined([part[name] for part in parts], f" as {name!r}") for name in parts[0]}
    return _joined(parts)


def _joined(parts: Sequence[Any], where: str = "") -> NDArray[np.float32]:
    for part in parts:
        if not isinstance(part, torch.Tensor):
            raise SchemaError(
                f"the module returns {type(part).__name__}{where}; expected a tensor, or several in a dict"
            )
        if part.is_complex():
            raise SchemaError(f"the module returns {part.dtype}{where}; expected real numbers")
        if not part.ndim:
            raise SchemaError(f"the module returns one number{where}; expected outputs of each row")
    joined: NDArray[np.float32] = torch.cat(list(parts)).float().cpu().numpy()
    return joined


@contextmanager
def _held_near(models: Sequence[torch.Tensor], weight: float) -> Iterator[None]:
    """Add the gradient of λ·‖w − w_now‖² to every gradient inside, whoever computes and uses it."""
    if not weight:
        yield
        return
    hooks = [
        model.register_hook(_towards(model, model.detach().clone(), weight))  # type: ignore[no-untyped-call]
        for model in models
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _towards(model: torch.Tensor, origin: torch.Tensor, weight: float) -> Any:
    return lambda gradient: gradient.add(model.detach() - origin, alpha=2 * weight)
