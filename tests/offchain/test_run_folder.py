"""A run on disk: interrupted anywhere it continues to the same result, and it never overwrites another."""

import json
import os
import re
from io import StringIO
from math import isnan, nan
from pathlib import Path

import pytest
from full_disk import room_for
from rich.console import Console
from small_runs import quiet, reference, small

from ml.errors import DataError
from offchain.errors import DamagedRunError, RunFolderError, SimulationError
from offchain.runs.data_digest import data_digest
from offchain.runs.progress import RunProgress
from offchain.runs.run import PICTURE, _loaded, resume_run, start_run
from offchain.runs.run_folder import RunFolder, next_free
from offchain.runs.sources import sources
from offchain.simulation.federation import all_rows
from offchain.simulation.records import RoundRecord

FILES = {"settings.json", "sources.json", "rounds.jsonl", "state.npz", "summary.json", PICTURE}


class Interrupted(Exception):
    pass


def interrupt_after(monkeypatch, rounds):
    show = RunProgress.show_round

    def shown(self, record):
        show(self, record)
        if record.round == rounds:
            raise Interrupted

    monkeypatch.setattr(RunProgress, "show_round", shown)


def start(path, settings=None):
    return start_run(path, settings or small(), reference, quiet())


def resume(path):
    return resume_run(path, lambda settings: reference, quiet())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    return path, start(path)


@pytest.fixture
def broken_off(tmp_path, monkeypatch):
    """A folder whose run was interrupted after three of six rounds."""
    path = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        interrupt_after(patch, 3)
        start(path)
    return path


def timeless(summary):
    return summary.model_dump(exclude={"seconds"})


def lines(path):
    kept = [json.loads(line) for line in (path / "rounds.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in kept]


def test_a_complete_run_leaves_its_files(whole):
    path, summary = whole
    assert {file.name for file in path.iterdir()} == FILES
    assert (path / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert json.loads((path / "summary.json").read_text())["accuracy"] == summary.accuracy
    assert [line["round"] for line in lines(path)] == [1, 2, 3, 4, 5, 6]


def test_a_resumed_run_ends_as_an_uninterrupted_one(whole, broken_off):
    path, summary = whole
    assert timeless(resume(broken_off)) == timeless(summary)
    assert lines(broken_off) == lines(path)
    assert {file.name for file in broken_off.iterdir()} == FILES


def test_a_line_written_without_its_state_is_played_again(whole, broken_off):
    extra = (whole[0] / "rounds.jsonl").read_text().splitlines()[3]
    with (broken_off / "rounds.jsonl").open("a") as file:
        file.write(extra[: len(extra) // 2])
    assert timeless(resume(broken_off)) == timeless(whole[1])
    assert lines(broken_off) == lines(whole[0])


def test_reading_a_run_changes_nothing_of_it(broken_off):
    rounds = broken_off / "rounds.jsonl"
    rounds.write_bytes(cut := rounds.read_bytes() + b'{"round": 4, "prop')
    with RunFolder.open(broken_off) as folder:
        records, state = folder.load()
        assert (len(records), state.round) == (3, 3) and rounds.read_bytes() == cut
        folder.drop_after(3)
    assert cut.startswith(rounds.read_bytes()) and len(lines(broken_off)) == 3


def test_a_run_interrupted_before_its_first_round_starts_anew(tmp_path, whole):
    with RunFolder.create(tmp_path / "run", small()):
        pass
    assert timeless(resume(tmp_path / "run")) == timeless(whole[1])


def test_nothing_is_overwritten(whole, tmp_path):
    before = (whole[0] / "summary.json").read_bytes()
    with pytest.raises(RunFolderError, match="is in use; choose another with --out$"):
        start(whole[0], small(seed=9))
    assert (whole[0] / "summary.json").read_bytes() == before
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(RunFolderError, match="is in use"):
        start(file)
    assert file.read_text() == "mine"


def test_an_unfinished_run_is_offered_to_be_resumed(broken_off):
    with pytest.raises(RunFolderError, match=f"--resume {broken_off}"):
        start(broken_off)


def test_an_empty_folder_may_be_used(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    with RunFolder.create(path, small()) as folder:
        assert folder.load() == ([], None)


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="file is no folder"):
        RunFolder.create(tmp_path / "file" / "run", small())


def test_data_that_is_refused_leaves_no_folder(tmp_path):
    settings = small(rows=None, dataset="lending-club", data=tmp_path / "none.csv")
    with pytest.raises(DataError, match="there is no file"):
        start(tmp_path / "run", settings)
    assert not (tmp_path / "run").exists()


def test_a_complete_run_is_not_resumed(whole):
    with pytest.raises(RunFolderError, match="is complete"):
        resume(whole[0])


def test_a_folder_without_a_run_is_not_resumed(tmp_path):
    with pytest.raises(RunFolderError, match="there is no run"):
        resume(tmp_path)


def test_a_run_that_is_going_on_is_left_alone(broken_off):
    with RunFolder.open(broken_off), pytest.raises(RunFolderError, match="going on in another process"):
        resume(broken_off)


@pytest.mark.parametrize("name", ["settings.json", "state.npz", "rounds.jsonl"])
@pytest.mark.parametrize("damage", [b"", b"not it\n" * 9, None])
def test_a_damaged_file_is_named(broken_off, name, damage):
    file = broken_off / name
    file.write_bytes(file.read_bytes()[:200] if damage is None else damage)
    with pytest.raises(RunFolderError, match=name) as caught:
        resume(broken_off)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"round": 3}, "it is of round 3, expected 2"),
        ({"voters": [-5]}, "it names client -5, and there are clients 0 to"),
        ({"removed": [99]}, "it names client 99"),
        ({"proposers": [0, 0]}, "a client has two of its seats"),
        ({"ballots": {"0": 2**20}}, "a ballot is 1048576, of"),
        ({"balances": ["1"]}, "it has 1 balances of"),
        ({"reward_pool": "7"}, "base units together"),
        ({"proposers": None}, "proposers: Input should be"),
    ],
)
def test_rounds_that_do_not_add_up_are_told(broken_off, change, told):
    file = broken_off / "rounds.jsonl"
    lines = file.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | change)
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(
        RunFolderError, match=f"line 2 of {re.escape(str(file))} .*{re.escape(told)}"
    ) as caught:
        resume(broken_off)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_model_of_another_size_is_refused(broken_off):
    other = broken_off.parent / "other"
    start(other, small(rows=2001, rounds=3))
    (broken_off / "state.npz").write_bytes((other / "state.npz").read_bytes())
    with pytest.raises(SimulationError, match=r"the saved model of .* is int32 \(\d+,\); expected int32"):
        resume(broken_off)


