"""Attacks by name, a user's own among them, and what is refused of what they return."""

from pathlib import Path

import numpy as np
import pytest

from ml.attacks.backdoor import Trigger, backdoor_replacement
from ml.attacks.coalition import Coalition, Shard
from ml.attacks.labels import anti, random_flip, static_flip
from ml.attacks.registry import ATTACKS, crafted, load_attack, trigger_in
from ml.attacks.votes import VOTES, Findings
from ml.errors import AttackError, MLError
from ml.tasks.targets import Labels, Numbers
from ml.updates.schema import Schema

SIZE = 2
OWN = "import numpy as np\n\ndef push(coalition, far=1.0):\n    return {}\n"


def shard(target=None, outputs=0.0):
    inputs = np.arange(8, dtype=np.float32).reshape(4, 2)
    targets = np.array([0, 1, 1, 0], dtype=np.float32)
    return Shard(inputs, targets, target or Labels(), lambda: np.full(4, outputs), np.random.default_rng(0))


def coalition(taught=None):
    """Members whose rows make ones of a parent of zeros; what they are taught is kept in `taught`."""

    def teach(poison, weight, count):
        if taught is not None and poison is not None:
            taught.append((*poison(shard(outputs=2.0)), weight))
        return np.ones((count, SIZE))

    schema = Schema.of([("weight", (1, 1)), ("bias", (1,))])
    parent = np.zeros(SIZE)
    return Coalition(parent, teach, 2, 3, 5, schema, parent, 0, base=np.array([-1.0]))


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - {"rescaled"}))  # That needs two layers.
def test_every_attack_sends_a_finite_update_a_seat(name):
    assert crafted(ATTACKS[name], name, {}, coalition()).shape == (2, SIZE)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("np.full((2, 2), np.nan)", "is not finite"),
        ("np.zeros(2)", r"float64 \[2\]; expected numbers \[2, 2\]"),
        ("np.zeros((3, 2))", r"\[3, 2\]; expected"),
        ("'words'", r"expected numbers \[2, 2\]"),
        ("1 / 0", "own.py, line 4: ZeroDivisionError"),
        ("None", r"push returned NoneType; expected numbers \[2, 2\], a row for each seat"),
        ("[[1.0], [2.0, 3.0]]", r"push returned list; expected numbers \[2, 2\]"),
        ("(row for row in np.zeros((2, 2)))", "push returned generator; expected"),
        ("np.ma.masked_array(np.zeros((2, 2)), True)", "push returned MaskedArray; expected"),
        ("np.zeros((2, 2), complex)", r"push returned complex128 \[2, 2\]; expected"),
    ],
)
def test_what_a_users_attack_returns_is_checked(tmp_path, returned, words):
    file = tmp_path / "own.py"
    file.write_text(OWN.format(returned))
    name = f"{file}:push"
    with pytest.raises(MLError, match=words):
        crafted(load_attack(name, {}), name, {}, coalition())


def test_a_users_attack_may_return_tensors_and_lists(tmp_path):
    file = tmp_path / "own.py"
    for returned in ("__import__('torch').ones(2, 2, requires_grad=True)", "[[1, 1], [1, 1]]"):
        file.write_text(OWN.format(returned))
        assert (crafted(load_attack(f"{file}:push", {}), f"{file}:push", {}, coalition()) == 1).all()


def test_a_users_attack_joins_by_file_and_by_module(tmp_path, monkeypatch):
    file = Path(tmp_path / "pushing.py")
    file.write_text(OWN.format("coalition.parent + far * np.ones((2, 2))"))
    monkeypatch.syspath_prepend(tmp_path)
    for name in (f"{file}:push", "pushing:push"):
        sent = crafted(load_attack(name, {"far": 3.0}), name, {"far": 3.0}, coalition())
        assert np.array_equal(sent, np.full((2, 2), 3.0))
        with pytest.raises(MLError, match="has no option 'near'; it has far"):
            load_attack(name, {"near": 1})


def test_unknown_names_list_the_known_ones():
    with pytest.raises(MLError, match=r"no attack 'flip'; use FILE.py:function or one of label-flip, .*alie"):
        load_attack("flip", {})
    with pytest.raises(MLError, match="nowhere.py"):
        load_attack("nowhere.py:attack", {})
    with pytest.raises(MLError, match="ml.attacks.labels has no function 'flup'"):
        load_attack("ml.attacks.labels:flup", {})


def test_flips_turn_the_targets_and_leave_the_inputs():
    taught = []
    static_flip(coalition(taught))
    random_flip(coalition(taught), divergence_weight=0.5)
    (inputs, static, weight), (_, drawn, near) = taught
    assert np.array_equal(inputs, shard().inputs) and (weight, near) == (0.0, 0.5)
    assert np.array_equal(static, [1, 0, 0, 1])
    assert sorted(drawn) == [0, 0, 1, 1] and not np.array_equal(drawn, shard().targets)


def test_anti_trains_towards_the_parents_answer_turned_about_the_base():
    taught = []
    anti(coalition(taught))
    # z = 2, b = −1: towards σ(2b − z) = σ(−4).
    assert np.allclose(taught[0][1], 1 / (1 + np.exp(4)))
    with pytest.raises(AttackError, match="labels of yes or no"):
        Coalition(**{**vars(coalition()), "base": None}) and anti(
            Coalition(**{**vars(coalition()), "base": None})
        )


def test_a_backdoor_marks_a_share_of_the_rows_and_answers_them():
    taught = []
    sent = backdoor_replacement(coalition(taught), share=0.5, width=1, value=9.0)
    inputs, targets, _ = taught[0]
    marked = inputs[:, -1] == 9.0
    assert 0 < marked.sum() < 4 and (targets[marked] == 1).all()
    assert np.array_equal(inputs[~marked], shard().inputs[~marked])
    assert np.array_equal(targets[~marked], shard().targets[~marked])
    assert np.allclose(sent, 5 / 2)  # n/k times a change of one.


def test_a_backdoor_is_refused_where_rows_cannot_be_marked_or_answered():
    trigger = trigger_in("backdoor", {"goal": 0, "share": 0.2})
    assert trigger == Trigger(goal=0) and trigger_in("sign-flip", {}) is None
    for inputs in ({"text": np.zeros((2, 2))}, np.zeros((2, 2), dtype=np.int64)):
        with pytest.raises(AttackError, match="other inputs"):
            trigger.marked(inputs)
    with pytest.raises(AttackError, match="not Numbers"):
        trigger.answered(Numbers(), np.zeros(2))


FOUND = Findings({3: 0b011, 5: 0b110}, published=0b111, own=0b001)


@pytest.mark.parametrize(
    ("way", "ballots"),
    [
        ("honest", {3: 0b011, 5: 0b110}),
        ("flip", {3: 0b100, 5: 0b001}),
        ("own", {3: 0b001, 5: 0b001}),
        ("always-yes", {3: 0b111, 5: 0b111}),
        ("always-no", {3: 0, 5: 0}),
        ("against-rivals", {3: 0b001, 5: 0}),
        ("copy", {3: 0b011, 5: 0b011}),
        ("abstain", {}),
    ],
)
def test_a_coalition_votes_as_it_says(way, ballots):
    assert dict(VOTES[way](FOUND)) == ballots
    assert len(VOTES) == 8
