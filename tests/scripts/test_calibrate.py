"""`ape run calibrate`, as founders call it."""

import json

from click.testing import CliRunner

from scripts.calibrate import cli

SMALL = "--clients 10 --task-option rows=2000 --rounds 3".split()


def test_it_tells_what_honest_updates_need_and_writes_it(tmp_path):
    out = tmp_path / "found.json"
    result = CliRunner().invoke(cli, [*SMALL, "--policy", "evidence", "--malicious", "0.4", "--out", out])
    assert result.exit_code == 0, result.output
    assert "nine times in ten" in result.output and "beyond the best constant" in result.output
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


def test_an_unknown_setting_is_said():
    result = CliRunner().invoke(cli, [*SMALL, "--metric", "guess"])
    assert result.exit_code == 1 and "metric is guess" in result.output
