"""A first model's file, which founders hand out: read as it is meant, or refused in one sentence."""

import json
import os
import struct

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from safetensors.torch import save_file
from torch import nn

from ml.models.module_state import ModuleState
from ml.updates.fixed_point import encode
from ml.updates.schema import Schema
from offchain.errors import SettingsError
from offchain.learning.genesis import genesis_in, write_genesis

SCHEMA = Schema.of([("w", (2,))])


def held(content, data=b""):
    header = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(header)) + header + data


def tensor(dtype, size, shape=(2,)):
    return {"w": {"dtype": dtype, "shape": list(shape), "data_offsets": [0, size]}}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_numbers_of_any_width_are_the_same_model(tmp_path, dtype):
    file = tmp_path / "g"
    file.write_bytes(save({"w": np.array([0.5, -2], dtype)}))
    assert genesis_in(file, SCHEMA).tolist() == [2**19, -(2**21)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot be read as safetensors"),
        (b"\xff" * 9, "cannot be read as safetensors"),
        (held(b"[" * 100_000), "cannot be read as safetensors"),
        (held(tensor("F32", 8, (2**40,)), b"\0" * 8), "cannot be read as safetensors"),
        (held(tensor("I64", 0, (0, 2**62, 2**62))), "cannot be read as safetensors"),
        (held(tensor("BF16", 4), b"\0" * 4), "a type that NumPy has not: .*(BF16|bfloat16)"),
        (held(tensor("F8_E4M3", 2), b"\0" * 2), "a type that NumPy has not"),
        (held(tensor("C64", 16), b"\0" * 16), "tensor w is of complex64, real numbers were expected"),
        (held(tensor("BOOL", 2), b"\0\1"), "tensor w is of bool, real numbers were expected"),
        (held(tensor("F32", 8), b"\xff" * 8), "has nan in 'w'; a finite value"),
        (save({"w": np.array([1, 5000], np.float32)}), "has 5000.0 in 'w'; a finite value"),
        (save({"w": np.zeros(3, np.float32)}), r"of shape \[2\] was expected, it has \[3\]"),
        (
            save({"w": np.zeros(2, np.float32), "v": np.zeros(1)}),
            "has the tensor v, which the module does not train: ",
        ),
        (save({"module.w": np.zeros(2, np.float32)}), "it has none of that name, but 'module.w'$"),
        (
            b"\x80\x02}q\x00." * 9,
            "what writes one is safetensors.torch.save_file, of float32",
        ),
    ],
    ids=range(15),
)
def test_what_is_none_is_one_sentence_with_the_files_name(tmp_path, content, told):
    file = tmp_path / "g.safetensors"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"genesis .*g.safetensors.*{told}"):
        genesis_in(file, SCHEMA)


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "g")
    with pytest.raises(SettingsError, match="it is no plain file"):
        genesis_in(tmp_path / "g", SCHEMA)


def test_a_modules_state_is_read_as_it_is_sent(tmp_path):
    """As `safetensors.torch.save_file` writes a `state_dict`: variances, and counters that nobody is sent."""
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    module.train()
    module(torch.randn(64, 3) * 5)
    state = ModuleState(module)
    save_file(module.state_dict(), tmp_path / "g")
    np.testing.assert_array_equal(genesis_in(tmp_path / "g", state.schema), encode(state.store()))
    write_genesis(tmp_path / "again", encode(state.store()), state.schema)
    np.testing.assert_array_equal(genesis_in(tmp_path / "again", state.schema), encode(state.store()))
