"""Settings, kept runs and results of the first edition: read and digested as that edition did."""

import json

import pytest
from small_runs import records

from ml.settings import DEFAULT_POLICY
from offchain import first_edition
from offchain.errors import SettingsError
from offchain.learning.rules import first_rules
from offchain.reproduction.kept_runs import run_digest
from offchain.settings import SimulationSettings, parse_settings

DIGESTS = [
    ({}, "014db89062c3d1fd021b2eac669d615b4dd588baf66b532e74e3d0781cd34286"),
    (
        {
            "seed": 3,
            "rounds": 200,
            "policy": "aggregate",
            "malicious": 0.4,
            "voter_stake": 2,
            "baselines": False,
        },
        "e870e41b2360464c460faac82a8edc53dd8a340e8a72cb582e78d47ece397b20",
    ),
    (
        {"rows": 2000, "hidden": 64, "clients": 10, "proposer_bps": 3000, "test_rows": 500},
        "9b9a28bed6e256fb72d34fb18c240430173638098b369c0f6f163875296c2425",
    ),
    (
        {"rows": 40000, "relay": True, "voter_stake": 0.1},
        "8a1e5e8b65fbb0c8312432b516ccc3c60936545d1e536995a1025d7f22497e04",
    ),
    (
        {"dataset": "lending-club", "data": "loans.csv"},
        "f40c79ad974ec6ce57b686fb6b1f5b0486b805a554c19d2a2e9289ddc6eed370",
    ),
    (
        {"dataset": "lending-club", "data": "loans.csv", "features": "all", "malicious": 0.4},
        "4031d61b24484689df5c1fa3b4f1b03591233934bdcd4ad9448e6226fbdac684",
    ),
    (
        {
            "dataset": "lending-club",
            "data": "loans.csv",
            "features": "all",
            "rows": 1000,
            "metric": "auroc",
            "hidden": 32,
        },
        "0c76992313484a7062e33e1e0876d4154ef1deaf5be93abd53f01878efceac8e",
    ),
    ({"dataset": "digits"}, "f9bdc52bd444a4630590aa0d87bed3ae67021f25d90b1e168f629af2e82a9b27"),
    (
        {
            "dataset": "digits",
            "clients": 20,
            "rows": 1000,
            "proposer_stake": 32,
            "metric": "accuracy",
            "shares": "iid",
        },
        "63025a3bab78878068b8a878eca762d2e98c8846e66caad1510ce0cce006120c",
    ),
    (
        {
            "dataset": "digits",
            "model": "densenet121",
            "image_size": 32,
            "batch": 16,
            "local_epochs": 1,
            "threads": 2,
        },
        "8271234b43e8f4e0f656db3b63c55d34ea9e7a419d390644220163fbb41ff0a3",
    ),
    (
        {"dataset": "chest-xray", "data": "loans.csv", "cache": "/tmp/x"},
        "ae4bfafd01d39b78086288e8dd92d29aa970b3934316418892737dc54bc1eced",
    ),
    (
        {
            "dataset": "chest-xray",
            "data": "loans.csv",
            "shares": "patient",
            "image_size": 64,
            "model": "cnn",
            "dirichlet_alpha": 0.1,
            "rows": 500,
        },
        "9ffc2da7907464c519256cc0f6da73aa74e1b5b5bff9bde33b321da59bc0f084",
    ),
]
"""Taken when that edition was the newest; a file of data holds the bytes `the same loans`."""


@pytest.mark.parametrize(("given", "digest"), DIGESTS, ids=[str(given) for given, _ in DIGESTS])
def test_runs_kept_by_that_edition_are_found(given, digest, tmp_path):
    (tmp_path / "loans.csv").write_text("the same loans")
    values = {"policy": "verdict", **given}  # That edition's default, which was not written down.
    if "data" in values:
        values["data"] = tmp_path / values["data"]
    assert run_digest(parse_settings(values)) == digest


WRITTEN = {
    "clients": 50,
    "malicious": 0.3,
    "malicious_voters": 0.0,
    "rounds": 100,
    "policy": "verdict",
    "attack": "label-flip",
    "dataset": "digits",
    "data": None,
    "features": "application",
    "model": "cnn",
    "image_size": 16,
    "shares": "dirichlet",
    "metric": "auroc",
    "proposer_stake": 8,
    "voter_stake": 8,
    "tolerance": 0.05,
    "local_epochs": 2,
    "engine": "chain",
    "relay": False,
    "seed": 0,
    "device": "cpu",
    "threads": None,
    "hidden": 128,
    "initial_balance": 64,
    "proposer_bps": 1000,
    "voter_seats": None,
    "rows": 1000,
    "dirichlet_alpha": 0.5,
    "cache": None,
    "test_rows": 20000,
    "batch": 32,
    "learning_rate": 0.001,
    "divergence_weight": 0.001,
    "baselines": True,
    "oracle": False,
}
"""A settings.json of that edition, every field of it written out."""


def test_a_run_folders_settings_are_read(tmp_path):
    settings = SimulationSettings.model_validate_json(json.dumps(WRITTEN))
    assert (settings.task, settings.task_options) == (
        "digits",
        {"model": "cnn", "image_size": 16, "rows": 1000},
    )
    assert settings == SimulationSettings.model_validate_json(settings.model_dump_json())
    short = parse_settings({"dataset": "digits", "rows": 1000})
    assert run_digest(settings) == run_digest(short) and short.policy == "verdict"
    assert parse_settings({"task": "digits", "task_options": {"rows": 1000}}).policy == DEFAULT_POLICY


def test_two_names_of_one_thing_that_differ_are_refused():
    with pytest.raises(SettingsError, match="dataset is the former name of task"):
        parse_settings({"dataset": "digits", "task": "loans"})


def test_the_table_is_frozen():
    with pytest.raises(TypeError):
        first_edition.DEFAULTS["rounds"] = 1


GOLDEN = dict(
    clients=20, rows=4000, rounds=6, engine="reference", malicious=0.4, proposer_bps=2500, oracle=True
) | {"policy": "verdict"}
DECIDED = [
    (17, 269, 0.821),
    (27, 413, 0.831),
    (25, 417, 0.839),
    (31, 457, 0.843),
    (31, 433, 0.848),
    (31, 425, 0.85),
]
"""By round: included positions, ballots by client, accuracy of the global model, to three digits."""


def test_a_run_comes_out_as_it_did():
    played = records(parse_settings(GOLDEN))
    found = [(r.included, sum(r.ballots.values()), round(r.scores["accuracy"], 3)) for r in played]
    assert found == DECIDED
    assert [int(b) // 10**15 for b in played[-1].balances] == [
        65309,
        52659,
        57789,
        52413,
        68602,
        68356,
        64189,
        70835,
        76967,
        60413,
        73976,
        60259,
        69576,
        62602,
        55956,
        70589,
        68468,
        53635,
        68109,
        59292,
    ]


def test_what_that_editions_rules_bind_is_the_same():
    from offchain.simulation.federation import Federation, all_rows

    settings = parse_settings(GOLDEN)
    federation = Federation(settings, all_rows(settings))
    assert federation.rules.hex() == "9c0e7c39edc9074db4b0fdfcfcb1025244a8aa27672b9a406102e5712f8981bc"
    assert federation.rules == first_rules(settings.scoring_settings, federation.schema, federation.genesis)
