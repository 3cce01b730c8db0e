"""A grid of attacks against policies and defences: what it plays, keeps, measures, tells, and refuses."""

import errno
import json
import os
import re
import resource
import shutil
import sys
import time
from dataclasses import fields
from multiprocessing import spawn
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_runs import quiet, records, reference, small

from ml.parallel import processors
from offchain.arena import checking, report
from offchain.arena.arena import fight, told_so_far
from offchain.arena.checking import checked_cells, has_own_functions
from offchain.arena.grid import DEFAULT, NOBODY, Grid, Labels, cells, read_grid
from offchain.arena.outcome import Outcome, losing_bits, outcome
from offchain.arena.report import heat_map, summarised, unseated, write
from offchain.errors import ArenaError, ReproductionError, SimulationError
from offchain.reproduction import apart
from offchain.reproduction.cluster import cluster
from offchain.reproduction.grid import _play_beside_others
from offchain.reproduction.kept_runs import KeptRuns
from offchain.settings import parse_settings
from offchain.simulation.cast import Cast

pytestmark = pytest.mark.usefixtures("warm_processes")
ENOUGH = 600
"""Seconds for what has to end well: on a busy machine a process imports for a minute."""
TINY = dict(rounds=3, clients=10, rows=1500, proposer_bps=3000)
BAD = """
import ctypes
import sys
import time
import numpy as np

def attack(coalition):
    return np.full((coalition.seats, coalition.parent.size), np.nan)

def shape(coalition):
    return coalition.parent

def raising(coalition):
    raise KeyError("no such thing")

def leaving(coalition):
    sys.exit(3)

def endless(coalition):
    return endless(coalition)

def ending(coalition):
    ctypes.CDLL(None)._exit(7)

def waiting(coalition):
    while True:
        time.sleep(0.1)

def words(found):
    return {voter: "yes" for voter in found.honest}

def far(found):
    return {voter: 1 << 70 for voter in found.honest}

def below(found):
    return {voter: -1 for voter in found.honest}

def strangers(found):
    return {999: 1}

def nothing(found):
    return None

def broken(updates, knowledge):
    return knowledge.parent / 0

def hanging(updates, knowledge):
    time.sleep(1000)

def exiting(updates, knowledge):
    ctypes.CDLL(None)._exit(7)

def fair(updates, knowledge):
    return updates.mean(axis=0)

def faithful(found):
    return found.honest
"""
FAULTS = {
    "attack": "returned what is not finite",
    "shape": "a row for each seat of the coalition",
    "raising": "own.py, line 14: KeyError: 'no such thing'",
    "leaving": "own.py, line 17: it would end the process (exit status 3)",
    "endless": "RecursionError",
    "words": "casts 'yes' for voter",
    "far": "bits of published updates only",
    "below": "casts -1 for voter",
    "strangers": "casts for 999, who is no voter of the coalition",
    "nothing": "returned NoneType; expected ballots by voter",
}


def engine_of(settings):
    return reference


def forbidden(settings):
    raise AssertionError(f"played again: {settings}")


def refusal(tmp_path, text):
    file = tmp_path / "grid.yaml"
    file.write_text(text)
    with pytest.raises(ArenaError) as caught:
        cells(read_grid(file))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def fought(tmp_path_factory):
    """A grid with an attack that fails, played once."""
    folder = tmp_path_factory.mktemp("arena")
    own = folder / "own.py"
    own.write_text(BAD)
    grid = Grid(
        settings=TINY,
        deciders=["median", "evidence"],
        attacks=["sign-flip", "backdoor", f"{own}:attack"],
        votes=("honest", "own"),
        seeds=2,
    )
    console = quiet()
    fight(folder / "out", grid, cells(grid), engine_of, 1, console)
    return grid, folder / "out", console.file.getvalue()


def test_a_grid_is_the_product_of_its_parts_and_a_clean_run_each():
    grid = Grid(
        settings=TINY, deciders=["median", "verdict"], attacks=["zero"], votes=["own", "flip"], seeds=3
    )
    found = cells(grid)
    clean = [cell for cell in found if cell.labels.attack == NOBODY]
    assert len(clean) == 2 * 3 and all(cell.settings.malicious == 0 for cell in clean)
    # A rule without votes is played once, whatever the coalition would vote.
    assert len(found) - len(clean) == 3 * (1 + 2)
    assert {cell.settings.coalition_votes for cell in found if cell.labels.decider == "verdict"} == {
        None,
        "own",
        "flip",
    }
    assert all(cell.settings.honest_only and cell.settings.engine == "reference" for cell in found)


