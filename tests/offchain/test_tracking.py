"""Figures in TensorBoard's and MLflow's own files, read back by their own readers."""

import logging
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from full_disk import room_for
from prometheus_client import Counter, Gauge, Histogram
from small_runs import records, small

from offchain.errors import TrackingError
from offchain.monitoring import measures
from offchain.settings import TOKEN
from offchain.simulation.cast import Cast
from offchain.tracking.of_measures import Follower, figures_of_measures, following
from offchain.tracking.of_run import figures_of_round
from offchain.tracking.tracker import Tracking
from scripts.client import cli as client
from scripts.simulate import cli as simulate

SETTINGS = small(rounds=3)
GIVEN = ["--engine", "reference", "--clients", "10", "--rounds", "3", "--malicious", "0.4"]
NO_TENSORBOARD = "tensorboard is optional: pip install tensorboard"
NO_MLFLOW = "mlflow is optional: pip install mlflow-skinny"


@pytest.fixture(scope="module")
def tracked_run():
    return records(SETTINGS)


def scalars(folder):
    """What TensorBoard shows of a run: values by round, by name."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason=NO_TENSORBOARD
    )
    found = accumulator.EventAccumulator(str(folder))
    found.Reload()
    return {
        name: {event.step: event.value for event in found.Scalars(name)} for name in found.Tags()["scalars"]
    }


def metrics(folder):
    """What MLflow shows of its only run: values by round, by name, and parameters."""
    mlflow = pytest.importorskip("mlflow", reason=NO_MLFLOW)
    found = mlflow.MlflowClient(tracking_uri=Path(folder).resolve().as_uri())
    (run,) = found.search_runs([found.get_experiment_by_name("stakefed").experiment_id])
    values = {
        name: {each.step: each.value for each in found.get_metric_history(run.info.run_id, name)}
        for name in run.data.metrics
    }
    return run, values


def track(tracking, tracked_run):
    cast = Cast.of(SETTINGS)
    with tracking.tracker("mine", {"clients": 10, "long": "x" * 9_000}) as tracker:
        for record in tracked_run:
            tracker.log(record.round, figures_of_round(record, cast))


def test_figures_are_the_rounds(tracked_run):
    last, cast = tracked_run[-1], Cast.of(SETTINGS)
    found = figures_of_round(last, cast)
    honest = [balance for client, balance in enumerate(last.balances) if client not in cast.malicious]
    assert found["tokens/honest"] == pytest.approx(sum(honest) / len(honest) / TOKEN)
    assert found["run/accuracy"] == last.scores["accuracy"]
    assert found["without_attack/loss"] == last.baselines["without_attack"]["loss"]
    assert found["updates/included"] + found["updates/excluded"] == len(last.updates)
    assert "gas" not in found and "privacy/epsilon" not in found
    assert figures_of_round(last.model_copy(update={"epsilon": 2.5}), cast)["privacy/epsilon"] == 2.5
    nobody = figures_of_round(last, Cast(frozenset(), frozenset()))
    assert "tokens/malicious" not in nobody


def test_tensorboard_shows_every_round(tmp_path, tracked_run):
    pytest.importorskip("tensorboard", reason=NO_TENSORBOARD)
    track(Tracking("tensorboard", str(tmp_path)), tracked_run)
    shown = scalars(tmp_path / "mine")
    assert shown["run/accuracy"] == pytest.approx({r.round: r.scores["accuracy"] for r in tracked_run})
    assert shown.keys() == figures_of_round(tracked_run[0], Cast.of(SETTINGS)).keys()


def test_mlflow_shows_every_round(tmp_path, tracked_run):
    pytest.importorskip("mlflow", reason=NO_MLFLOW)
    track(Tracking("mlflow", str(tmp_path / "store")), tracked_run)
    run, shown = metrics(tmp_path / "store")
    assert shown["run/accuracy"] == pytest.approx({r.round: r.scores["accuracy"] for r in tracked_run})
    assert run.info.run_name == "mine" and run.info.status == "FINISHED"
    assert run.data.params["clients"] == "10" and len(run.data.params["long"]) == 500


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("")], ids=["gone", "empty"])
def test_a_damaged_neighbour_in_mlflows_folder_is_no_page_of_tracebacks(
    tmp_path, tracked_run, caplog, damage
):
    pytest.importorskip("mlflow", reason=NO_MLFLOW)
    to = tmp_path / "to"
    track(Tracking("mlflow", str(to)), tracked_run)
    damage(to / "0" / "meta.yaml")
    track(Tracking("mlflow", str(to)), tracked_run)
    assert not caplog.records
    assert len([*to.rglob("metrics/run/accuracy")]) == 2


@pytest.mark.parametrize("program, read", [("tensorboard", scalars), ("mlflow", metrics)])
def test_simulate_tracks_what_it_plays(tmp_path, program, read):
    pytest.importorskip(program, reason=f"{program} is optional")
    given = [*GIVEN, "--out", str(tmp_path / "run"), "--track", program, "--track-to", str(tmp_path / "to")]
    result = CliRunner().invoke(simulate, given)
    assert result.exit_code == 0, result.output
    name = f"{tmp_path.name}-run"
    shown = read(tmp_path / "to" / name) if program == "tensorboard" else read(tmp_path / "to")[1]
    assert list(shown["run/auroc"]) == [1, 2, 3] and "without_defence/accuracy" in shown
    assert not [line for line in result.output.splitlines() if "arning" in line or "mlflow" in line.lower()]


def test_what_is_not_finite_is_left_out(tmp_path):
    pytest.importorskip("tensorboard", reason=NO_TENSORBOARD)
    with Tracking("tensorboard", str(tmp_path)).tracker("mine", {}) as tracker:
        tracker.log(1, {"a": float("nan"), "b": float("inf"), "c": 1.0})
    assert scalars(tmp_path / "mine") == {"c": {1: 1.0}}


def test_names_of_metrics_that_mlflow_refuses_are_spelled_otherwise(tmp_path):
    pytest.importorskip("mlflow", reason=NO_MLFLOW)
    with Tracking("mlflow", str(tmp_path / "to")).tracker("mine", {}) as tracker:
        tracker.log(1, {"node/http://127.0.0.1:8545": 2.0, "loss (own)": 1.0, "../../x": 3.0})
    assert metrics(tmp_path / "to")[1] == {
        "node/http_/127.0.0.1_8545": {1: 2.0},
        "loss _own_": {1: 1.0},
        "x": {1: 3.0},
    }


# What goes wrong.


@pytest.mark.parametrize(
    "program, module, package",
    [
        ("tensorboard", "torch.utils.tensorboard", "tensorboard"),
        ("mlflow", "mlflow.tracking", "mlflow-skinny"),
    ],
)
def test_a_package_that_is_missing_is_one_sentence_before_anything_is_written(
    tmp_path, monkeypatch, program, module, package
):
    monkeypatch.setitem(sys.modules, module, None)
    if program == "mlflow":
        monkeypatch.setitem(sys.modules, "mlflow", None)
        monkeypatch.setitem(sys.modules, "mlflow.entities", None)
    given = [*GIVEN, "--out", str(tmp_path / "run"), "--track", program, "--track-to", str(tmp_path / "to")]
    result = CliRunner().invoke(simulate, given)
    assert result.exit_code == 1 and not (tmp_path / "run").exists()
    told = f"--track {program} needs the package {package}, which is not installed"
    assert told in result.output and len(result.output.strip().splitlines()) == 1


def test_a_disk_that_fills_while_tensorboard_writes_is_one_sentence(tmp_path, monkeypatch, caplog):
    pytest.importorskip("tensorboard", reason=NO_TENSORBOARD)
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    with room_for(2000), Tracking("tensorboard", str(tmp_path)).tracker("mine", {}) as tracker:
        for round_ in range(1, 200):
            tracker.log(round_, {"a": 1.0})
    assert [each.getMessage() for each in caplog.records] == [
        f"--track tensorboard cannot write to {tmp_path}: File too large; nothing more is tracked"
    ]
    assert not told


@pytest.mark.parametrize("program", ["tensorboard", "mlflow"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, program):
    pytest.importorskip(program, reason=f"{program} is optional")
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(TrackingError, match=f"--track {program} cannot write to .*file.*:") as raised,
        Tracking(program, str(tmp_path / "file" / "to")).tracker("mine", {}),
    ):
        pass
    assert "\n" not in str(raised.value)


def test_what_fails_later_is_said_once_and_the_run_goes_on(caplog):
    class Failing:
        def log(self, round_, figures):
            raise OSError("disk full")

        def close(self):
            raise AssertionError("is not asked any more")

    from offchain.tracking import tracker as module

    tracking = Tracking("tensorboard", "there")
    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setitem(module._OPENERS, "tensorboard", lambda *_: Failing())
        with tracking.tracker("mine", {}) as tracker:
            tracker.log(1, {"a": 1.0})
            tracker.log(2, {"a": 1.0})
    assert caplog.messages == [
        "--track tensorboard cannot write to there: disk full; nothing more is tracked"
    ]


def test_where_to_needs_a_program():
    for command in (simulate, client):
        needed = ["--deployment", "x", "--account", "y"] if command is client else []
        result = CliRunner().invoke(command, [*needed, "--track-to", "there"])
        assert result.exit_code == 2 and "--track-to needs --track, tensorboard or mlflow" in result.output
        result = CliRunner().invoke(command, [*needed, "--track", "wandb"])
        assert result.exit_code == 2 and "'wandb' is not one of 'tensorboard', 'mlflow'" in result.output


# A client's measures.


def some():
    loss, seat = Gauge("loss", "", registry=None), Gauge("seat", "", ["kind"], registry=None)
    sent, took = Counter("sent", "", registry=None), Histogram("took_seconds", "", registry=None)
    return SimpleNamespace(loss=loss, seat=seat, sent=sent, took=took, all=(loss, seat, sent, took))


def test_measures_are_figures_by_name_and_label():
    own = some()
    own.loss.set(0.5)
    own.seat.labels("voter").set(1)
    own.sent.inc(3)
    own.took.observe(2)
    assert figures_of_measures(own.all) == {
        "loss": 0.5,
        "seat/voter": 1,
        "sent_total": 3,
        "took_seconds_count": 1,
        "took_seconds_sum": 2,
    }


class Heard:
    def __init__(self):
        self.rounds = []

    def log(self, round_, figures):
        self.rounds.append((round_, figures["loss"]))


@pytest.fixture
def round_(request):
    yield measures.ROUND.set
    measures.ROUND.set(float("nan"))


def test_a_follower_tells_each_round_once_as_it_ended(round_):
    own, heard = some(), Heard()
    follower = Follower(heard, own.all)
    follower.look()  # Nothing is known yet.
    for number, loss in [(1, 0.9), (1, 0.8), (2, 0.7), (2, 0.6), (4, 0.5)]:
        round_(number)
        own.loss.set(loss)
        follower.look()
    assert heard.rounds == [(1, 0.8), (2, 0.6)]
    own.loss.set(0.4)
    follower.finish()
    assert heard.rounds == [(1, 0.8), (2, 0.6), (4, 0.4)]


def test_following_ends_with_what_was_last(round_):
    own, heard = some(), Heard()
    with following(heard, own.all):
        round_(7)
        own.loss.set(0.3)
    assert heard.rounds == [(7, 0.3)]
