import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ml.settings import DEFAULT_POLICY
from offchain.bench.bench import ROUNDS_FILE, measure_all, measured, peer_seconds
from offchain.bench.cases import FULL, QUICK, Case
from offchain.bench.play import PARTS, Measurement, measure
from offchain.bench.report import costs_table, learning_table, plot, ratios_table, rounds_table, updates_table
from offchain.bench.turns import Cost, InTurn, cost, costs
from offchain.bench.updates import UpdateSpeed, update_speed
from offchain.errors import SimulationError
from offchain.simulation.simulation import Simulation

TINY = Case("paper's round", clients=10, rows=40, engine="reference", rounds=2, hidden=16)


def fake(case, seconds=0.25, plain=None):
    return Measurement(
        case, 1793, seconds, seconds / 2, dict.fromkeys(PARTS, seconds / 10), 1.0, 2**30, plain
    )


def test_a_case_is_played_and_timed():
    found = measure(TINY, "unused", with_plain=True)
    assert 0 < found.fastest <= found.round
    assert set(found.work) == set(PARTS)
    assert all(found.work[part] > 0 for part in PARTS)
    assert found.plain is not None and found.plain > 0
    assert found.memory > 10**7
    assert found.parameters > 16 * 16


def test_every_case_can_be_played_and_is_named_once():
    assert len({case.key for case in FULL}) == len(FULL)
    assert set(QUICK) <= set(FULL)
    assert all(case.settings.clients == case.clients for case in FULL)


def test_what_is_measured_is_kept_and_not_measured_again(tmp_path):
    kept = fake(TINY, 123.0)
    (tmp_path / ROUNDS_FILE).write_text(json.dumps(asdict(kept)) + "\n" + '{"case": {"subj')
    assert measured(tmp_path) == {TINY.key: kept}
    assert list(measure_all([TINY], tmp_path, "unused")) == [kept]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="object"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'[{"rows": 500}]', id="rows alone"),
        pytest.param(b'[{"rows": 500, "seconds": Infinity}]', id="infinite"),
        pytest.param(b'"\xff"', id="no UTF-8"),
    ],
)
def test_files_of_measurements_that_are_none_are_left_out_or_told(tmp_path, content):
    (tmp_path / ROUNDS_FILE).write_bytes(content + b"\n" + json.dumps(asdict(fake(TINY))).encode())
    assert measured(tmp_path) == {TINY.key: fake(TINY)}
    (tmp_path / "pfl.json").write_bytes(content)
    with pytest.raises(SimulationError, match="pfl.json is no list of rows and seconds: .*; remove it"):
        peer_seconds(tmp_path, "pfl")


def test_a_peers_file_that_cannot_be_read_is_not_to_be_removed(tmp_path):
    (tmp_path / "pfl.json").mkdir()
    with pytest.raises(SimulationError, match="pfl.json cannot be read: ") as told:
        peer_seconds(tmp_path, "pfl")
    assert "remove" not in str(told.value)


def test_a_case_has_a_process_of_its_own_even_when_the_project_is_off_the_path(tmp_path, monkeypatch):
    """As in `ape run`, which takes the project off it once a script is loaded."""
    root = str(Path(__file__).parents[2])
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in (root, "")])
    (found,) = measure_all([TINY], tmp_path, "unused")
    assert measured(tmp_path) == {TINY.key: found} and found.round > 0


def test_tables_say_what_was_measured(tmp_path):
    cases = [fake(replace(TINY, rows=500), 0.05, plain=0.1), fake(replace(TINY, rows=40))]
    (tmp_path / "flower.json").write_text('[{"rows": 500, "seconds": 1.5, "fastest": 1.0}]')
    assert "| 50 | 1024 |" in rounds_table(cases)
    (line,) = ratios_table(cases, peer_seconds(tmp_path, "flower")).splitlines()[2:]
    assert line == "| 500 | aggregate | clients | 50 | 100 | 0.50 | 1,500 | 30.0 |"
    assert peer_seconds(tmp_path, "pfl") == {}
    (tmp_path / "pfl.json").write_text('[{"rows": 500, "seconds": 0.03, "fastest": 0.02}]')
    others = [*cases, fake(replace(TINY, rows=500, policy="verdict"), plain=0.1)]
    (line,) = learning_table(others, peer_seconds(tmp_path, "pfl")).splitlines()[2:]
    # Three of six parts that are a tenth of the round each.
    assert line == "| 500 | clients | 15 | 5.0 | 50 | 30 | 2.00 | 0.60 |"
    plot(tmp_path / "rounds.png", cases)
    assert (tmp_path / "rounds.png").stat().st_size > 1000


def test_policies_take_turns_on_one_deployment(monkeypatch):
    judged = []

    def play_round(simulation):
        record = Simulation.play_round(simulation)
        judged.append(record.judgement.policy)
        return record

    monkeypatch.setattr(InTurn, "play_round", play_round, raising=False)
    verdict, evidence = costs(replace(TINY, clients=14).settings, "unused", ("verdict", "evidence"), turns=2)
    assert judged == 3 * (3 * ["verdict"] + 3 * ["evidence"])
    assert (verdict.ratio, verdict.processor_ratio) == (1.0, 1.0)
    assert evidence.processor > 0 and evidence.round > 0
    assert "| 40 | evidence |" in costs_table([verdict, evidence])


def test_rounds_of_any_settings_take_turns_too():
    asked = replace(TINY, clients=14).settings.model_copy(update={"malicious": 0.4})
    verdict, other = costs(asked, "unused", ("verdict", DEFAULT_POLICY), turns=1)
    assert (verdict.rows, verdict.ratio) == (TINY.rows, 1.0)
    assert other.policy == DEFAULT_POLICY and other.processor > 0


def test_a_ratio_is_of_the_same_turn():
    # On a machine that becomes slower, what takes three times as long still does.
    turns = [{"verdict": (slow, slow), "evidence": (3 * slow, 2 * slow)} for slow in (1.0, 2.0, 8.0)]
    assert cost(500, "evidence", "verdict", turns) == Cost(500, "evidence", 6.0, 4.0, 3.0, 2.0)


def test_an_updates_way_is_compared_with_copying():
    # 9 vectors of 40 bytes are read or written in 3 seconds: 120 bytes a second, a tenth of copying.
    assert UpdateSpeed(10, 1.0, 1.0, 1.0, 1200.0).share_of_copy == pytest.approx(0.1)
    speed = update_speed(5000)
    assert min(speed.encode, speed.digest, speed.average, speed.copy) > 0
    assert "| 5,000 |" in updates_table([speed])
