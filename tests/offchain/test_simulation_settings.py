"""Settings of a run: bounds, relations, the YAML file, and what the command line overrides."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from offchain.errors import SettingsError
from offchain.named_values import named_values
from offchain.settings import base_units, load_settings, parse_settings


def refusal(**values):
    with pytest.raises(SettingsError) as caught:
        parse_settings(values)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"clients": 3}, "clients is 3"),
        ({"malicious": 1.2}, "malicious is 1.2"),
        ({"malicious": -0.1}, "malicious is -0.1"),
        ({"malicious": float("nan")}, "malicious is nan"),
        ({"malicious_voters": 60}, "malicious_voters is 60"),
        ({"rounds": 0}, "rounds is 0"),
        ({"rounds": "many"}, "rounds is many"),
        ({"policy": "guess"}, "use aggregate, verdict, evidence, evidence-and-skill, evidence-skill-"),
        ({"attack": "noise"}, "no attack 'noise'; use FILE.py:function or one of label-flip, static-flip"),
        ({"attack": "noise.py:push"}, "there is no file noise.py"),
        ({"attack": "sign-flip", "attack_options": {"size": 3}}, "has no option 'size'; it has scale"),
        ({"attack": "none", "aimed": 0.7}, "aimed scales an attack, and attack is none"),
        ({"coalition_votes": "loudly"}, "there is no way to vote 'loudly'"),
        ({"defence": "krumm"}, "there is no defence 'krumm'"),
        ({"defence": "krum", "malicious": 0.4}, "krum needs 2f + 3 = 7 updates or more where 2 may be"),
        ({"dataset": "mnist"}, "there is no task 'mnist'; use FILE.py:Class"),
        ({"metric": "f1"}, "metric is f1, which Labels() does not have; use auroc or accuracy or likelihood"),
        ({"engine": "cloud"}, "'chain' or 'reference'"),
        ({"device": "tpu"}, "'cpu' or 'cuda'"),
        ({"proposer_stake": 65}, "proposer_stake 65 is above initial_balance 64"),
        ({"voter_stake": 64.5}, "voter_stake 64.5 is above initial_balance 64"),
        ({"proposer_stake": 0}, "proposer_stake is 0"),
        ({"voter_stake": "0.0000001"}, "no more than 6 decimal places"),
        ({"tolerance": 1}, "tolerance is 1"),
        ({"local_epochs": 0}, "local_epochs is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"initial_balance": 10**8, "clients": 10_000}, "more than 96 bits hold"),
        (
            {"dataset": "lending-club"},
            "task lending-club needs data, the path of its CSV file, plain or compressed, or a Parquet file",
        ),
        ({"data": "loans.csv"}, "task loans makes its own rows and takes no data, got 'loans.csv'"),
        ({"features": "all"}, "task loans has no option 'features'; it has rows, hidden"),
        ({"dataset": "chest-xray"}, "needs data, the path of NIH's folder or MedMNIST's chestmnist.npz"),
        ({"dataset": "digits", "data": "x"}, "task digits makes its own rows and takes no data"),
        (
            {"dataset": "digits", "features": "all"},
            "has no option 'features'; it has rows, model, image_size",
        ),
        ({"dataset": "digits", "dirichlet_alpha": 0}, "dirichlet_alpha is 0"),
        (
            {"dataset": "digits", "model": "mlp"},
            "there is no network 'mlp' for images; use cnn or densenet121",
        ),
        ({"model": "cnn"}, "task loans has no option 'model'"),
        ({"dataset": "digits", "model": "resnet"}, "there is no network 'resnet'"),
        ({"dataset": "digits", "model": "densenet121"}, "needs image_size 32 or more, got 16"),
        (
            {"dataset": "digits", "image_size": 7},
            "option image_size: Input should be greater than or equal to 8",
        ),
        (
            {"task_options": {"rows": True}},
            "task loans: option rows is True; expected a number, no yes or no",
        ),
        (
            {"task_options": {"allow_missing": True}},
            "option allow_missing: Input should be a valid number, got True",
        ),
        (
            {"policy": [{"test": "relation", "least": True}]},
            "test relation: least is True; expected a number",
        ),
        (
            {"policy": {"updates": [{"test": "size"}], "enough": True}},
            "policy: enough is True; expected a num",
        ),
        ({"train": "nowhere.py:f"}, "there is no task file nowhere.py"),
        ({"train": "faster"}, "train 'faster' is no FILE.py:function"),
        ({"polcy": "verdict"}, "there is no setting 'polcy'; did you mean 'policy'?"),
        ({"colour": "blue"}, "there is no setting 'colour'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(values, words):
    assert words in refusal(**values)


def test_bounds_themselves_are_allowed():
    settings = parse_settings(
        dict(clients=4, malicious=1, malicious_voters=0, proposer_stake=64, tolerance=0)
    )
    assert settings.proposer_stake == settings.initial_balance


def test_a_setting_cannot_be_changed():
    with pytest.raises(ValidationError):
        parse_settings({}).seed = 1


@pytest.mark.parametrize(
    ("values", "metric"),
    [
        ({}, "accuracy"),
        ({"dataset": "lending-club", "data": "x"}, "auroc"),
        ({"dataset": "lending-club", "data": "x", "features": "all"}, "accuracy"),
        ({"dataset": "lending-club", "data": "x", "metric": "accuracy"}, "accuracy"),
        ({"dataset": "lending-club", "data": "x", "metric": None, "features": "all"}, "accuracy"),
        ({"dataset": "chest-xray", "data": "x"}, "auroc"),
        ({"dataset": "digits", "metric": "accuracy"}, "accuracy"),
    ],
)
def test_votes_use_a_score_that_has_room_above_the_base_rate(values, metric):
    assert parse_settings(values).metric == metric


def test_defaults_follow_the_data_set():
    def of(**values):
        s = parse_settings(values)
        return s.shares, s.batch, s.local_epochs

    assert of() == ("iid", 128, 1)
    assert of(dataset="chest-xray", data="x") == ("dirichlet", 256, 1)
    assert of(dataset="chest-xray", data="x", batch=7, shares="patient") == ("patient", 7, 1)
    assert of(dataset="digits") == of(task="digits") == ("dirichlet", 32, 2)
    larger = parse_settings(dict(dataset="digits", model="densenet121", image_size=32))
    assert larger.task_options == {"model": "densenet121", "image_size": 32}


def test_a_task_that_says_nothing_learns_in_steps_that_some_hundred_rows_can_judge(tmp_path):
    own = "from stakefed import Classes, Task\n\n\nclass {name}(Task):\n    target = Classes(3)\n    {more}\n"
    for name, more in (("Plain", 'takes = ""'), ("Longer", 'takes, simulation = "", {"local_epochs": 3}')):
        file = tmp_path / f"{name}.py"
        file.write_text(own.replace("{name}", name).replace("{more}", more))
        settings = parse_settings({"task": f"{file}:{name}"})
        assert (settings.metric, settings.batch, settings.least_steps) == ("likelihood", 16, 8)
        assert settings.local_epochs == (3 if name == "Longer" else 1)
    for built_in in ("loans", "digits"):
        of_the_paper = parse_settings({"task": built_in})
        assert (of_the_paper.least_steps, of_the_paper.learning_rate) == (0, 1e-3)


def test_parts_of_a_copy_are_the_copys():
    first = load_settings(None, {"seed": 1})
    parts = first.split_settings, first.training_settings, first.scoring_settings
    copy = first.model_copy(update={"seed": 2, "batch": 7, "policy": "verdict"})
    assert (copy.split_settings.seed, copy.training_settings.batch) == (2, 7)
    assert copy.scoring_settings.policy == "verdict"
    assert parts == (first.split_settings, first.training_settings, first.scoring_settings)


def test_settings_survive_json():
    settings = parse_settings({"voter_stake": "0.1", "malicious": 0.1, "voter_seats": 15})
    images = parse_settings({"dataset": "digits", "metric": "accuracy", "shares": "iid"})
    assert type(images).model_validate_json(images.model_dump_json()) == images
    assert type(settings).model_validate_json(settings.model_dump_json()) == settings
    assert base_units(settings.voter_stake) == 10**17


def test_the_command_line_overrides_the_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("local-epochs: 2\nvoter_stake: 1.5\nseed: 3\n")
    settings = load_settings(file, {"seed": 4})
    assert (settings.local_epochs, settings.voter_stake, settings.seed) == (2, Decimal("1.5"), 4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no settings file"),
        ("a: [1", "cannot be read as YAML"),
        ("- 1\n- 2\n", "holds no mapping"),
        ("", "holds no mapping"),
        ("rouns: 3\n", "there is no setting 'rouns'; did you mean 'rounds'?"),
        ("seed: one\n", "seed is one"),
        ("seed: !!python/object/apply:os.getpid []\n", "cannot be read as YAML"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(tmp_path, content, words):
    file = tmp_path / "run.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match="(?s)" + words.replace("?", r"\?")) as caught:
        load_settings(file, {})
    assert "\n" not in str(caught.value)


def test_a_folder_of_too_few_members_is_named(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).touch()
    with pytest.raises(SettingsError, match="holds rows of 2 clients, a file or folder each; a run needs 4"):
        parse_settings({"task": "lending-club", "clients_data": tmp_path})


@pytest.mark.parametrize(
    "given, bps, proposers",
    [
        ({"clients": 4}, 5000, 2),
        ({"clients": 12}, 4167, 5),
        ({"clients": 50}, 1000, 5),
        ({}, 1000, 5),
        ({"clients": 100}, 1000, 10),
        ({"clients": 12, "proposer_bps": 1000}, 1000, 1),
    ],
)
def test_of_few_clients_of_ones_own_task_five_propose_or_half(tmp_path, given, bps, proposers):
    file, own = tmp_path / "own.py", "from stakefed import Labels, Task\n\n\nclass Own(Task):\n"
    file.write_text(own + "    target, takes = Labels(), ''\n")
    found = parse_settings({"task": str(file), **given})
    assert (found.proposer_bps, found.proposers) == (bps, proposers)
    file.write_text(own + "    target, takes, simulation = Labels(), '', {'proposer_bps': 2000}\n")
    assert parse_settings({"task": str(file), **given}).proposer_bps == given.get("proposer_bps", 2000)


def test_a_built_in_task_has_the_papers_proposers_of_few_clients_too():
    assert parse_settings({"task": "loans", "clients": 12}).proposers == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "local-epochs: 2\nlocal_epochs: 3",
            "'local_epochs' stands there twice, with a hyphen and with an und",
        ),
        (
            "task_options: [a]\nallow_missing: 0.2",
            r"task_options is \['a'\]: input should be a valid dictionary",
        ),
    ],
)
def test_a_file_of_settings_that_cannot_be_is_told(tmp_path, text, words):
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        load_settings(tmp_path / "settings.yaml", {})


def test_a_setting_of_the_command_line_stands_there_once():
    with pytest.raises(SettingsError, match="^'clients' is given twice; leave one of both out$"):
        named_values(["clients=8", "clients=9"])
    with pytest.raises(SettingsError, match="^'local_epochs' is given twice"):
        named_values(["local-epochs=8", "local_epochs=8"])