def test_the_default_grid_can_be_played():
    assert len(cells(DEFAULT)) == 6 + 8 * (3 + 3 * 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("attaks: [zero]\ndeciders: [mean]", "there is no key 'attaks'; did you mean 'attacks'?"),
        ("attacks: [zero]", "there is no 'deciders', which a grid has to say, such as [verdict, median]"),
        ("deciders: [mean]", "there is no 'attacks', which a grid has to say, such as [label-flip]"),
        (
            "attacks: {a: {attack: sign-flip, attack_options: {scale: big}}}\ndeciders: [mean]",
            "a against mean on loans: attack sign-flip: option 'scale' is 'big'; expected a number above 0",
        ),
        (
            "attacks: {a: {attack: backdoor, attack_options: {share: .nan}}}\ndeciders: [mean]",
            "option 'share' is nan; expected a number above 0 and at most 1",
        ),
        ("attacks: [zer0]\ndeciders: [mean]", "there is no attack 'zer0'; use FILE.py:function or one of"),
        (
            "attacks: [zero]\ndeciders: [meen]",
            "there is no policy or defence 'meen'; use FILE.py:function or",
        ),
        ("attacks: [zero]\ndeciders: [Evidance]", "reputation-auction; did you mean 'evidence'?"),
        ("attacks: [zero]\ndeciders: {x: {policy: [{test: siez}]}}", "leave-one-out; did you mean 'size'?"),
        ("attacks: [zero]\ndeciders: evidence", "'evidence'; expected a mapping, or a list of names"),
        ("attacks: {1: {attack: zero}}\ndeciders: [mean]", "attacks has a name 1; put it in quotes"),
        ("attacks: {a: {attack: null}}\ndeciders: [mean]", "attack a says no 'attack'"),
        (
            "attacks: {a: {attack: zero, aimed: yes}}\ndeciders: [mean]",
            "aimed is True; expected a number, no yes or no",
        ),
        (
            "attacks: {a: {attack: sign-flip, attack-options: {scale: -2}}}\ndeciders: [mean]",
            "option 'scale' is -2; expected a number above 0",
        ),
        (
            "attacks: [zero]\ndeciders: [krum]",
            "krum needs 2f + 3 = 7 updates or more where 2 may be",
        ),
        (
            "attacks: [zero]\ndeciders: [mean]\nsettings: {round: 3}",
            "no setting 'round'; did you mean",
        ),
        ("attacks: [zero]\ndeciders: [mean]\nseeds: some", "seeds"),
        ("attacks: 3\ndeciders: [mean]", "attacks"),
        ("attacks: [zero]\ndeciders: [mean]\nvotes: [loud]", None),
        ("attacks: [zero]\ndeciders: [verdict]\nvotes: [loud]", "there is no way to vote 'loud'"),
        ("- zero", "grid"),
        ("attacks: [zero, zero]\ndeciders: [mean]", "attacks: zero is there twice"),
        ("attacks: [zero]\ndeciders: [mean]\nseeds: [1, 0, 1]", "seeds: 1 is there twice"),
        ("attacks: [zero]\ndeciders: [mean]\nseeds: 0", "0 seeds are none; expected 1 or more, or a list"),
        (
            "attacks: [zero]\ndeciders: [mean]\nmalicious: 0.4",
            "malicious is 0.4; expected a list, such as [0.2, 0.4]",
        ),
        (
            "attacks: [zero]\ndeciders: [mean]\nseeds: ['1', '2']",
            "seeds.0 is '1'; expected a whole number, in a list such as [0, 1, 2]",
        ),
        ("attacks: [zero]\ndeciders: [mean]\nseeds: [true]", "seeds.0 is True; expected a whole number"),
        (
            "attacks: [zero]\ndeciders: [mean]\nseeds: 100000000",
            "seeds has 10,001; expected 10,000 entries at most",
        ),
        ("attacks: [zero]\ndeciders: [mean]\nmalicious: [true]", "malicious.0 is True; expected a number"),
        ("attacks: [zero]\ndeciders: [mean]\nmalicious: ['40%']", "malicious.0 is '40%'; expected a number"),
        ("attacks: [zero]\ndeciders: [mean]\nmalicious: [1.5]", "malicious is 1.5: input should be less"),
        ("attacks: {nobody: {attack: zero}}\ndeciders: [mean]", "an attack is labelled 'nobody'"),
        (
            "attacks: {a: {attack: zero, seed: 3}}\ndeciders: [mean]",
            "a has a 'seed', which a grid has in its 'seeds'",
        ),
        (
            "attacks: {a: {attack: zero, policy: verdict}}\ndeciders: [mean]",
            "a has a 'policy', which a grid has in its 'deciders'",
        ),
        (
            "attacks: [zero]\ndeciders: [mean]\nsettings: {malicious: 0.2}",
            "settings has a 'malicious', which a grid has in its 'malicious'",
        ),
        (
            "attacks: {a: {attack: zero, attak: zero}}\ndeciders: [mean]",
            "no setting 'attak'; did you mean 'attack'?",
        ),
        ("attacks: {a: {aimed: 0.7}}\ndeciders: [mean]", "attack a says no 'attack'"),
        (
            "attacks: {a: {atack: zero}}\ndeciders: [mean]",
            "attack a: there is no setting 'atack'; did you mean 'attack'?",
        ),
        ("attacks: [zero]\ndeciders: [no]", "deciders: a name is False, as YAML reads it; put it in quotes"),
        (
            "attacks: [zero]\ndeciders: [mean]\nsettings: {local-epochs: 1, local_epochs: 2}",
            "settings: 'local_epochs' stands there twice, with a hyphen and with an underscore",
        ),
        (
            "attacks: {a: {attack: zero, coalition-votes: flip}}\ndeciders: [verdict]",
            "a has a 'coalition_votes', which a grid has in its 'votes'",
        ),
        ("attacks: [zero]\ndeciders: {x: {memory: 8}}", "decider x has to have a policy or a defence"),
        (
            "attacks: [zero]\ndeciders: {x: {policy: verdict, defence: mean}}",
            "decider x has to have a policy or a defence, and one of them",
        ),
        ("attacks: [zero]\ndeciders: [verdict]\nvotes: [none]", "there is no way to vote 'none'"),
        (
            "attacks: [zero]\ndeciders: [verdict]\nmalicious: [0.001]",
            "malicious 0.001 makes 0 of 50 clients malicious; expected some, and not all",
        ),
        ("attacks: [zero]\ndeciders: [verdict]\nmalicious: [1]", "malicious 1 makes 50 of 50 clients"),
        (
            "attacks: [zero]\ndeciders: [verdict]\nsettings: {honest_only: false}",
            "settings has a 'honest_only'; every run is compared",
        ),
        (
            f"attacks: {{{'a' * 1001}: {{attack: zero}}}}\ndeciders: [mean]",
            "expected 1 to 1,000 printable characters",
        ),
        (
            f"attacks: [zero]\ndeciders: [mean]\ntasks: {{{'a' * 101}: {{task: loans}}}}",
            "expected 1 to 100 printable characters",
        ),
        (
            "attacks: [zero]\ndeciders: [mean]\ntasks: {a b: {task: loans}, a-b: {task: loans}}",
            "the file of task 'a b' would be another's too",
        ),
    ],
)
def test_a_grid_that_cannot_be_is_refused_before_anything_is_played(tmp_path, text, words):
    if words is None:  # Nobody votes where a rule decides.
        file = tmp_path / "grid.yaml"
        file.write_text(text)
        assert cells(read_grid(file))
    else:
        assert words in refusal(tmp_path, text)