def test_models_of_other_baselines_are_refused(broken_off):
    other = broken_off.parent / "other"
    start(other, small(rounds=3, baselines=False))
    (broken_off / "state.npz").write_bytes((other / "state.npz").read_bytes())
    with pytest.raises(SimulationError, match="not of this run's settings"):
        resume(broken_off)


def test_the_next_free_folder_is_numbered(tmp_path):
    assert next_free(tmp_path) == tmp_path / "001"
    (tmp_path / "001").mkdir()
    assert next_free(tmp_path) == tmp_path / "002"


def test_scores_that_are_undefined_are_read_again(whole):
    first = RoundRecord.model_validate_json((whole[0] / "rounds.jsonl").read_text().splitlines()[0])
    undefined = first.model_copy(update={"scores": {**first.scores, "own": nan}})
    again = RoundRecord.model_validate_json(undefined.model_dump_json())
    assert isnan(again.scores["own"]) and again.scores["loss"] == first.scores["loss"]


def test_of_two_processes_that_take_one_folder_the_later_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("offchain.runs.run_folder.require_free", lambda path: None)  # Both looked at it.
    RunFolder.create(tmp_path / "run", small())
    before = (tmp_path / "run" / "settings.json").read_bytes()
    with pytest.raises(RunFolderError, match="run is in use; choose another with --out"):
        RunFolder.create(tmp_path / "run", small(seed=9))
    assert (tmp_path / "run" / "settings.json").read_bytes() == before


@pytest.mark.parametrize("policy", ["verdict", "evidence"])
def test_a_run_with_noise_says_first_that_voters_refuse_it(policy):
    def said(**more):
        console = Console(file=StringIO(), width=80)
        _loaded(all_rows, small(policy=policy, **more), console)
        return console.file.getvalue()

    assert ("Note: voters of policy evidence compare" in said(dp_epsilon=6)) == (policy == "evidence")
    assert "voters of policy" not in said()


