"""A client's learning in a process without the key: the same to the last bit, and its end is a sentence."""

from threading import Timer
from threading import enumerate as enumerate_threads
from types import SimpleNamespace

import numpy as np
import pytest
from own_tasks import SORTING, write_patients

from ml.errors import DataError, MLError, TaskError
from ml.judging.policy import DEFAULT, EVIDENCE
from ml.settings import ScoringSettings
from ml.tasks.loading import Named
from ml.updates.canonical import to_bytes
from offchain import noticing
from offchain.errors import RestingError, SettingsError, WorkerError
from offchain.learning.apart import beside_key
from offchain.learning.describing import FoundersFiles, described, redescribed
from offchain.learning.finding import Here
from offchain.learning.genesis import first_model
from offchain.live.client.apart import LearningApart, Limits, member_learning
from offchain.live.client.apart_service import Opening
from offchain.live.client.known_models import KnownModel
from offchain.live.client.local_learning import LocalLearning
from offchain.live.client.own_data import DataOptions
from offchain.live.client.round_work import RoundWork, _seconds_of_use
from offchain.live.client.salts import Salts
from offchain.live.deploying.rules import require_joinable
from offchain.live.errors import ConfigurationError
from offchain.reference import Phase
from offchain.worker.messages import Message
from offchain.worker.process import Worker

SPOILT = (
    SORTING
    + """
    def losses(self, outputs, targets):
        import ctypes, os, time
        from pathlib import Path
        if (Path(__file__).parent / "ends").exists():
            ctypes.CDLL(None)._exit(7)
        if (Path(__file__).parent / "quits").exists():
            os._exit(0)
        if (Path(__file__).parent / "hangs").exists():
            time.sleep(60)
        return super().losses(outputs, targets)
"""
)
pytestmark = pytest.mark.usefixtures("warm_processes")
LIMITS = Limits(train=60, judge=60)


def opening(folder, source=SPOILT, **more):
    """What a member's client tells of a task in that folder, and of rows beside it."""
    (folder / "task.py").write_text(source)
    write_patients(folder / "own.npz", seed=1)
    scoring = ScoringSettings(metric="likelihood", policy="evidence", memory=2)
    rules = described(Named(f"{folder / 'task.py'}:Sorting", {}), (5,), (), scoring, 0, FoundersFiles())
    values = {"rules": rules, "folder": folder, "data": DataOptions(path=folder / "own.npz"), "training": {}}
    return Opening(**{**values, "device": "cpu", "shadow": "verdict", **more})


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    return opening(tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def apart(said):
    made = member_learning(said, LIMITS)
    assert isinstance(made, LearningApart)
    yield made
    made._worker.close()


@pytest.fixture(scope="module")
def here(said):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Named, "is_foreign", False)
        made = member_learning(said, LIMITS)
    assert isinstance(made, LocalLearning)
    return made


def test_a_task_of_the_projects_own_code_stays_in_this_process(said):
    names = ("digits", "readmission.json", "mine.py:Mine", "package.module:Mine")
    assert [Named(name, {}).is_foreign for name in names] == [False, False, True, True]


def test_what_is_computed_apart_is_the_same_to_the_last_bit(here, apart):
    assert (apart.samples, apart.plan, apart.told[:-1]) == (here.samples, here.plan, here.told)
    assert (apart.policy, apart.shadow, apart.schema) == (here.policy, here.shadow, here.schema)
    first = here.genesis
    assert np.array_equal(apart.genesis, first) and "in a process of its own" in apart.told[-1]
    sent, same = here.update([first], 1, 5), apart.update([first], 1, 5)
    assert np.array_equal(sent.update, same.update) and not np.array_equal(sent.update, first)
    assert (sent.base, sent.shortened) == (same.base, same.shortened)
    second = sent.update
    assert np.array_equal(
        here.update([first, second], 2, 6).update, apart.update([first, second], 2, 6).update
    )
    assert here.quality(second) == apart.quality(second)
    change = second - first
    blobs = dict(enumerate(map(to_bytes, (second, first - change, first + 9 * change)))) | {3: None, 4: b""}
    samples = dict.fromkeys(blobs, 100)
    for policy in ("evidence", "evidence-and-skill", DEFAULT, "verdict", EVIDENCE):
        found = here.judged(policy, blobs, samples, [first, second])
        assert found == apart.judged(policy, blobs, samples, [first, second])
    assert {0, 1, 2} & {*found.finding.reasons} and found.finding.reasons[3].test == "admissible"


