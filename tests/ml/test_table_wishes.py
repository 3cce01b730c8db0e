"""Tables without code: several targets, columns that are not what they look like, choices."""

import csv
import json
import re

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ml.errors import DataError, TaskError
from ml.settings import SplitSettings, TrainingSettings
from ml.tasks.federating import federate, read_rows
from ml.tasks.loading import Named
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.targets import Labels, Numbers
from ml.training import TrainingJob, make_learner
from ml.training.checks import check_learner
from offchain.settings import load_settings
from scripts.encoding import cli

ROWS = 300
DRAW = np.random.default_rng(11)
AGES = DRAW.integers(20, 90, ROWS)
AGAIN = np.where(AGES + DRAW.normal(0, 10, ROWS) > 55, "yes", "no")
DIED = np.where(AGES + DRAW.normal(0, 10, ROWS) > 75, "yes", "no")
STAY, COST = DRAW.normal(AGES / 5, 2).round(1), DRAW.normal(AGES * 30, 200).round()
POSTAL = DRAW.choice([1010, 1020, 1030], ROWS)


@pytest.fixture
def path(tmp_path):
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        rows = zip(AGES, POSTAL, AGAIN, DIED, STAY, COST, strict=True)
        csv.writer(file).writerows([("age", "postal", "again", "died", "stay", "cost"), *rows])
    return tmp_path / "rows.csv"


def task(path, targets, **wishes):
    form = fit(path, Wishes(targets, **wishes)).form
    (path.parent / "t.json").write_text(form.model_dump_json(exclude_none=True))
    return Named(str(path.parent / "t.json"), {}).load()


def test_several_outcomes_are_labels_of_one_model(path):
    made = task(path, ("again", "died"), drop=("stay", "cost"))
    assert made.target == Labels(2, names=("again", "died"))
    rows = read_rows(made, path)
    np.testing.assert_array_equal(rows.targets, np.stack([AGAIN == "yes", DIED == "yes"], axis=1))
    assert made.module()(torch.zeros(4, 2)).shape == (4, 2)


