"""The first global model: the same wherever it is made, or read from the founders' file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from ml.errors import TaskError, UpdateError
from ml.messages import examples, reason
from ml.private_files import opened, write_whole
from ml.seeds import derive_seed
from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import decode, encode_named
from ml.updates.schema import Schema
from ml.updates.statistics import as_sent
from ml.updates.tensors import tensors_in
from offchain.errors import SettingsError
from offchain.learning.description import Learning
from offchain.learning.finding import Here, beside
from offchain.system_errors import of_the_system

if TYPE_CHECKING:
    from ml.training import Learner

_GENESIS = 3  # Under a run's seed; other paths are data, cast and training.


def genesis_model(learner: "Learner", seed: int) -> NDArray[np.int32]:
    """Return the parameters int32 [size], in fixed point, with which a run of `seed` starts."""
    drawn = learner.initial_parameters(derive_seed(seed, _GENESIS))
    return encode_named(drawn, learner.schema, "the first model")


def repeated_genesis(learner: "Learner", seed: int) -> NDArray[np.int32]:
    """Return `genesis_model`, once a second one of a task's own code is the same.

    Nobody could make the first model again else, or what of the module is constant.

    Raises:
        TaskError: When it is another.
    """
    first, second = genesis_model(learner, seed), genesis_model(learner, seed)
    if first.shape == (learner.schema.size,) and np.array_equal(first, second):
        return first
    raise TaskError(
        f"the task's module() makes another model each time under seed {seed}: let PyTorch, NumPy or Python "
        "draw, and seed none of them"
    )


def write_genesis(path: Path, first: NDArray[np.int32], schema: Schema) -> None:
    """Write a model int32 [size] as safetensors: floats that `genesis_in` encodes to the same integers.

    Raises:
        SettingsError: When the file cannot be written.
    """
    values = decode(first)
    tensors = {name: values[place].reshape(shape).copy() for name, shape, place in schema.slices()}
    try:
        write_whole(path, save(tensors))
    except OSError as error:
        raise SettingsError(of_the_system(error, at=path)) from error


def genesis_in(path: Path, schema: Schema) -> NDArray[np.int32]:
    """Return the first model that a safetensors file holds, int32 [size].

    Raises:
        SettingsError: When it is not there, or of other tensors.
    """
    try:
        with opened(path, follow=True) as file:
            tensors = as_sent(tensors_in(file.read()))
    except (OSError, ValueError) as error:
        todo = "; what writes one is safetensors.torch.save_file, of float32 tensors by name"
        raise SettingsError(
            f"genesis {path} cannot be read as safetensors ({reason(error)})"
            + (todo if isinstance(error, ValueError) else "")
        ) from error
    model = np.empty(schema.size, dtype=np.float32)
    for name, shape, place in schema.slices():
        found = tensors.pop(name, None)
        if found is None or found.shape != shape:
            has = _has(tensors, schema) if found is None else list(found.shape)
            raise SettingsError(
                f"genesis {path}: tensor {name} of shape {list(shape)} was expected, it has {has}"
            )
        if found.dtype.kind not in "fiu":
            raise SettingsError(
                f"genesis {path}: tensor {name} is of {found.dtype}, real numbers were expected"
            )
        model[place] = found.astype(np.float32).ravel()
    if tensors:
        raise SettingsError(
            f"genesis {path} has the tensor {sorted(tensors)[0]}, which the module does not train: leave out "
            "what is frozen"
        )
    try:
        return encode_named(model, schema, f"genesis {path}")
    except UpdateError as error:
        raise SettingsError(str(error)) from error


def _has(tensors: Mapping[str, object], schema: Schema) -> str:
    """What a file has in place of a tensor that is not there."""
    others = sorted(tensors.keys() - {name for name, _ in schema.entries})
    return f"none of that name, but {examples(others)}" if others else "none"


def genesis_of(
    learning: Learning, folder: Path | None, learner: Callable[[], "Learner"]
) -> NDArray[np.int32]:
    """Return the first model of a description, int32 [size].

    Args:
        learning: The description.
        folder: Of the description's file, beside which its own are looked for.
        learner: Makes what learns its task; asked for where no file of the model is handed out.

    Raises:
        SettingsError: When the model is not the one that the description binds.
    """
    if learning.genesis is None:
        return _bound(learning, genesis_model(learner(), learning.genesis_seed), "the seed's")
    path = beside(folder, learning.genesis)
    return _bound(learning, genesis_in(path, learning.schema_), str(path))


def first_model(learning: Learning, here: Here) -> NDArray[np.int32]:
    """Return the first model; the task runs only where no file of the model is handed out.

    Raises:
        SettingsError: When it is not the one that the description binds, or the task is another.
        TaskError: When the task cannot be loaded.
    """

    # Here, since it brings torch, for which whoever verifies has no other use.
    def learner() -> "Learner":
        from offchain.learning.describing import learner_of, task_of

        return learner_of(learning, task_of(learning, here))

    return genesis_of(learning, here.folder, learner)


def require_bound(learning: Learning, first: NDArray[np.int32], where: str) -> None:
    """Raise SettingsError unless a first model, from somewhere, is the one that a description binds."""
    root = "0x" + digest(to_bytes(first), learning.schema_).hex()
    if root != learning.genesis_root:
        todo = "" if learning.genesis is None else ": get the founders' file"
        raise SettingsError(
            f"the first model, {where}, has root {root} here, the deployment's is "
            f"{learning.genesis_root}{todo}"
        )


def _bound(learning: Learning, first: NDArray[np.int32], where: str) -> NDArray[np.int32]:
    require_bound(learning, first, where)
    return first
