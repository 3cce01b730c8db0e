"""`ape run simulate`: results, refusals in one sentence, Ctrl-C and what follows it."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from full_disk import room_for
from live import free_port

from offchain import system_errors
from scripts.simulate import cli

ROOT = Path(__file__).resolve().parents[2]
APE = str(Path(sys.executable).with_name("ape"))
SMALL = ("--engine", "reference", "--clients", "10", "--rounds", "3")
SENTENCE_ROOM = 400  # Characters, of a list of all policies too; a traceback is longer.


def simulate(*options):
    return CliRunner().invoke(cli, [str(option) for option in options])


def refusal(*options):
    """What a refused command says, without the usage that click puts before it."""
    result = simulate(*options)
    assert result.exit_code != 0
    message = result.output[result.output.index("Error: ") :].strip()
    assert "\n" not in message and len(message) < SENTENCE_ROOM
    assert "Traceback" not in result.output
    return message


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def columns():
    from ml.tasks.built_in.lending_club.columns import required

    return required("all")


def loan(columns, **values):
    text = {"issue_d": "Dec-2011", "earliest_cr_line": "Jan-1999", "loan_status": "Fully Paid", "term": "36"}
    return ",".join(str({**dict.fromkeys(columns, 1), **text, **values}[name]) for name in columns)


def loan_file(columns, rows):
    Path("loans.csv").write_text("\n".join([",".join(columns), *rows]) + "\n")
    return ("--dataset", "lending-club", "--data", "loans.csv", "--features", "all", "--engine", "reference")


def test_a_run_writes_what_it_prints():
    result = simulate(*SMALL)
    assert result.exit_code == 0, result.output
    summary = json.loads(Path("runs/001/summary.json").read_text())
    assert f"{summary['accuracy']:.3f}" in result.output
    assert len(Path("runs/001/rounds.jsonl").read_text().splitlines()) == 3
    assert "Written to runs/001" in result.output


def test_a_second_run_takes_the_next_folder():
    for _ in range(2):
        assert simulate(*SMALL, "--rounds", 1).exit_code == 0
    assert {path.name for path in Path("runs").iterdir()} == {"001", "002"}


def test_options_override_the_settings_file():
    Path("run.yaml").write_text("clients: 10\nrounds: 5\nengine: reference\nrows: 2000\nbaselines: false\n")
    result = simulate("--settings", "run.yaml", "--rounds", 1, "--out", "out")
    assert result.exit_code == 0, result.output
    config = json.loads(Path("out/summary.json").read_text())["config"]
    assert (config["clients"], config["rounds"], config["task_options"]) == (
        10,
        1,
        {"rows": 2000},
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--policy", "guess"), "'guess' is not one of 'aggregate', 'verdict'"),
        (("--attack", "noise"), "there is no attack 'noise'; use FILE.py:function or one of label-flip"),
        (("--dataset", "mnist"), "there is no task 'mnist'; use FILE.py:Class"),
        (
            ("--dataset", "lending-club", "--data", "x", "--features", "some"),
            "option features: Input should be 'application' or 'all'",
        ),
        (("--metric", "f1"), "metric is f1, which Labels() does not have; use auroc or accuracy"),
        (("--engine", "cloud"), "'cloud' is not one of 'chain', 'reference'"),
        (("--device", "tpu"), "'tpu' is not one of 'cpu', 'cuda'"),
        (("--network", "mainnet"), "'mainnet' is no local chain"),
        (("--rounds", "many"), "'many' is not a valid integer"),
        (("--rounds", "0"), "rounds is 0"),
        (("--clients", "3"), "clients is 3"),
        (("--malicious", "1.5"), "malicious is 1.5"),
        (("--malicious-voters", "51"), "malicious_voters is 51"),
        (("--proposer-stake", "65"), "proposer_stake 65 is above initial_balance 64"),
        (("--voter-stake", "1000"), "voter_stake 1000 is above initial_balance 64"),
        (("--voter-stake", "much"), "voter_stake is much"),
        (("--clients", "9000", "--engine", "reference"), "too few for 9000 clients"),
        (("--dataset", "lending-club"), "needs data"),
        (("--dataset", "lending-club", "--data", "none.csv"), "there is no file none.csv"),
        (("--settings", "none.yaml"), "there is no settings file none.yaml"),
        (("--resume", "none"), "there is no run in none"),
        (("--resume", "none", "--seed", "1"), "leave out --seed"),
    ],
)
def test_a_bad_option_is_refused_in_a_sentence(options, words):
    assert words in refusal(*options)
    assert not list(Path().iterdir()), "something was written"


def test_a_truncated_file_is_refused(columns):
    import gzip

    loan_file(columns, [loan(columns, loan_amnt=n) for n in range(5000)])
    packed = gzip.compress(Path("loans.csv").read_bytes())
    Path("loans.csv.gz").write_bytes(packed[: len(packed) // 2])
    options = ("--dataset", "lending-club", "--data", "loans.csv.gz", "--features", "all")
    assert "is cut off or damaged" in refusal(*options)


def test_a_file_without_a_column_is_refused(columns):
    kept = [name for name in columns if name not in ("grade", "recoveries")]
    message = refusal(*loan_file(kept, [loan(kept)] * 100))
    assert "lacks the columns grade, recoveries" in message


def test_a_file_with_one_class_is_refused(columns):
    assert "rows have one outcome only" in refusal(*loan_file(columns, [loan(columns)] * 1000))


def test_a_file_with_too_few_rows_is_refused(columns):
    rows = [loan(columns, loan_status=status) for status in ("Fully Paid", "Charged Off")] * 50
    assert "100 rows are too few for 50 clients" in refusal(*loan_file(columns, rows))


def test_a_used_folder_is_refused_and_left_as_it_is():
    Path("out").mkdir()
    Path("out/mine").write_text("mine")
    assert "the output folder out is in use" in refusal(*SMALL, "--out", "out")
    assert [path.name for path in Path("out").iterdir()] == ["mine"]


def test_a_missing_anvil_is_said_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "anvil is not on the PATH" in refusal("--clients", "10", "--rounds", "1")
    assert not list(Path().iterdir()), "something was written"


def test_a_missing_gpu_is_said_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert "device 'cuda' is not available here" in refusal(*SMALL, "--device", "cuda")


def test_through_contracts_on_anvil(tmp_path):
    out = tmp_path / "out"
    options = ("--network", "foundry", "--clients", "10", "--rounds", "2", "--out", str(out))
    command = [APE, "run", "simulate", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((out / "summary.json").read_text())
    assert summary["transactions"] == 2 * (2 * 1 + 2 * 9 + 3)
    assert summary["gas"]["round"] > 10 * summary["gas"]["commitBallot"]
    assert summary["tokens"]["total"] == 640


def test_a_chain_that_somebody_uses_is_left_alone(tmp_path, ape_that_has_imported):
    port = free_port()
    options = ("--network", "foundry", "--clients", "10", "--rounds", "1", "--out", str(tmp_path / "out"))
    anvil = subprocess.Popen(
        [Path(sys.executable).with_name("anvil"), "--port", str(port), "--block-time", "1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        next(line for line in anvil.stdout if "Block Number: 1" in line)
        done = subprocess.run(
            [ape_that_has_imported, "run", "simulate", *options],
            cwd=ROOT,
            env={**os.environ, "APE_FOUNDRY_HOST": f"http://127.0.0.1:{port}"},
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        anvil.terminate()
        anvil.communicate()
    assert done.returncode == 1
    assert "the chain that answered is not new" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path, ape_that_has_imported):
    out, options = tmp_path / "out", ("--engine", "reference", "--clients", "10", "--rounds", "20")
    going = subprocess.Popen(
        [ape_that_has_imported, "run", "simulate", *options, "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in going.stdout:
        if line.startswith("round 2 "):
            os.killpg(going.pid, signal.SIGINT)
            break
    said = going.communicate(timeout=120)[0]
    assert going.returncode == 130
    assert f"Interrupted. To continue: ape run simulate --resume {out}" in said.replace("\n", "")
    assert "Traceback" not in said

    resumed = simulate("--resume", out)
    assert resumed.exit_code == 0, resumed.output
    whole = simulate(*options, "--out", "whole")
    assert whole.exit_code == 0, whole.output
    first, second = (json.loads((folder / "summary.json").read_text()) for folder in (out, Path("whole")))
    assert first["accuracy_by_round"] == second["accuracy_by_round"]
    assert first["tokens"] == second["tokens"]


def test_a_run_that_finds_no_room_goes_on_as_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(system_errors._HELP, errno.EFBIG, system_errors._HELP[errno.ENOSPC])
    with room_for(20_000):
        told = refusal(*SMALL, "--out", tmp_path / "run")
    assert "state.npz cannot be read or written: File too large; make room, and continue with" in told
    assert told.endswith(f"`ape run simulate --resume {tmp_path / 'run'}`")
    assert simulate("--resume", tmp_path / "run").exit_code == 0


def test_where_nothing_was_written_nothing_is_to_be_continued(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("offchain.runs.run.start_run", interrupted)
    result = simulate(*SMALL, "--out", tmp_path / "run")
    assert result.exit_code == 130 and "Nothing was written." in result.output
