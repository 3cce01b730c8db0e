"""`ape run calibrate`, as founders call it."""

import json

import yaml
from click.testing import CliRunner

from ml.judging.policy import EVIDENCE
from offchain.settings import load_settings
from scripts.calibrate import cli

SMALL = "--clients 10 --task-option rows=2000 --rounds 3".split()


def test_it_tells_what_honest_updates_need_and_writes_it(tmp_path):
    out = tmp_path / "found.json"
    result = CliRunner().invoke(cli, [*SMALL, "--policy", "evidence", "--malicious", "0.4", "--out", out])
    assert result.exit_code == 0, result.output
    assert "nine times in ten" in result.output and "beyond the best constant" in result.output
    assert "that an honest change" not in result.output, "direction is asked of so many parameters"
    found = json.loads(out.read_text())
    assert found["schema_version"] == 1 and found["rounds"] == 3 and found["pairs"] == 3 * 1 * 9
    tests = {(test["test"], test["setting"]): test for test in found["tests"]}
    assert list(tests) == [
        ("size", "most"),
        ("direction", "least"),
        ("evidence", "tolerance"),
        ("score", "tolerance"),
    ]
    # Everyone is honest, whatever the settings say, so updates are like one's own.
    assert 0.8 < tests["size", "most"]["typical"] < 1.2
    assert tests["direction", "least"]["typical"] > 0
    assert tests["evidence", "tolerance"]["typical"] < 0.005


def test_a_tolerance_that_honest_updates_exceed_is_recommended_and_written(tmp_path):
    strict, written = tmp_path / "strict.yaml", tmp_path / "policy.yaml"
    few = {"test": "direction", "parameters": 10**6}  # More than there are: nothing is tested.
    tight = [{"test": "size", "most": 1.5}, few, {"test": "evidence", "tolerance": 1e-6, "step": 1}]
    skewed = {"shares": "dirichlet", "dirichlet-alpha": 0.1}
    policy = [*tight, {"test": "evidence", "of": "average"}]
    strict.write_text(yaml.safe_dump({**skewed, "policy": policy}))
    out = tmp_path / "found.json"
    options = [*SMALL, "--settings", strict, "--out", out, "--policy-out", written]
    result = CliRunner().invoke(cli, list(map(str, options)))
    assert result.exit_code == 0, result.output
    needed = json.loads(out.read_text())["tests"][1]["needed"]
    policy = load_settings(written, {}).policy
    (size, _, evidence), (average,) = policy.updates, policy.average
    assert (
        needed <= evidence.tolerance < 2 * needed and float(f"{evidence.tolerance:.0e}") == evidence.tolerance
    )
    assert average.tolerance == evidence.tolerance and evidence.step == 1 and size.most == 1.5
    assert f"Recommended: tolerance {evidence.tolerance:g} of evidence" in result.output
    # Nothing sees direction, and half of the pairs see an honest change take less off the loss than that.
    brings = -json.loads(out.read_text())["tests"][1]["typical"]
    assert brings < evidence.tolerance
    assert f"is more than half of the {brings:.4f} that an honest change" in result.output


def test_clients_that_train_further_than_voters_let_them_are_told(tmp_path):
    found = {}
    for epochs in (1, 4):
        out = tmp_path / f"{epochs}.json"
        options = [*SMALL, "--policy", "evidence", "--local-epochs", str(epochs), "--out", str(out)]
        result = CliRunner().invoke(cli, options)
        assert result.exit_code == 0, result.output
        found[epochs] = json.loads(out.read_text())
    assert (found[1]["shortened"], found[4]["shortened"]) == (0, 1)
    assert "Clients cut 100% of their updates" in result.output
    # As they are sent, which is what voters see.
    assert found[4]["tests"][0]["needed"] < 1.5 and found[4]["tests"][0]["refused"] == 0


def test_a_policy_that_will_do_is_written_as_it_is(tmp_path):
    written = tmp_path / "policy.yaml"
    result = CliRunner().invoke(cli, [*SMALL, "--policy", "evidence", "--policy-out", str(written)])
    assert result.exit_code == 0 and "Recommended" not in result.output
    assert load_settings(written, {}).policy == EVIDENCE


def test_an_unknown_setting_is_said():
    result = CliRunner().invoke(cli, [*SMALL, "--metric", "guess"])
    assert result.exit_code == 1 and "metric is guess" in result.output