@pytest.mark.parametrize("name", ["", "rounds.jsonl"])
def test_a_run_that_cannot_be_written_is_not_played_again(broken_off, monkeypatch, name):
    place, access = broken_off / name, os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place and access(path, mode))
    monkeypatch.setattr("offchain.runs.run._loaded", None)
    with pytest.raises(
        RunFolderError, match=f"the run in .* cannot go on: this user may not write to {place}"
    ):
        resume(broken_off)


@pytest.mark.parametrize("name", ["settings.json", "state.npz"])
def test_what_this_user_may_not_read_is_not_called_damaged(broken_off, monkeypatch, name):
    file, is_file = broken_off / name, Path.is_file
    file.unlink()
    file.mkdir()
    monkeypatch.setattr(Path, "is_file", lambda path: path == file or is_file(path))
    with pytest.raises(RunFolderError, match=f"{name} cannot be read: ") as refused:
        resume(broken_off)
    assert "damaged" not in str(refused.value)


def test_a_full_disk_is_no_fault_of_a_run_that_begins(tmp_path):
    with room_for(1), pytest.raises(OSError, match="File too large"):
        RunFolder.create(tmp_path / "run", small())
    assert not (tmp_path / "run" / "settings.json").exists()


def test_a_copy_without_the_last_lines_end_goes_on_to_the_same_rounds(broken_off, whole):
    rounds = broken_off / "rounds.jsonl"
    rounds.write_bytes(rounds.read_bytes().rstrip(b"\n"))
    resume(broken_off)
    assert lines(broken_off) == lines(whole[0])


def test_a_setting_of_a_later_version_is_no_damage(broken_off):
    settings = json.loads((broken_off / "settings.json").read_text())
    (broken_off / "settings.json").write_text(json.dumps({**settings, "later": 1}))
    with pytest.raises(RunFolderError, match="does not know, 'later': go on with the version") as refused:
        resume(broken_off)
    assert not isinstance(refused.value, DamagedRunError)


@pytest.fixture
def own_attack(tmp_path, monkeypatch):
    """A run with a user's own attack, interrupted after two rounds; its folder, and the attack's file."""
    own = tmp_path / "own.py"
    own.write_text("def attack(coalition):\n    return [coalition.parent] * coalition.seats\n")
    path = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        interrupt_after(patch, 2)
        start(path, small(attack=f"{own}:attack"))
    data_digest.cache_clear()
    return path, own


def test_a_run_goes_on_with_what_it_began_with_alone(own_attack):
    path, own = own_attack
    before = own.read_text()
    own.write_text(before.replace("parent]", "parent + 1]"))
    with pytest.raises(RunFolderError) as refused:
        resume(path)
    assert str(refused.value) == (
        f"attack {own}:attack is not what it was when the run in {path} began: bring that back, or begin "
        "another run"
    )
    own.write_text(before)
    data_digest.cache_clear()
    resume(path)
    assert len(lines(path)) == small().rounds


@pytest.mark.parametrize("text", ["[]", "{", '{"attack": 1, "attack": 2}'])
def test_damaged_notes_of_what_a_run_began_with_are_told(own_attack, text):
    path, _ = own_attack
    (path / "sources.json").write_text(text)
    with pytest.raises(DamagedRunError, match="sources.json is damaged: "):
        resume(path)


def test_a_run_from_before_anything_was_noted_goes_on(own_attack):
    path, own = own_attack
    (path / "sources.json").unlink()
    own.write_text(own.read_text() + "\n")
    resume(path)
    assert len(lines(path)) == small().rounds


def test_what_a_run_follows_from_is_noted_by_setting(tmp_path):
    (tmp_path / "own.py").write_text("def quick(model, *rest):\n    return model\n")
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    named = {"train": f"{tmp_path}/own.py:quick", "defence": "median"}
    rows = {"data": tmp_path / "rows.csv", "clients_data": tmp_path}
    found = sources(small(**named).model_copy(update=rows))
    assert found.keys() == {"task", "data", "clients_data", "train"}