def test_a_task_that_ends_its_process_or_never_ends_costs_a_sentence(said, here):
    for mark, judge, told in (("ends", 60, r"\(status 7\)"), ("hangs", 1, "was ended after 1 s of scoring")):
        apart = LearningApart(said, Limits(train=60, judge=judge))
        (said.folder / mark).touch()
        with pytest.raises(WorkerError, match=f"^the process that runs the task's code .*{told}"):
            apart.quality(here.genesis)
        (said.folder / mark).unlink()
        update = apart.update([here.genesis], 1, 5).update  # By another process.
        assert np.array_equal(update, here.update([here.genesis], 1, 5).update)
        apart._worker.close()
    apart = LearningApart(said, Limits(train=60, judge=60))
    (said.folder / "quits").touch()
    with pytest.raises(TaskError, match=r"line \d+: it would end the process \(exit status 0\)"):
        apart.quality(here.genesis)
    (said.folder / "quits").unlink()
    apart._worker.close()


@pytest.mark.parametrize(
    ("kind", "told", "source", "changed"),
    [
        (SettingsError, "here has digest 0x.*the deployment's is 0x", None, "1 / 0\n" + SORTING),
        (MLError, "a loss must be of its row only", None, None),
        (DataError, "3 rows are too few", SORTING, None),
    ],
    ids=["another", "neighbours", "few"],
)
def test_what_a_start_refuses_it_refuses_from_there(tmp_path, kind, told, source, changed):
    crossing = "nn.functional.cross_entropy(outputs, targets, reduction='none') * outputs.std()"
    bad = SORTING + f"    def losses(self, outputs, targets):\n        return {crossing}\n"
    known = opening(tmp_path, source or bad)
    if changed:
        (tmp_path / "task.py").write_text(changed)
    if source:
        write_patients(tmp_path / "own.npz", seed=1, count=3)
    with pytest.raises(kind, match=told) as raised:
        LearningApart(known, LIMITS)
    assert "\n" not in str(raised.value)


def test_a_start_that_takes_long_is_said_and_one_that_never_ends_is_ended(said, caplog, monkeypatch):
    monkeypatch.setattr(noticing, "NOTICE_SECONDS", 0.5)
    (said.folder / "hangs").touch()
    with pytest.raises(WorkerError) as raised:
        LearningApart(said, Limits(train=60, judge=60, start=2))
    (said.folder / "hangs").unlink()
    who, what = "the process that runs the task's code", "loading the task, reading the rows and trying both"
    assert str(raised.value) == f"{who} was ended after 2 s of {what} (--start-seconds)"
    assert caplog.messages == [f"{who} has been {what} for 0.5 s; it is ended after 2 s (--start-seconds)"]


def test_a_start_in_time_is_no_news(said, caplog, monkeypatch):
    monkeypatch.setattr(noticing, "NOTICE_SECONDS", 60)
    LearningApart(said, LIMITS)._worker.close()
    timers = [each for each in enumerate_threads() if isinstance(each, Timer)]
    for each in timers:
        each.join(10)  # It was called off, and ends at once.
    assert not caplog.messages and not any(each.is_alive() for each in timers)


def test_a_task_that_keeps_ending_is_not_started_at_every_look(said, here, monkeypatch, caplog):
    apart, begun = LearningApart(said, LIMITS), []
    opened = Worker.open
    monkeypatch.setattr(Worker, "open", lambda self: begun.append(self) or opened(self))
    committer = SimpleNamespace(salts=Salts(bytes(32)))
    work = RoundWork(None, None, 1, apart, None, committer, [1], None)
    view = SimpleNamespace(
        round=1, phase=Phase.PROPOSE, now=100, deadline=lambda phase: 700, patience=lambda phase: 400
    )
    model = KnownModel(0, here.genesis)
    (said.folder / "ends").touch()
    with pytest.raises(WorkerError, match="status 7"):
        work._trained_from(view, [model])
    for _ in range(10):
        with pytest.raises(RestingError):
            work._trained_from(view, [model])
    assert begun == [] and "failed once; tried again in 5 s" in caplog.text
    (said.folder / "ends").unlink()
    work._rest._until = 0.0
    assert work._trained_from(view, [model]).data and begun == [apart._worker]
    apart._worker.close()