def came_to(attack, **counts):
    labels = Labels("loans", "mean", attack, "none", 0.4, 0)
    numbers = {each.name: 0 for each in fields(Outcome)} | {"labels": labels, "metric": "auroc"}
    return Outcome(**numbers | counts)


def test_runs_in_which_the_coalition_proposed_nothing_are_told(tmp_path):
    seated = [came_to(NOBODY), came_to("zero", malicious_out=1), came_to("nan", malicious_in=2)]
    assert unseated(seated) == ""
    told = unseated([*seated, came_to("inf", honest_in=3)])
    assert told.startswith(
        "In 1 of 3 attacked runs no update of the coalition's was published: they tell nothing"
    )
    write(tmp_path, [*seated, came_to("inf", honest_in=3)], {})
    assert told in (tmp_path / "arena.md").read_text()


def test_where_all_attacks_failed_no_picture_is_drawn(tmp_path):
    names = write(tmp_path, [came_to(NOBODY)], {"own": "it failed"})
    assert not [name for name in names if name.endswith(".png")] and not [*tmp_path.glob("*.png")]
    page = (tmp_path / "arena.md").read_text()
    assert "![" not in page and "* own: it failed" in page


def test_a_users_attack_that_fails_is_its_own_cells_failure(fought):
    _, folder, said = fought
    failures = json.loads((folder / "arena.json").read_text())["failures"]
    assert len(failures) == 2 * (1 + 2) and all("own.py:attack returned" in why for why in failures.values())
    assert said.count("failed: ") == len(failures)
    played = pd.read_csv(folder / "cells.csv")
    assert set(played.attack) == {NOBODY, "sign-flip", "backdoor"} and len(played) == 4 + 2 * 2 * 3
    assert "## Failed" in (folder / "arena.md").read_text()


