"""Runs are played once, kept by what they are made of, and continued when interrupted."""

import json
import os
import signal
import threading
import time
from decimal import Decimal
from functools import partial
from hashlib import sha256
from uuid import uuid4

import pytest
from joblib.externals.loky.backend import resource_tracker
from small_runs import quiet, reference, small, timeless

from ml.settings import DEFAULT_POLICY
from offchain.engines.choice import engine_on
from offchain.errors import ReproductionError, RunFolderError, SettingsError, SimulationError
from offchain.reproduction import dask_runs, kept_runs, rows_at_hand
from offchain.reproduction.cluster import cluster
from offchain.reproduction.grid import play_all
from offchain.reproduction.kept_runs import KeptRuns, run_digest
from offchain.runs.data_digest import data_digest
from offchain.runs.run import start_run
from offchain.runs.run_folder import RunFolder
from offchain.runs.sources import sources
from offchain.settings import SimulationSettings, parse_settings
from offchain.simulation.federation import all_rows

pytestmark = pytest.mark.usefixtures("warm_processes")

TINY = partial(small, rounds=3, baselines=False)


def engine_of(settings):
    return reference


def forbidden(settings):
    raise AssertionError(f"played again: {settings}")


def played(path):
    with RunFolder.open(path) as folder:
        return [timeless(record) for record in folder.load()[0]]


def test_a_run_is_played_once(tmp_path):
    kept = KeptRuns(tmp_path)
    kept.play(TINY(), engine_of)
    kept.play(TINY(), forbidden)
    assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.rglob("*.png"))


def test_a_run_in_memory_does_not_stand_for_one_through_contracts(tmp_path):
    kept = KeptRuns(tmp_path)
    kept.play(TINY(), engine_of)
    assert kept.find(TINY(engine="chain")) is None


def test_a_run_through_contracts_does_for_one_in_memory(tmp_path):
    kept, settings = KeptRuns(tmp_path), TINY(engine="chain")
    start_run(kept.path(settings), settings, reference, quiet(), picture=False)
    assert kept.find(TINY()) == kept.path(settings)


def test_both_engines_give_the_same_trace(tmp_path):
    settings, chain = TINY(), KeptRuns(tmp_path / "chain")
    memory = KeptRuns(tmp_path / "memory")
    memory.play(settings, engine_of)
    chain.play(TINY(engine="chain"), partial(engine_on, "ethereum:local:test"))
    one, other = memory.trace(settings), chain.trace(TINY(engine="chain"))
    assert (one.balances == other.balances).all()
    assert (one.scores["run"] == other.scores["run"]).all()
    assert all(record.gas for record in chain.records(TINY(engine="chain")))


def test_an_interrupted_run_goes_on(tmp_path):
    whole, broken = KeptRuns(tmp_path / "whole"), KeptRuns(tmp_path / "broken")
    whole.play(TINY(), engine_of)
    broken.play(TINY(), engine_of)
    path = broken.path(TINY())
    (path / "summary.json").unlink()
    with RunFolder.open(path) as folder:
        records, state = folder.load()
    lines = (path / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    (path / "state.npz").unlink()
    (path / "rounds.jsonl").write_bytes(lines[0])
    assert broken.find(TINY()) is None
    broken.play(TINY(), engine_of)
    assert played(path) == played(whole.path(TINY()))
    assert (len(records), state.round) == (3, 3)


@pytest.mark.parametrize(
    "name, content, told",
    [
        ("rounds.jsonl", "", "rounds.jsonl has 0 of the 3 rounds played"),
        ("rounds.jsonl", "null\n" * 3, "line 1 of .*rounds.jsonl is damaged"),
        ("settings.json", "[", "settings.json is damaged"),
    ],
)
def test_a_damaged_run_is_told_with_what_helps(tmp_path, name, content, told):
    kept = KeptRuns(tmp_path)
    kept.play(TINY(), engine_of)
    path = kept.path(TINY())
    (path / name).write_text(content)
    with pytest.raises(RunFolderError, match=rf"{told}.*; delete {path}, and this run is played anew$"):
        kept.records(TINY())


def test_a_run_that_goes_on_elsewhere_is_not_to_be_deleted(tmp_path):
    kept = KeptRuns(tmp_path)
    kept.play(TINY(), engine_of)
    with (
        RunFolder.open(kept.path(TINY())),
        pytest.raises(RunFolderError, match="going on in another process$"),
    ):
        KeptRuns(tmp_path).records(TINY())


def test_two_commands_do_not_play_into_one_folder(tmp_path):
    kept = KeptRuns(tmp_path / "runs")
    with (
        kept.held(),
        pytest.raises(ReproductionError, match="^another command plays into .*runs: wait until"),
    ):
        play_all([TINY()], KeptRuns(tmp_path / "runs"), forbidden, 1, quiet())
    play_all([TINY()], kept, engine_of, 1, quiet())
    with kept.held():
        assert KeptRuns(tmp_path / "runs").records(TINY())


def test_a_trace_needs_a_complete_run(tmp_path):
    with pytest.raises(RunFolderError, match="is not there"):
        KeptRuns(tmp_path).trace(TINY())


@pytest.mark.parametrize(
    "change", [dict(seed=1), dict(malicious=0.1), dict(rounds=4), dict(policy="aggregate")]
)
def test_other_settings_are_another_run(change):
    assert run_digest(TINY(**change)) != run_digest(TINY())


OTHERWISE = {
    **{"policy": "likelihood", "shadow_policy": "verdict", "attack": "zero", "coalition_votes": "own"},
    **{"defence": "median", "shares": "dirichlet", "metric": "auroc", "device": "cuda", "sleep_until": 70},
    **{"attack_options": {"divergence_weight": 1.0}, "task": "digits", "task_options": {"hidden": 16}},
    **{"threads": 1, "voter_seats": 10, "rows": 4_000, "dp_epsilon": 8, "assumed_faulty": 1, "aimed": 0.5},
}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, field in SimulationSettings.model_fields.items()
        if name in OTHERWISE or isinstance(field.default, bool | int | float | Decimal)
    ],
)
def test_every_setting_that_numbers_follow_from_makes_another_run(name):
    usual = SimulationSettings()
    value = OTHERWISE.get(name)
    if value is None:
        default = getattr(usual, name)
        value = not default if isinstance(default, bool) else default + 1 if default != 1 else 2
    # Unchecked: whether the two fit the rest is another question.
    assert run_digest(usual.model_copy(update={name: value})) != run_digest(usual)


