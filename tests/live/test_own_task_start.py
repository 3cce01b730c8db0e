"""A task of one's own at a client's start: what is wrong is one sentence, before anything is sent."""

from dataclasses import replace

import numpy as np
import pytest
from live import FAST, found, node, signer, write_configuration
from own_tasks import SORTING, write_patients

from ml.errors import MLError
from ml.settings import ScoringSettings
from ml.tasks.loading import Named
from offchain.errors import OffchainError
from offchain.learning.describing import FoundersFiles, described
from offchain.live.client import start as client_start
from offchain.live.client.choices import ClientOptions
from offchain.live.client.own_data import DataOptions
from offchain.live.client.start import prepare

pytestmark = pytest.mark.usefixtures("warm_processes")

OWNER = signer(41)
LOSSES = "    def losses(self, outputs, targets):\n        return "
CROSS = "nn.functional.cross_entropy(outputs, targets, reduction='none')"
DRAWS = """
    def train(self, model, rows, context):
        import os
        with __import__("torch").no_grad():
            next(model.parameters())[0, 0] = os.urandom(1)[0] / 256
"""


@pytest.fixture(scope="module")
def consortium(compiled, tmp_path_factory):
    """A member of a deployment, which each test lets learn something else."""
    path = write_configuration(tmp_path_factory.mktemp("own"))
    with node() as running:
        yield found(running, compiled, path, [OWNER])


@pytest.fixture
def start(consortium, tmp_path, monkeypatch):
    """Prepares the member, as its client does, with a task's source and rows of its own.

    In this process, since another takes seconds to start; `test_learning_apart.py` has it there.
    """
    monkeypatch.setattr(Named, "is_foreign", False)
    deployment, chain = consortium

    def prepared(source=SORTING, rows=None, spoil=None, change=None, chosen=None, **data):
        task = tmp_path / "task.py"
        task.write_text(source)
        scoring = ScoringSettings(metric="likelihood", policy="verdict")
        learning = described(Named(f"{task}:Sorting", {}), (5,), (), scoring, 0, FoundersFiles())
        learning = learning.model_copy(update=change or {})
        if spoil is not None:
            spoil(task)
        if rows is None:
            write_patients(tmp_path / "own.npz", seed=1)
        else:
            np.savez(tmp_path / "own.npz", **rows)
        there = replace(
            deployment,
            configuration=deployment.configuration.model_copy(update={"learning": learning}),
            parameters=replace(deployment.parameters, rules=learning.rules),
        )
        options = ClientOptions(
            data=replace(DataOptions(path=tmp_path / "own.npz"), **data),
            stores=(str(tmp_path / "store"),),
            cache=tmp_path / "cache",
            sending=FAST,
            store_patience=0,
            **(chosen or {}),
        )
        return prepare(chain, there, OWNER.address, options, None)

    return prepared


@pytest.fixture
def refused(start, consortium):
    def check(told, **more):
        before = consortium[1].nonce(OWNER.address)
        with pytest.raises((OffchainError, MLError), match=told) as raised:
            start(**more)
        assert "\n" not in str(raised.value)
        assert consortium[1].nonce(OWNER.address) == before

    return check


def patients(count=160, inputs=5):
    draws = np.random.default_rng(1)
    x = draws.standard_normal((count, inputs)).astype(np.float32)
    return {"x": x, "y": (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)}


def test_who_has_the_founders_task_is_ready(start):
    ready = start()
    assert ready.learning is not None and ready.learning.samples == 128 and ready.learning.told == []
    assert "task.py:Sorting, digest 0x" in ready.task


def test_a_start_has_the_seconds_that_its_owner_gives_it(refused, monkeypatch):
    def held(opening, limits):
        raise OffchainError(f"held to {limits.start:g} s")

    monkeypatch.setattr(client_start, "member_learning", held)
    refused("^held to 900 s$")
    refused("^held to 7 s$", chosen={"start_seconds": 7.0})


@pytest.mark.parametrize(
    ("told", "spoil"),
    [
        ("there is no task file .*task.py", lambda task: task.unlink()),
        ("here has digest 0x.*the deployment's is 0x", lambda task: task.write_text("1 / 0\n" + SORTING)),
        ("is no Python", lambda task: task.write_text("class Sorting(Task:")),
    ],
    ids=["missing", "another", "no Python"],
)
def test_a_task_that_is_not_the_founders_does_not_run(refused, told, spoil):
    refused(told, spoil=spoil)


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        (
            r"the rows have shape \[4\] with targets \[\]; .* takes \[5\] with targets \[\]",
            patients(inputs=4),
        ),
        (
            "row 3 has an input that is not finite",
            patients() | {"x": np.where(np.arange(800) == 15, np.nan, 1.0).reshape(160, 5)},
        ),
        (
            "the target of row 0 is 7; classes are whole numbers from 0 to 2",
            patients() | {"y": np.full(160, 7)},
        ),
        (r"training rows have one outcome only \(ill\)", patients() | {"y": np.zeros(160, int)}),
        ("3 rows are too few", patients(count=3)),
        ("rows need as many of each", patients() | {"y": np.zeros(9, int)}),
        ("rows failed in .*task.py, line 18: KeyError", {"x": np.ones((9, 5))}),
    ],
    ids=["shape", "NaN", "no class", "one outcome", "few", "lengths", "fails"],
)
def test_rows_that_a_task_cannot_learn_from_are_told(refused, told, rows):
    refused(told, rows=rows)


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ("a row's loss is -.*; each must be finite and at least 0", f"{LOSSES}-{CROSS}\n"),
        ("a loss must be of its row only", f"{LOSSES}{CROSS} * outputs.std()\n"),
        ("differ from one time to the next", f"{LOSSES}{CROSS} * __import__('torch').rand(1)\n"),
        (r"losses of 32 rows have shape \[\]", f"{LOSSES}{CROSS}.mean()\n"),
        ("training the same rows twice gives two updates", DRAWS),
        ("no setting 'local_epoks'; did you mean 'local_epochs'", '    simulation = {"local_epoks": 4}\n'),
        ("simulation: batch: Input should be greater than", '    simulation = {"batch": 0}\n'),
    ],
    ids=["negative", "neighbours", "chance", "one for all", "training", "setting", "batch"],
)
def test_a_task_that_nobody_could_judge_or_recover_by_is_told(refused, told, more):
    refused(told, source=SORTING + more)


@pytest.mark.parametrize(
    ("told", "change"),
    [
        ("the first model, the seed's, has root 0x", {"genesis_seed": 1}),
        ("never trains is other here", {"constants": "0x" + 64 * "0"}),
        ("has other parameters here", {"parameters": ({"other": (4,)},)}),
    ],
)
def test_a_module_or_first_model_that_is_another_here_is_told(refused, told, change):
    refused(told, change=change)


def test_training_of_ones_own_is_bound_by_nothing_and_what_it_risks_is_said(start, tmp_path, refused):
    own = "import os\n\ndef train(model, rows, context):\n    import torch\n    with torch.no_grad():\n"
    (tmp_path / "own.py").write_text(
        own + "        next(model.parameters())[0, 0] = os.urandom(1)[0] / 256\n"
    )
    ready = start(train=f"{tmp_path / 'own.py'}:train")
    (told,) = ready.learning.told
    assert "training twice gives two updates: keep --cache" in told
    genesis = ready.learning.genesis
    changed = np.flatnonzero(ready.learning.update([genesis], 1, secret=1).update != genesis)
    assert changed.tolist() in ([0], [])
    refused("has no function 'nothing'", train=f"{tmp_path / 'own.py'}:nothing")
    refused("is no FILE.py:function", train="own")