@pytest.fixture
def workers(monkeypatch):
    """The address of two Dask workers, each a process, on this machine."""
    from dask.distributed import LocalCluster

    # Forked ones do not outlive what these functions do: Dask starts them again without end.
    monkeypatch.setattr(spawn, "_python_exe", os.fsencode(sys.executable))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        yield local.scheduler_address.replace("tcp://", "dask://")


def test_a_cluster_plays_the_grid_whatever_a_users_functions_do(tmp_path, workers):
    own = tmp_path / "own.py"
    own.write_text(BAD)
    attacks = ("attack", "shape", "raising", "leaving", "endless")
    votes = [f"{own}:{name}" for name in FAULTS if name not in attacks]
    one = {"settings": {**TINY, "rounds": 1}, "deciders": ["verdict"]}
    grid = Grid(
        **one, attacks={"zero": {"attack": "zero"}, **{name: {"attack": f"{own}:{name}"} for name in attacks}}
    )
    voting = Grid(**one, attacks=["zero"], votes=votes)
    told = {}
    with cluster(workers, [cell.settings for cell in [*cells(grid), *cells(voting)]]):
        for folder, each in (("there", grid), ("votes", voting)):
            fight(tmp_path / folder, each, cells(each), engine_of, -1, quiet())
            failures = json.loads((tmp_path / folder / "arena.json").read_text())["failures"]
            told |= {_own_name(cell): why for cell, why in failures.items()}
    assert told.keys() == FAULTS.keys()
    assert all(FAULTS[name] in why and "\n" not in why for name, why in told.items())
    healthy = [cell for cell in cells(grid) if cell.labels.attack in (NOBODY, "zero")]
    fight(tmp_path / "here", grid, healthy, engine_of, 1, quiet())
    here, there = (pd.read_csv(tmp_path / place / "cells.csv") for place in ("here", "there"))
    assert list(here.attack) == [NOBODY, "zero"]
    pd.testing.assert_frame_equal(
        here.drop(columns=["seconds", "score_seconds"]), there.drop(columns=["seconds", "score_seconds"])
    )


def _own_name(cell):
    _, _, attack, votes, *_ = cell.split(", ")
    return attack if attack != "zero" else votes.rpartition(":")[2]


@pytest.mark.parametrize(
    ("function", "patience", "told"),
    [
        ("ending", ENOUGH, "its process ended (status 7); code of your own must not end it"),
        ("waiting", 20, "no round was finished within 20 s (--patience); code of your own takes too long"),
    ],
)
def test_a_users_function_that_ends_its_process_or_never_ends_is_its_own_cells_failure(
    tmp_path, function, patience, told
):
    own = tmp_path / "own.py"
    own.write_text(BAD)
    attacks = {function: {"attack": f"{own}:{function}"}, "zero": {"attack": "zero"}}
    grid = Grid(settings={**TINY, "rounds": 1}, deciders=["verdict"], attacks=attacks)
    fight(tmp_path / "out", grid, cells(grid), engine_of, 1, quiet(), patience)
    failures = json.loads((tmp_path / "out" / "arena.json").read_text())["failures"]
    assert {_own_name(cell): why for cell, why in failures.items()} == {function: told}
    assert set(pd.read_csv(tmp_path / "out" / "cells.csv").attack) == {NOBODY, "zero"}