@pytest.mark.parametrize("edition", [1, 2])
@pytest.mark.parametrize("name", ["policy", "shadow_policy"])
def test_lists_of_other_tests_make_another_run(edition, name):
    lists = [
        [{"test": "evidence"}],
        [{"test": "score"}],
        [{"test": "skill"}],
        [{"test": "evidence", "errors": 2}],
        "evidence",
        "evidence-and-skill",
        "evidence-skill-and-relation",
        "evidence-by-largest",
        "evidence-beyond-noise",
        "evidence-and-forgetting",
        "evidence-and-opposed",
        "evidence-and-contrast",
        "evidence-by-training",
    ]
    runs = [parse_settings({"task": "loans", "edition": edition, name: each}) for each in lists]
    assert len({run_digest(run) for run in runs}) == len(lists)


def test_a_run_of_the_former_default_is_found_where_it_was_kept(monkeypatch):
    """Of the second edition defaults are left out of what is digested, as `evidence` was while it was one."""
    told = []
    monkeypatch.setattr(
        kept_runs, "sha256", lambda content: told.append(json.loads(content)) or sha256(content)
    )
    for policy in ("evidence", DEFAULT_POLICY):
        run_digest(parse_settings({"task": "loans", "edition": 2, "policy": policy}))
    former, now = told
    assert "policy" not in former and now["policy"] == DEFAULT_POLICY != "evidence"