def test_where_an_answer_is_of_no_use_any_more_the_next_phase_is_not_rested_through(said, here):
    work = RoundWork(None, None, 1, here, None, None, [1], None)
    seconds = {}
    for phase, now in ((Phase.PROPOSE, 100), (Phase.PROPOSE, 500), (Phase.REVEAL, 100), (Phase.DRAW, 100)):
        view = SimpleNamespace(
            phase=phase,
            now=now,
            patience=lambda phase: 400,
            deadline=lambda p: None if p is Phase.DRAW else 700,
        )
        seconds[phase, now] = _seconds_of_use(view)
    assert list(seconds.values()) == [300, 200, None, None] and work._rest._until == 0.0


@pytest.mark.parametrize(
    ("values", "arrays"),
    [
        ({"base": 1, "shortened": False}, {"update": np.zeros(219, np.int32)}),
        ({"base": True, "shortened": False}, {"update": np.zeros(219, np.int32)}),
        ({"base": 0, "shortened": False}, {"update": np.zeros(5, np.int32)}),
        ({"base": 0, "shortened": False}, {"update": np.zeros((1, 219), np.int32)}),
        ({"base": 0, "shortened": False}, {"update": np.zeros(219, np.float32)}),
        ({"base": 0}, {"update": np.zeros(219, np.int32)}),
        ({}, {}),
    ],
)
def test_an_answer_that_is_no_update_is_told(apart, monkeypatch, values, arrays):
    monkeypatch.setattr(
        apart, "_worker", SimpleNamespace(ask=lambda *_: SimpleNamespace(values=values, arrays=arrays))
    )
    with pytest.raises(WorkerError, match="answers what is not an update"):
        apart.update([apart.genesis], 1, 5)


@pytest.mark.parametrize(
    "finding",
    [
        None,
        {"accepted": [0], "reasons": {}, "scorings": 1},
        {"accepted": [0, 1], "reasons": {"1": {"test": "a"}}, "scorings": 1},
        {"accepted": [0, 7], "reasons": {}, "scorings": 1},
    ],
)
def test_an_answer_that_is_no_finding_on_these_updates_is_told(apart, monkeypatch, finding):
    answer = SimpleNamespace(values={"base": 0, "finding": finding}, arrays={})
    monkeypatch.setattr(apart, "_worker", SimpleNamespace(ask=lambda *_: answer))
    with pytest.raises(WorkerError, match="answers what is not a finding"):
        apart.judged("verdict", {0: b"", 1: b""}, {0: 1, 1: 1}, [apart.genesis])


def test_what_a_deployment_needs_of_a_task_is_computed_apart_too(tmp_path, monkeypatch):
    rules, here = opening(tmp_path, SORTING).rules, Here(tmp_path)
    changed = beside_key(first_model, rules, here, ()) + 1
    expected = redescribed(rules, here, changed, "net.genesis.safetensors")
    monkeypatch.setattr(Named, "load", None)  # Nothing of it runs here from now on.
    beside_key(require_joinable, rules, here, ())
    assert beside_key(redescribed, rules, here, (), changed, "net.genesis.safetensors") == expected
    other = rules.model_copy(update={"constants": "0x" + 64 * "0"})
    with pytest.raises(ConfigurationError, match="^learning: what the module .* never trains is other here"):
        beside_key(require_joinable, other, here, ())


@pytest.mark.parametrize(
    ("values", "arrays", "told"),
    [
        ({"learning": {"edition": 3}}, {}, "answers what is no description"),
        ({}, {"model": np.zeros(219, np.float32)}, "answers a model of another shape"),
        ({}, {"model": np.zeros(5, np.int32)}, "answers a model of another shape"),
    ],
)
def test_an_answer_that_is_of_no_kind_that_was_asked_for_is_told(said, monkeypatch, values, arrays, told):
    monkeypatch.setattr(Worker, "open", lambda self: Message(values, arrays))
    with pytest.raises(WorkerError, match=told):
        beside_key(first_model, said.rules, Here(said.folder), ())