TASK = """
import ctypes
import numpy as np
from torch import nn
from stakefed import Numbers, Rows, Task


class Mine(Task):
    target = Numbers()

    def module(self):
        return nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))

    def rows(self, path):
        draws = np.random.default_rng(0)
        X = draws.normal(size=(400, 3)).astype(np.float32)
        return Rows(X, X.sum(1))


class Ending(Mine):
    def train(self, model, rows, context):
        ctypes.CDLL(None)._exit(7)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_that_ends_its_process_takes_no_other_cell_with_it(tmp_path, jobs):
    own = tmp_path / "own.py"
    own.write_text(TASK)
    tasks = {name: {"task": f"{own}:{name}"} for name in ("Mine", "Ending")}
    settings = {"rounds": 1, "clients": 4, "proposer_bps": 5000, "data": str(own)}
    grid = Grid(settings=settings, tasks=tasks, deciders=["verdict"], attacks=["zero"])
    fight(tmp_path / "out", grid, cells(grid), engine_of, jobs, quiet())
    failures = json.loads((tmp_path / "out" / "arena.json").read_text())["failures"]
    assert {cell.split(",")[0]: why for cell, why in failures.items()} == {
        "Ending": "its process ended (status 7); code of your own must not end it"
    }
    played = pd.read_csv(tmp_path / "out" / "cells.csv")
    assert [*played.task] == ["Mine", "Mine"]


@pytest.mark.parametrize(("given", "jobs", "share"), [(None, 1, 1.0), (None, 2, 0.5), ("3", 2, 3)])
def test_runs_in_processes_of_their_own_share_the_processors(monkeypatch, given, jobs, share):
    class Kept:
        def play(self, run, engine_of):
            found.append(processors())

    found = []
    monkeypatch.setenv("OMP_NUM_THREADS", given or "0")
    if given is None:
        del os.environ["OMP_NUM_THREADS"]
    expected = share if given else max(1, int(share * processors()))
    _play_beside_others(Kept(), None, None, jobs)
    assert found == [expected]


def test_a_training_of_ones_own_plays_where_it_can_be_ended(tmp_path):
    (tmp_path / "own.py").write_text("def quick(model, *rest):\n    return model\n")
    settings = parse_settings({**TINY, "train": f"{tmp_path / 'own.py'}:quick"})
    assert apart.has_own_code(settings) and not apart.has_own_code(parse_settings(TINY))
    assert has_own_functions(Grid(settings={"train": settings.train}, attacks=["zero"], deciders=["mean"]))
    refused = refusal(
        tmp_path, f"attacks: [zero]\ndeciders: [mean]\nsettings: {{train: '{settings.train}ly'}}"
    )
    assert "has no function 'quickly'; it has 'quick'; did you mean 'quick'?" in refused


def test_a_users_rule_that_fails_is_told_before_anything_is_played(tmp_path):
    own = tmp_path / "own.py"
    own.write_text(BAD)
    assert "broken returned what is not finite" in refusal(
        tmp_path, f"attacks: [zero]\ndeciders: ['{own}:broken']"
    )


@pytest.mark.parametrize(
    ("rule", "patience", "words"),
    [
        ("hanging", 20, "it was not checked within 20 s; code of your own takes too long"),
        ("exiting", ENOUGH, "its process ended (status 7); code of your own must not end it"),
        ("broken", ENOUGH, "defence X:broken returned what is not finite"),
    ],
)
def test_a_users_function_that_ends_or_hangs_while_a_grid_is_checked_is_told(tmp_path, rule, patience, words):
    own = tmp_path / "own.py"
    own.write_text(BAD)
    grid = Grid(deciders=["verdict", f"{own}:{rule}"], attacks={"a": {"attack": "zero"}}, votes=["honest"])
    with pytest.raises(ArenaError) as caught:
        checked_cells(grid, patience=patience)
    told = f"nobody against {own}:{rule} on loans: {words.replace('X', str(own))}"
    assert str(caught.value).startswith(told)


class Slow:
    """What takes long to arrive."""

    def __reduce__(self):
        return time.sleep, (30,)


def test_a_process_that_does_not_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "_START", 0.5)
    with pytest.raises(
        SimulationError, match=r"^its process did not start within 0\.5 s; is there enough memory\?$"
    ):
        apart.play_apart(Slow(), tmp_path / "rounds", 60)


def test_a_process_that_cannot_be_started_is_told(tmp_path, monkeypatch):
    def full(self):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(ForkServerProcess, "start", full)
    with pytest.raises(SimulationError, match="^no process could be started for it: Resource temporarily"):
        apart.play_apart(os.getpid, tmp_path / "rounds", 60)


def on_a_full_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    Path("full").write_text("rounds")


def test_a_disk_that_fills_under_a_run_of_ones_own_functions_is_no_fault_of_theirs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError) as refused:
        apart.play_apart(on_a_full_disk, tmp_path / "rounds", 60)
    assert (refused.value.errno, refused.value.strerror) == (errno.EFBIG, os.strerror(errno.EFBIG))


def test_functions_of_a_users_own_that_do_as_they_should_pass_the_check(tmp_path):
    own = tmp_path / "own.py"
    own.write_text(BAD)
    grid = Grid(
        deciders=["verdict", f"{own}:fair"],
        attacks={"a": {"attack": f"{own}:attack"}},
        votes=[f"{own}:faithful"],
    )
    assert len(checked_cells(grid, patience=ENOUGH)) == len(cells(grid))


def test_a_grid_without_functions_of_ones_own_is_checked_here(monkeypatch):
    monkeypatch.setattr(checking, "play_apart", None)
    assert len(checked_cells(DEFAULT)) == len(cells(DEFAULT))
    assert all(
        checking.has_own_functions(Grid(**{"deciders": ["mean"], "attacks": ["zero"], **own}))
        for own in (
            {"deciders": ["own.py:rule"]},
            {"attacks": ["package.module:attack"]},
            {"votes": ["own.py:votes"]},
            {"tasks": {"mine": {"task": "own.py"}}},
            {"settings": {"task": "own.py:Own"}},
        )
    )


def test_what_was_played_is_kept_and_what_failed_is_tried_again(fought):
    grid, folder, _ = fought
    before = (folder / "cells.csv").read_bytes()
    healthy = [cell for cell in cells(grid) if "own.py" not in cell.labels.attack]
    fight(folder, grid, healthy, forbidden, 1, quiet())
    assert (folder / "cells.csv").read_bytes() == before


def test_what_is_kept_so_far_is_told_without_playing(fought, tmp_path):
    grid, folder, _ = fought
    with pytest.raises(ArenaError, match="no run of this grid is kept"):
        told_so_far(tmp_path / "none", grid, cells(grid), quiet())
    copied = tmp_path / "half"
    shutil.copytree(folder, copied)
    half = KeptRuns(copied / "runs")
    gone = [
        cell
        for cell in cells(grid)
        if cell.labels.attack == "sign-flip" or cell.labels.attack == NOBODY and cell.labels.seed == 1
    ]
    for cell in gone:
        shutil.rmtree(half.path(cell.settings))
    console = quiet()
    told_so_far(copied, grid, cells(grid), console)
    told = pd.read_csv(copied / "cells.csv")
    assert set(told.attack) == {NOBODY, "backdoor"} and len(told) == 2 + 2 * 3
    assert told[told.seed == 1].against_clean.isna().all() and told.against_honest.notna().all()
    assert "8 of 22 runs are kept" in console.file.getvalue()
    assert "Not complete: 14 of 22 runs" in (copied / "arena.md").read_text()


def test_a_folder_is_of_one_grid(fought):
    grid, folder, _ = fought
    other = grid.model_copy(update={"malicious": (0.2,)})
    with pytest.raises(ReproductionError, match="holds results with malicious"):
        fight(folder, other, cells(other), forbidden, 1, quiet())


def test_a_cell_is_measured_against_the_clean_and_the_honest_only_run(fought):
    grid, folder, _ = fought
    cell = next(
        c
        for c in cells(grid)
        if (c.labels.decider, c.labels.attack, c.labels.votes) == ("evidence", "sign-flip", "own")
    )
    played, clean = records(cell.settings), records(small(**{**TINY, "malicious": 0, "policy": "evidence"}))
    cast, found = Cast.of(cell.settings), outcome(cell, played, clean)
    score, honest = (np.array([of(r)["accuracy"] for r in played]) for of in (_own, _honest_only))
    assert np.isclose(found.against_honest, (score - honest)[-1:].mean())
    assert found.worst_round == (score - honest).min() <= found.against_honest
    assert found.malicious_in + found.malicious_out == sum(
        len(cast.proposers & set(r.updates)) for r in played
    )
    assert found.tokens_malicious < 64 < found.tokens_honest
    assert np.isclose(found.against_clean, found.score - clean[-1].scores["accuracy"])
    # The parent, three updates at half a step, and one average at least.
    assert 1 + 3 <= found.scorings <= 1 + 3 + 3
    unjudged = next(c for c in cells(grid) if (c.labels.decider, c.labels.attack) == ("median", "sign-flip"))
    assert np.isnan(outcome(unjudged, records(unjudged.settings), None).scorings)


def test_votes_on_the_likelihood_are_measured_by_it():
    grid = Grid(settings={**TINY, "metric": "likelihood"}, deciders=["evidence"], attacks=["zero"])
    cell = cells(grid)[-1]
    played = records(cell.settings)
    found = outcome(cell, played, played)
    assert found.score == pytest.approx(np.exp(-played[-1].scores["loss"]))
    assert found.against_clean == 0 and found.against_honest <= 1e-6


def _own(record):
    return record.scores


def _honest_only(record):
    return record.baselines["honest_only"]


def test_losing_answers_are_those_of_honest_voters_that_the_majority_outvoted():
    (record,) = records(small(rounds=1))
    cast = Cast.of(small())
    voter = next(v for v in record.ballots if v not in cast.malicious)
    liar = next(v for v in record.ballots if v in cast.malicious)
    answers = sum(v not in cast.malicious for v in record.ballots) * len(record.updates)

    def lost(**ballots):
        return round(losing_bits([record.model_copy(update=ballots)], cast) * answers, 6)

    agreeing = dict.fromkeys(record.ballots, record.included)
    assert lost(ballots=agreeing) == 0
    assert lost(ballots={**agreeing, voter: record.included ^ 0b11}) == 2
    assert lost(ballots={**agreeing, liar: record.included ^ 0b11}) == 0


def test_a_heat_map_shows_the_worst_of_votes_and_the_worst_of_attacks(fought):
    _, folder, _ = fought
    summary = summarised(pd.read_csv(folder / "cells.csv"))
    assert set(summary.seeds) == {2}
    axes = heat_map(summary, "loans").axes[0]
    shown = [text.get_text() for text in axes.texts]
    attacked = summary[summary.attack != NOBODY]
    for decider in ("median", "evidence"):
        worst = attacked[attacked.decider == decider].against_honest.min()
        assert shown.count(f"{worst:+.3f}") >= 2  # In its own column and the last.
    assert (folder / "loans.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def attack(): return 1", "own.py:attack takes no argument by position; expected 1"),
        ("def attack(coalition, *, scale): return 1", "own.py:attack has to be given its option 'scale'"),
        ("x = 1\ndef (", "own.py failed in .*own.py, line 2: SyntaxError"),
        ("import nothing_there", "attack .*own.py failed in .*own.py, line 1: ModuleNotFoundError"),
        ("attack = 3", "has no function 'attack'"),
    ],
)
def test_a_users_attack_that_cannot_be_called_is_refused_before_anything_is_played(tmp_path, code, words):
    (tmp_path / "own.py").write_text(code)
    found = refusal(tmp_path, f"attacks: ['{tmp_path}/own.py:attack']\ndeciders: [verdict]")
    assert re.search(words, found)


def test_labels_stay_in_their_cell_of_a_table(fought):
    _, folder, _ = fought
    table = pd.read_csv(folder / "cells.csv").replace("sign-flip", "sign|flip")
    assert "sign\\|flip" in report._markdown(summarised(table))


def test_data_goes_to_the_tasks_that_read_some(tmp_path):
    loans = tmp_path / "loans.csv"
    loans.write_text("")
    tasks = {"built-in": {"task": "loans"}, "read": {"task": "lending-club"}}
    grid = Grid(settings={"clients": 10}, tasks=tasks, deciders=["verdict"], attacks=["zero"])
    found = {cell.labels.task: cell.settings.data for cell in cells(grid, loans)}
    assert found == {"built-in": None, "read": loans}
    with pytest.raises(ArenaError, match="needs data"):
        cells(grid)
