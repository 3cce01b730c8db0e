"""`ape run page` of a deployment that played: gas and coin from receipts, links, scores of its models."""

import json
import re

import pytest
from click.testing import CliRunner
from federations import load
from live_game import game, keys_for

import scripts.page
from ml.judging.evaluation import Evaluation
from ml.tasks.loading import Named
from ml.training import make_learner
from ml.updates.fixed_point import decode
from offchain.live.verifying.verification import Verification
from offchain.page.lineage_scores import lineage_scores


@pytest.fixture(scope="module")
def network_played(tmp_path_factory, compiled):
    """A round of four clients; the node still answers."""
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path_factory.mktemp("page"), compiled, 4, rows=600, max_rounds=1) as network:
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        network.until(lambda v: v.is_over, 240, may_end=True)
        yield network


@pytest.fixture
def shown(network_played, tmp_path):
    def show(*options):
        where = [
            "--deployment",
            str(network_played.path),
            "--network",
            network_played.node.url,
            "--out",
            str(tmp_path),
        ]
        return CliRunner().invoke(scripts.page.cli, [*where, *options])

    return show


def data_of(folder):
    found = re.search(
        r'type="application/json">(.*?)</script>', (folder / "index.html").read_text(), re.DOTALL
    )
    return json.loads(found[1])


def test_gas_and_coin_are_those_of_the_receipts(network_played, shown, tmp_path):
    result = shown("--gas", "--explorer", "https://explorer.example/tx/")
    assert result.exit_code == 0, result.output
    data = data_of(tmp_path)
    (told,) = data["rounds"]
    assert data["explorer"] == "https://explorer.example/tx/"
    names = {"propose": "UpdateCommitted", "commitBallot": "BallotCommitted", "finalise": "RoundFinalised"}
    for call, event in names.items():
        receipts = [network_played.chain.receipt(each.transaction) for each in network_played.events(event)]
        gas = [int(receipt["gasUsed"], 16) for receipt in receipts]
        paid = sum(g * int(r["effectiveGasPrice"], 16) for g, r in zip(gas, receipts, strict=True))
        assert told["g"][call] == [len(gas), sum(gas)]
        assert round(float(told["k"][call]) * 10**18) == pytest.approx(paid, rel=1e-9) and paid > 0
    assert {data["phases"][call] for call in told["g"]} == {
        "draw",
        "propose",
        "publish",
        "vote",
        "reveal",
        "close",
    }
    assert told["u"][0][3] == network_played.events("UpdatePublished")[0].transaction


def test_without_being_asked_no_receipt_is_read(shown, tmp_path):
    assert shown().exit_code == 0
    assert "g" not in data_of(tmp_path)["rounds"][0]


def test_each_model_of_the_lineage_is_scored(network_played):
    rows = load(rows=600, clients=4)
    learner = make_learner(Named("loans", {}).load(), rows.X_test.shape[1:], (), "cpu")
    evaluation = Evaluation(rows.X_test, rows.y_test, learner)

    def verification():
        return Verification(network_played.chain, network_played.deployment, network_played.stores)

    scores = lineage_scores(verification(), lambda model: evaluation.quality(decode(model.parameters)))
    again = verification()
    assert again.run() is None
    (finalised,) = network_played.events("RoundFinalised")
    expected = {1: evaluation.quality(decode(again.model.parameters))} if finalised.values["included"] else {}
    assert scores == expected


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--data", "rows.csv"], "--data needs --store"),
        (["--store", "somewhere"], "--data needs --store"),
        (["--explorer", "javascript:alert(1)//"], "--explorer takes a URL, https://..., got 'javascript"),
        (["--store", "nowhere", "--data", "rows.csv"], "the task makes its rows and reads none"),
    ],
)
def test_what_does_not_fit_is_said(shown, options, told):
    result = shown(*options)
    assert result.exit_code != 0 and told in result.output and "Traceback" not in result.output


def test_a_run_is_asked_for_nothing_of_a_deployment(tmp_path):
    result = CliRunner().invoke(scripts.page.cli, ["--run", str(tmp_path), "--gas"])
    assert result.exit_code == 2 and "are of a --deployment" in result.output