def test_neither_engine_nor_path_make_another_run(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("the same loans")
    one, other = (
        parse_settings(dict(dataset="lending-club", data=tmp_path / name, engine=engine))
        for name, engine in (("a.csv", "chain"), ("b.csv", "reference"))
    )
    assert run_digest(one) == run_digest(other)
    (tmp_path / "c.csv").write_text("other loans")
    assert run_digest(parse_settings(dict(dataset="lending-club", data=tmp_path / "c.csv"))) != run_digest(
        one
    )


CODE = "FACTOR = 1\n\ndef own():\n    return FACTOR\n"


@pytest.mark.parametrize("layout", ["file", "package", "without __init__"])
@pytest.mark.parametrize("setting", ["attack", "coalition_votes", "defence"])
def test_other_content_of_own_code_makes_another_run(tmp_path, monkeypatch, layout, setting):
    folder = tmp_path / "own_functions"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    code, beside = folder / "pushes.py", folder / "more.py"
    code.write_text(CODE)
    if layout == "package":
        (folder / "__init__.py").write_text("")
    name = f"{code}:own" if layout == "file" else "own_functions.pushes:own"

    def digest():
        data_digest.cache_clear()
        return run_digest(TINY().model_copy(update={setting: name}))

    before = digest()
    code.write_text(CODE.replace("1", "2"))
    changed = digest()
    code.write_text(CODE)
    assert changed != before == digest()
    beside.write_text("")  # Which a file does not see, and a package's function may.
    assert (digest() != before) == (layout != "file")


@pytest.mark.parametrize("setting", ["attack", "coalition_votes", "defence", "train"])
@pytest.mark.parametrize("changed", ["first.py", "second.py", "packed/inner.py"])
def test_what_own_code_imports_from_beside_it_makes_another_run(tmp_path, setting, changed):
    (tmp_path / "packed").mkdir()
    for name, imports in {
        "own.py": "import first, numpy",
        "first.py": "from second import x",
        "second.py": "import first, packed",
        "packed/inner.py": "",
        "unused.py": "",
    }.items():
        (tmp_path / name).write_text(f"{imports}\nx = 1\n\ndef own():\n    return x\n")

    def digests():
        data_digest.cache_clear()
        run = TINY().model_copy(update={setting: f"{tmp_path / 'own.py'}:own"})
        return run_digest(run), sources(run)[setting]

    before = digests()
    (tmp_path / "unused.py").write_text("x = 2\n")
    assert digests() == before
    (tmp_path / changed).write_text((tmp_path / changed).read_text().replace("1", "2"))
    assert all(now != then for now, then in zip(digests(), before, strict=True))


def test_a_folder_of_data_is_known_by_its_names_and_sizes(tmp_path):
    for name, content in (("a", "one"), ("b", "one"), ("c", "three")):
        (tmp_path / name / "images").mkdir(parents=True)
        (tmp_path / name / "images" / "1.png").write_text(content)
    a, b, c = (data_digest(tmp_path / name) for name in "abc")
    assert a == b != c


def test_data_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReproductionError, match="nowhere.csv cannot be read"):
        data_digest(tmp_path / "nowhere.csv")


def test_runs_in_parallel_are_those_played_one_by_one(tmp_path):
    runs = [TINY(seed=seed) for seed in range(3)]
    one, two = KeptRuns(tmp_path / "one"), KeptRuns(tmp_path / "two")
    console = quiet()
    play_all(runs, one, engine_of, 1, console)
    play_all([*runs, runs[0]], two, engine_of, 2, console)
    for run in runs:
        assert played(one.path(run)) == played(two.path(run))
    assert "run 3 of 3" in console.file.getvalue()
    play_all(runs, two, forbidden, 1, console)


def test_a_run_that_fails_is_said_in_its_own_words(tmp_path):
    hopeless = TINY(learning_rate=1e30)
    with pytest.raises(Exception, match="diverged"):
        play_all([hopeless], KeptRuns(tmp_path), engine_of, 2, quiet())


@pytest.fixture(scope="module")
def dask_cluster():
    """The address of two workers, each a process, on this machine."""
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        yield local.scheduler_address.replace("tcp://", "dask://")


def test_runs_on_a_cluster_are_those_of_this_machine(tmp_path, dask_cluster):
    runs = [TINY(seed=seed) for seed in range(3)]
    here, there = KeptRuns(tmp_path / "here"), KeptRuns(tmp_path / "there")
    play_all(runs, here, engine_of, 1, quiet())
    with cluster(dask_cluster, runs):
        play_all(runs, there, engine_of, -1, quiet())
    for run in runs:
        assert played(here.path(run)) == played(there.path(run))


def test_a_run_that_fails_on_a_cluster_is_said_in_its_own_words(tmp_path, dask_cluster):
    hopeless = TINY(learning_rate=1e30)
    with cluster(dask_cluster, [hopeless]), pytest.raises(Exception, match="diverged"):
        play_all([hopeless], KeptRuns(tmp_path), engine_of, -1, quiet())


class Killing:
    """Enters an engine in a process that is killed before it is there, the first `times` times."""

    def __init__(self, notes, times):
        self.notes, self.times = notes, times

    def __call__(self, settings):
        if len(list(self.notes.iterdir())) < self.times:
            (self.notes / uuid4().hex).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return reference


@pytest.fixture
def a_cluster_of_processes():
    import dask
    from dask.distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as found,
    ):
        yield found.scheduler_address.replace("tcp://", "dask://")


def told_of(run, kept, engine_of, jobs):
    failures = []
    play_all([run], kept, engine_of, jobs, quiet(), lambda run, failure: failures.append(str(failure)))
    return failures


def test_a_run_whose_worker_is_killed_is_played_again_and_told_when_it_goes_on(
    tmp_path, a_cluster_of_processes, monkeypatch
):
    (tmp_path / "notes").mkdir()
    once = Killing(tmp_path / "notes", 1)
    with cluster(a_cluster_of_processes, []):
        kept = KeptRuns(tmp_path / "kept")
        assert told_of(TINY(), kept, once, -1) == [] and kept.find(TINY())
        always = Killing(tmp_path / "notes", 1_000)
        (failure,) = told_of(TINY(seed=1), kept, always, -1)
        assert failure.startswith("the workers of the cluster that were to play it ended")
    assert len(list((tmp_path / "notes").iterdir())) == 1 + 2


