"""What founders write of a task, and what a member finds of it before it stakes."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from ml.errors import DataError, TaskError
from ml.judging.policy import DEFAULT, EVIDENCE, NAMED
from ml.settings import TrainingSettings
from ml.training.learner import TrainingJob
from offchain.errors import SettingsError
from offchain.learning.describing import common_learning
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from scripts.task import cli as task

OWN = """
import numpy as np
from torch import nn
from stakefed import Classes, Rows, Task

class Own(Task):
    target = Classes(3)
    takes = "an .npz"
    def module(self): return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3))
    def rows(self, path):
        with np.load(path) as file:
            return Rows(file["x"], file["y"])
"""


def write_rows(path, count=60):
    draws = np.random.default_rng(3)
    x = draws.standard_normal((count, 4)).astype(np.float32)
    np.savez(path, x=x, y=(x[:, 0] > 0).astype(int) + (x[:, 1] > 0))


@pytest.fixture
def founders(tmp_path):
    """A folder with a task, rows that all may know, and a configuration without learning."""
    (tmp_path / "own.py").write_text(OWN)
    write_rows(tmp_path / "public.npz")
    (tmp_path / "net.yaml").write_text("network: ethereum:local\n")
    return tmp_path


def describe(folder, *more, code=0):
    arguments = ["describe", "--task", f"{folder}/own.py:Own", "--data", f"{folder}/public.npz"]
    arguments += ["--probe", f"{folder}/public.npz", "--into", f"{folder}/net.yaml", *more]
    result = CliRunner().invoke(task, arguments)
    assert result.exit_code == code, result.output
    return result.output


def described(folder, *more):
    describe(folder, *more)
    return Learning.model_validate(yaml.safe_load((folder / "net.yaml").read_text())["learning"])


def moved(folder, tmp_path):
    """The founders' files in another folder, as a member has them, and no longer where they were."""
    there = tmp_path / "member"
    there.mkdir()
    for file in [each for each in folder.rglob("*.*") if each.is_file()]:
        shutil.move(file, there / file.name)
    return there


@pytest.mark.parametrize("is_relative", [False, True])
def test_a_member_has_the_founders_learning_wherever_its_files_are(
    founders, tmp_path, monkeypatch, is_relative
):
    monkeypatch.chdir(founders.parent)
    (founders / "data").mkdir()
    shutil.move(founders / "public.npz", founders / "data")
    folder = Path(founders.name) if is_relative else founders
    public = f"{folder}/data/public.npz"
    learning = described(folder, "--data", public, "--probe", public)
    _, ours = common_learning(learning, Here(folder))
    there = moved(founders, tmp_path)
    _, theirs = common_learning(learning, Here(there))
    assert np.array_equal(ours.genesis, theirs.genesis)
    assert (learning.edition, learning.loss) == (2, "cross-entropy 1")
    assert len(learning.probe.genesis) == len(learning.probe.moved) == 8
    assert learning.probe.genesis != learning.probe.moved
    job = TrainingJob(np.zeros((4, 4), np.float32), np.zeros(4, np.int64), 1)
    assert len(theirs.updates(theirs.genesis, [job], TrainingSettings(), ["one"])) == 1


@pytest.mark.parametrize("file", ["own.py", "net.genesis.safetensors", "public.npz"])
def test_a_file_that_a_member_was_not_handed_is_told_where_it_should_be(founders, tmp_path, file):
    learning = described(founders)
    there = moved(founders, tmp_path)
    (there / file).unlink()
    with pytest.raises((SettingsError, TaskError, DataError), match=re.escape(f"{there}/{file}")):
        common_learning(learning, Here(there))


def test_the_drawn_first_model_is_kept_beside_the_configuration(founders):
    learning = described(founders)
    assert Path(learning.genesis) == founders / "net.genesis.safetensors"
    tensors = load_file(learning.genesis)
    assert {name: tensor.shape for name, tensor in tensors.items()} == dict(learning.schema_.entries)


def refused(learning, here, told):
    with pytest.raises(SettingsError, match=told) as raised:
        common_learning(learning, here)
    assert "\n" not in str(raised.value)


def test_another_task_does_not_run(founders):
    learning = described(founders)
    (founders / "own.py").write_text("raise SystemExit('it ran')\n" + OWN)
    refused(learning, Here(), "here has digest 0x.*, the deployment's is 0x.*: get the founders' files")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t | {"0.weight": t["0.weight"][:3]}, r"tensor 0.weight of shape \[8, 4\] was expected"),
        (lambda t: {k: v for k, v in t.items() if k != "3.bias"}, "tensor 3.bias .* it has none"),
        (lambda t: t | {"more": t["3.bias"]}, "has the tensor more, which the module does not train"),
        (
            lambda t: t | {"3.bias": t["3.bias"] + 1},
            "has root 0x.* here, the deployment's is 0x.*: get the founders' file",
        ),
    ],
    ids=["another shape", "one is missing", "one more", "another value"],
)
def test_another_first_model_is_refused(founders, change, told):
    learning = described(founders)
    save_file(change(load_file(learning.genesis)), learning.genesis)
    refused(learning, Here(), told)


