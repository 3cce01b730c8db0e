"""A verified global model as a file that any framework reads: safetensors, with JSON beside it."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.numpy import save

from ml.private_files import write_whole
from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import SCALE, decode
from ml.updates.schema import Schema
from offchain.live.verifying.lineage import GlobalModel


def description(model: GlobalModel, schema: Schema, more: Mapping[str, object]) -> dict[str, object]:
    """Return what is worth knowing about a model, as JSON has it.

    Args:
        model: The model.
        schema: Its parameters' names, shapes and order.
        more: What else the reader should know: deployment, chain, learning rules.
    """
    return {
        **more,
        "round": model.round,
        "model": "0x" + model.id.hex(),
        "digest": "0x" + digest(to_bytes(model.parameters), schema).hex(),
        "schema": "0x" + schema.digest.hex(),
        "parameters": schema.size,
        "scale": SCALE,
        "tensors": {name: list(shape) for name, shape in schema.entries},
    }


def export(path: Path, model: GlobalModel, schema: Schema, more: Mapping[str, object]) -> tuple[Path, Path]:
    """Write a model as float32 tensors, with its description inside and in a JSON file beside it.

    The floats are the integers that were agreed on, divided by 2^20: whoever encodes them again comes back to
    the same digest.

    Args:
        path: The safetensors file; the description gets the suffix .json.
        model: The model.
        schema: Its schema.
        more: See `description`.

    Returns:
        Both paths.

    Raises:
        OSError: When a file cannot be written.
    """
    values = decode(model.parameters)
    tensors = {name: values[place].reshape(shape).copy() for name, shape, place in schema.slices()}
    told = description(model, schema, more)
    beside = path.with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(tensors, metadata={name: json.dumps(value) for name, value in told.items()}))
    write_whole(beside, json.dumps(told, indent=2) + "\n")
    return path, beside