def test_a_cluster_without_workers_is_waited_for_so_long(tmp_path, monkeypatch):
    from dask.distributed import LocalCluster

    monkeypatch.setattr(dask_runs, "WITHOUT_WORKERS", 0.5)
    with LocalCluster(n_workers=0, dashboard_address=None) as found:
        with (
            cluster(found.scheduler_address.replace("tcp://", "dask://"), []),
            pytest.raises(ReproductionError, match=r"no worker for 0\.5 s, and 1 runs are not"),
        ):
            play_all([TINY()], KeptRuns(tmp_path), engine_of, -1, quiet())


def test_a_process_of_this_machine_that_is_killed_is_a_sentence(tmp_path):
    (tmp_path / "notes").mkdir()
    with pytest.raises(ReproductionError, match="a process that played runs ended, .* fewer --jobs"):
        runs = [TINY(seed=seed) for seed in range(2)]
        play_all(runs, KeptRuns(tmp_path / "kept"), Killing(tmp_path / "notes", 9), 2, quiet())


def tell_threads(settings):
    raise SimulationError(" ".join(thread.name for thread in threading.enumerate()))


def test_a_process_of_this_machine_ends_with_the_command(tmp_path):
    (threads,) = told_of(TINY(), KeptRuns(tmp_path), tell_threads, 2)
    assert "parent" in threads.split()  # Which it follows.


def test_a_closed_terminal_ends_nothing_that_cleans_up_after_processes(tmp_path):
    """It tells the whole group of a command; what cleans up, begun anew, printed a page of tracebacks."""
    told_of(TINY(), KeptRuns(tmp_path), tell_threads, 2)
    tracker = resource_tracker._resource_tracker
    os.kill(tracker._pid, signal.SIGHUP)
    time.sleep(0.5)
    assert tracker._check_alive()


def test_a_cluster_that_does_not_answer_is_named():
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "500ms"}),
        pytest.raises(ReproductionError, match="no Dask scheduler answers at 127.0.0.1:9:"),
        cluster("dask://127.0.0.1:9", []),
    ):
        pass


@pytest.mark.parametrize("address", ["somewhere:8786", "spark://host:1", "dask://"])
def test_a_cluster_of_no_kind_is_refused(address):
    with (
        pytest.raises(ReproductionError, match="is not an address such as dask://HOST:8786"),
        cluster(address, []),
    ):
        pass


def test_a_chain_stays_on_this_machine():
    chain = TINY(engine="chain")
    with pytest.raises(ReproductionError, match="stay on this machine"), cluster("dask://host:1", [chain]):
        pass


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="there is no setting 'round'"):
        small(round=3)


def test_runs_that_follow_one_another_read_their_rows_once(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(rows_at_hand, "all_rows", lambda settings: read.append(1) or all_rows(settings))
    monkeypatch.setattr(kept_runs, "_rows_of", rows_at_hand.RowsAtHand())
    kept, alone = KeptRuns(tmp_path / "kept"), KeptRuns(tmp_path / "alone")
    for settings in (TINY(attack="anti"), TINY(attack="zero"), TINY()):
        kept.play(settings, engine_of)
    assert len(read) == 1
    monkeypatch.setattr(kept_runs, "_rows_of", all_rows)
    alone.play(TINY(), engine_of)
    assert played(kept.path(TINY())) == played(alone.path(TINY()))  # Nobody has changed them.


@pytest.mark.parametrize(
    "change",
    [
        dict(seed=1),
        dict(rows=1_900),
        dict(clients=9),
        dict(shares="dirichlet"),
        dict(task_options={"rows": 2_500}),
        dict(task="digits", rows=500),
        dict(shares="dirichlet", dirichlet_alpha=0.7),
    ],
)
def test_other_rows_are_read_anew(change):
    at_hand, other = rows_at_hand.RowsAtHand(), TINY(**change)
    at_hand(TINY(shares="dirichlet") if "dirichlet_alpha" in change else TINY())
    fresh, found = all_rows(other), at_hand(other)
    assert all(
        (one.y_train == two.y_train).all() for one, two in zip(fresh.clients, found.clients, strict=True)
    )
    assert len(fresh.y_test) == len(found.y_test)


def test_what_is_written_of_settings_says_which_tests_a_policy_has():
    for name, place in (("policy", {}), ("shadow_policy", {"policy": "verdict"})):
        settings = SimulationSettings(
            **{name: [{"test": "score"}, {"test": "evidence", "step": 1.0}], **place}
        )
        written = settings.set_values()[name]
        assert SimulationSettings(**{name: written, **place}) == settings