def test_several_amounts_are_numbers_of_one_model_each_standardised(path):
    made = task(path, ("stay", "cost"), drop=("again", "died"))
    assert made.target == Numbers(2, names=("stay", "cost"))
    targets = read_rows(made, path).targets
    np.testing.assert_allclose(targets.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(targets.std(0), 1, atol=1e-4)
    told = made.metrics(torch.zeros(ROWS, 2), torch.from_numpy(targets))
    assert told == {
        "error of stay": pytest.approx(STAY.std(), rel=1e-3),
        "error of cost": pytest.approx(COST.std(), rel=1e-3),
    }


def test_several_targets_are_learned_and_judged_and_one_that_is_missing_is_masked(path):
    made = task(path, ("again", "died"), drop=("stay", "cost"))
    lines = path.read_text().splitlines()
    lines[1] = f"{AGES[0]},1010,,yes,1,1"
    lines[2] = f"{AGES[1]},1010,,,1,1"
    path.write_text("\n".join(lines))
    rows = read_rows(made, path)
    assert rows.usage.used == ROWS - 1 and rows.usage.columns["again"].missing == 1
    assert np.isnan(rows.targets[0]).tolist() == [True, False] and not np.isnan(rows.targets[1:]).any()
    clients = federate(made, path, SplitSettings(clients=2, seed=1)).clients
    learner = make_learner(made, (2,), (2,))
    start = learner.initial_parameters(0)
    job = TrainingJob(clients[0].X_train, clients[0].y_train, seed=1)
    (trained,) = learner.train(start, [job], TrainingSettings(local_epochs=20, batch=16))
    before, after = (
        check_learner(learner, each, rows.inputs, rows.targets).loss for each in (start, trained)
    )
    assert after < 0.8 * before


REFUSED = {
    "mixed": (
        ("again", "stay"),
        "several targets are .* or all numbers; there are again of classes",
    ),
    "three outcomes": (("again", "postal"), "the target postal has 3 outcomes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_targets_that_do_not_go_together(path, case):
    targets, sentence = REFUSED[case]
    with pytest.raises(DataError, match=sentence):
        fit(path, Wishes(targets))


EDITS = {
    "neither": (dict(target=None), "give target, or targets"),
    "both": (dict(targets=[{"column": "a", "kind": "classes", "values": ["x", "y"]}] * 2), "and not both"),
    "one of several": (
        dict(target=None, targets=[{"column": "a", "kind": "classes", "values": ["x", "y"]}]),
        "targets: .*at least 2",
    ),
    "twice": (
        dict(target=None, targets=[{"column": "a", "kind": "classes", "values": ["x", "y"]}] * 2),
        "'a' stands there twice",
    ),
    "among inputs": (
        dict(
            target=None,
            targets=[{"column": name, "kind": "numbers", "mean": 0, "scale": 1} for name in ("spent", "age")],
        ),
        "the target 'age' is among the inputs",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_a_bad_edit_of_targets(path, case):
    made, (edit, sentence) = path.parent / "t.json", EDITS[case]
    task(path, ("again",))
    made.write_text(json.dumps(json.loads(made.read_text()) | edit))
    with pytest.raises(TaskError, match=sentence):
        Named(str(made), {}).load()


def test_a_number_that_is_a_code_is_a_category_when_the_founders_say_so(path):
    assert {each.kind for each in task(path, ("again",)).form.inputs if each.column == "postal"} == {"number"}
    said = task(path, ("again",), kinds={"postal": "category"}).form
    (postal,) = (each for each in said.inputs if each.column == "postal")
    assert postal.kind == "category" and postal.values == ("1010", "1020", "1030")


def encode(path, *more):
    out = path.parent / "out.json"
    return CliRunner().invoke(cli, ["--data", str(path), "--out", str(out), *more])


def test_the_number_that_is_told_to_stand_for_nothing_is_taken_as_it_is_told(tmp_path):
    lines = [
        f"{-99 if n % 9 == 0 else 40 + n % 50},{'yes' if n * 7919 % 11 > 4 else 'no'}" for n in range(600)
    ]
    path = tmp_path / "rows.csv"
    path.write_text("age,outcome\n" + "\n".join(lines))
    said = encode(path, "--target", "outcome").output
    (wish,) = re.findall(r"age is -99 in 67 cells.* say (--missing -99)\n", said)
    again = encode(path, "--target", "outcome", *wish.split())
    assert "67 gaps, which have an input" in again.output and "far from all" not in again.output
    assert read_rows(Named(str(tmp_path / "out.json"), {}).load(), path).usage.used == 600


@pytest.mark.parametrize("groups", [None, 2, 3, 5, 9, 10, 11, 20, 200])
def test_the_simulation_that_comes_next_can_share_its_rows_out(tmp_path, groups):
    lines = [f"{n % (groups or 1)},{n % 7},{'yes' if n * 7919 % 11 > 4 else 'no'}" for n in range(600)]
    (tmp_path / "rows.csv").write_text("GROUP,a,outcome\n" + "\n".join(lines))
    given = ("--group", "group") if groups else ()
    said = encode(tmp_path / "rows.csv", "--target", "outcome", *given).output
    told = f"GROUP has {groups} values, too few for clients that hold whole ones"
    assert (told in said) is (groups is not None and groups < 10)
    next_ = re.search(r"--clients (\d+)(?: --shares (\w+) --dirichlet-alpha (\d+))?$", said.rstrip())
    assert (next_ is None) is (groups == 2)  # One is tested by, and the other is all that is left.
    if next_ is None:
        return
    clients, shares, alpha = next_.groups()
    assert int(clients) == (20 if groups is None or groups < 10 else min(20, groups * 2 // 5))
    task = Named(str(tmp_path / "out.json"), {}).load()
    split = SplitSettings(clients=clients, shares=shares or "iid", dirichlet_alpha=alpha or 0.5, seed=1)
    assert len(federate(task, tmp_path / "rows.csv", split, scored=True).clients) == int(clients)


def test_kinds_and_targets_by_the_command(path):
    said = encode(
        path, "--target", "again", "--target", "died", "--kind", "classes", "--kind", "postal=category"
    )
    assert said.exit_code == 0, said.output
    content = json.loads((path.parent / "out.json").read_text())
    assert [each["column"] for each in content["targets"]] == ["again", "died"] and "target" not in content
    assert {each["column"]: each["kind"] for each in content["inputs"]}["postal"] == "category"


WRONG = {
    "no such kind": (("--kind", "postal=text"), "use number or category or date"),
    "of the target": (("--kind", "category"), "use classes or numbers"),
    "no such column": (("--kind", "post=number"), "lacks the column post"),
    "no number": (("--kind", "died=number"), "--kind died=number: it holds none, such as"),
    "no date": (("--kind", "age=date"), "--kind age=date: no dates"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_kind_that_is_none(path, case):
    options, sentence = WRONG[case]
    said = encode(path, "--target", "again", *options)
    assert said.exit_code != 0 and sentence in said.output and not (path.parent / "out.json").exists()


def test_readers_choices_are_options_of_any_task_and_of_no_digest(path):
    task(path, ("again",))
    named = Named(str(path.parent / "t.json"), {"allow_missing": 0.5, "accept_rows": True})
    made = named.load()
    assert (made.allow_missing, made.accept_rows) == (0.5, True)
    assert named.digest == Named(named.name, {}).digest
    with pytest.raises(TaskError, match=r"option allow_missing: .*less than or equal to 1, got 2"):
        Named(named.name, {"allow_missing": 2}).load()


def test_simulations_accept_rows_unlike_the_founders_where_they_are_told_to(path):
    task(path, ("again",), drop=("died", "stay", "cost"))
    header, *lines = path.read_text().splitlines()
    months = [",".join([str(12 * int(age)), *rest]) for age, *rest in csv.reader(lines)]
    path.write_text("\n".join([header, *months]))
    given = {"task": str(path.parent / "t.json"), "data": path, "clients": 4}
    with pytest.raises(DataError, match="age is .* as if in another unit"):
        rows_of(given)
    assert any("another unit" in sentence for sentence in rows_of(given | {"accept_rows": True}).told)


def rows_of(given):
    settings = load_settings(None, given)
    return read_rows(settings.loaded_task, settings.data)


def test_where_a_member_keeps_resized_pictures_is_of_no_digest(tmp_path):
    founders, member = {"image_size": 24}, {"image_size": 24, "cache": str(tmp_path)}
    assert Named("chest-xray", founders).digest == Named("chest-xray", member).digest
    assert Named("chest-xray", founders).digest != Named("chest-xray", {"image_size": 32}).digest


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (dict(group="again"), "column again is given as --target and as --group"),
        (dict(time="again"), "column again is given as --target and as --time"),
        (dict(drop=("again",)), "column again is given as --target and as --drop"),
        (dict(group="age", time="age"), "column age is given as --group and as --time"),
        (dict(drop=("age",), keep=("age",)), "column age is given as --drop, and as an input by --keep"),
        (dict(group="age", kinds={"age": "number"}), "column age is given as --group, and as an input"),
    ],
)
def test_a_column_is_of_one_use(path, wishes, told):
    with pytest.raises(DataError, match=told):
        fit(path, Wishes(("again",), **wishes))


def test_what_a_cell_should_be_is_told_where_the_file_lists_it(path):
    made = task(path, ("again",))
    path.write_text(path.read_text().replace("yes", "Y").replace("no", "N"))
    with pytest.raises(
        DataError, match="again is unreadable in 300, such as '[NY]' in line 2, expected one of 'no', 'yes'"
    ):
        made.rows(path)
