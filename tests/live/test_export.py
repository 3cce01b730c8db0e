import json

import numpy as np
import torch
from lineage_parts import played
from safetensors import safe_open
from safetensors.torch import load_file

from ml.training.perceptron import Perceptron
from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import decode, encode
from offchain.live.verifying.export import export
from offchain.live.verifying.lineage import GlobalModel


def test_plain_torch_reads_the_model_and_computes_the_same(tmp_path):
    game = played(rounds=2)
    model = GlobalModel(2, game.model, game.final)
    file, beside = export(tmp_path / "new" / "model.safetensors", model, game.schema, {"deployment": "here"})

    tensors = load_file(file)
    assert {name: tuple(t.shape) for name, t in tensors.items()} == dict(game.schema.entries)
    inputs = tensors["layer1.weight"].shape[0]
    network = torch.nn.Sequential(
        torch.nn.Linear(inputs, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 1),
    )
    for place, layer in zip((0, 2, 4), ("layer1", "layer2", "layer3"), strict=True):
        # The perceptron keeps weights as (in, out), torch's Linear as (out, in).
        weights = {"weight": tensors[f"{layer}.weight"].T, "bias": tensors[f"{layer}.bias"]}
        network[place].load_state_dict(weights)
    rows = np.random.default_rng(0).standard_normal((50, inputs)).astype(np.float32)
    with torch.no_grad():
        logits = network(torch.from_numpy(rows)).squeeze(1).numpy()
    predictor = Perceptron(inputs).predictor([rows])
    assert np.allclose(logits, predictor.outputs(decode(game.final), [0])[0], atol=1e-4)

    values = np.concatenate([tensors[name].numpy().ravel() for name, _ in game.schema.entries])
    assert np.array_equal(encode(values), game.final)
    told = json.loads(beside.read_text())
    assert told["digest"] == "0x" + digest(to_bytes(game.final), game.schema).hex()
    assert (told["deployment"], told["round"], told["model"]) == ("here", 2, "0x" + game.model.hex())
    with safe_open(file, "np") as opened:
        assert {name: json.loads(value) for name, value in opened.metadata().items()} == told