def test_a_genesis_of_another_shape_is_described_by_nobody(founders):
    save_file({"0.weight": np.zeros((2, 2), np.float32)}, founders / "other.safetensors")
    before = (founders / "net.yaml").read_text()
    said = describe(founders, "--genesis", str(founders / "other.safetensors"), code=1)
    assert "tensor 0.weight of shape [8, 4] was expected, it has [2, 2]" in said
    assert (founders / "net.yaml").read_text() == before
    assert not (founders / "net.genesis.safetensors").exists()


def test_the_probe_finds_a_machine_that_judges_otherwise(founders):
    learning = described(founders)
    first = learning.probe.genesis
    for factor, told in ((1 + 5e-4, None), (1 + 5e-3, "row 0 of the probe loses .* install the versions")):
        losses = (max(1.0, first[0]) * (factor - 1) + first[0], *first[1:])
        probe = learning.probe.model_copy(update={"genesis": losses})
        changed = learning.model_copy(update={"probe": probe})
        if told is None:
            common_learning(changed, Here())
        else:
            refused(changed, Here(), told)


def test_rows_of_the_probe_that_are_others_are_refused(founders):
    learning = described(founders)
    write_rows(founders / "public.npz", count=50)
    refused(learning, Here(), "the probe's rows .* have digest 0x")


def test_rules_bind_a_policy_that_a_file_has(founders, tmp_path):
    file = tmp_path / "policy.yaml"
    more = EVIDENCE.tolerating(0.05)
    file.write_text(yaml.safe_dump({"policy": more.model_dump(mode="json", exclude_none=True)}))
    own = described(founders, "--policy", str(file))
    assert (own.policy, own.tests) == ("tests", more)
    assert own.rules != own.model_copy(update={"tests": EVIDENCE}).rules


def test_rules_follow_the_policy_with_its_numbers(founders):
    verdict = described(founders, "--policy", "verdict")
    (founders / "net.yaml").write_text("network: ethereum:local\n")
    former = described(founders, "--policy", "evidence")
    (founders / "net.yaml").write_text("network: ethereum:local\n")
    evidence = described(founders)
    assert (verdict.tests, former.tests, evidence.tests) == (None, EVIDENCE, NAMED[DEFAULT])
    stricter = evidence.tests.model_copy(update={"rows": 100})
    slower = evidence.reference.model_copy(update={"batch": 1})
    others = [
        evidence.model_copy(update={"tests": stricter}),
        evidence.model_copy(update={"reference": slower}),
    ]
    assert len({each.rules for each in (verdict, former, evidence, *others)}) == 5
    with pytest.raises(ValueError, match="policy evidence-by-training has tests and ref"):
        Learning.model_validate(evidence.model_dump() | {"tests": None})
    with pytest.raises(ValueError, match="policy verdict has no tests"):
        Learning.model_validate(evidence.model_dump() | {"policy": "verdict"})


def test_rules_bind_all_passes_of_training_where_references_have_them(founders):
    two = OWN.replace("target =", 'simulation = {"local_epochs": 2}\n    target =')
    (founders / "own.py").write_text(two)
    whole = described(founders)
    (founders / "net.yaml").write_text("network: ethereum:local\n")
    short = described(founders, "--policy", "evidence-and-contrast")
    assert (whole.reference.local_epochs, short.reference.local_epochs) == (2, 1)


def test_a_configuration_that_has_learning_keeps_it(founders):
    (founders / "net.yaml").write_text("learning: {}\n")
    assert "has learning already" in describe(founders, code=1)
    assert (founders / "net.yaml").read_text() == "learning: {}\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (OWN.replace("def module", "def other"), "task Own defines no module()"),
        (OWN.replace("def rows", "def other"), "task Own defines no rows(path)"),
        (OWN.replace("target = Classes(3)", "other = 1"), "declares no target"),
        (OWN.replace("from torch", "from tortch"), "ModuleNotFoundError: No module named 'tortch'"),
        (OWN.replace("nn.Linear(8, 3)", "nn.Linear(8, 2)"), "target Classes(3) takes"),
        (
            OWN
            + "    def losses(self, outputs, targets): return (outputs - outputs.mean(0)).square().sum(-1)",
            "a loss must be of its row only",
        ),
        (OWN.replace("return nn.Sequential", "return tuple; nn.Sequential"), "expected a torch.nn.Module"),
    ],
    ids=["no module", "no rows", "no target", "no import", "outputs", "neighbours", "no nn.Module"],
)
def test_a_task_by_which_nobody_could_learn_is_not_described(founders, source, told):
    (founders / "own.py").write_text(source)
    before = (founders / "net.yaml").read_text()
    said = describe(founders, code=1)
    assert told in said and said.count("\n") == 1
    assert (founders / "net.yaml").read_text() == before
    assert not (founders / "net.genesis.safetensors").exists()
