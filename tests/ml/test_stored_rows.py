"""Tables whose encoded rows memory does not hold: in a file, and the same to the last bit."""

import csv
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest

from ml.attacks.backdoor import Trigger
from ml.data import stored_rows
from ml.data.rows import joined
from ml.data.stored_rows import RowsFile, StoredRows
from ml.data.text import records
from ml.errors import DataError
from ml.settings import SplitSettings, TrainingSettings
from ml.tasks.federating import federate, own_rows, read_rows
from ml.tasks.tables import cells
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.task import TableTask
from ml.training import TrainingJob, make_learner

ROWS = 600
SHARES = {"iid": {}, "dirichlet": {}, "quantity": {}, "group": {"group": "patient"}, "ward": {}}
LEARNED = {"a label": ("again", ()), "classes": ("ward", ()), "numbers": ("stay", (8, 8))}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A table of amounts, gaps, categories, days and patients, in pieces of fifty rows."""
    draw = np.random.default_rng(4)
    columns = {
        "amount": [f"{value:.2f}" for value in draw.lognormal(8, 1, ROWS)],
        "test": ["" if n % 7 == 0 else f"{value:.3f}" for n, value in enumerate(draw.random(ROWS))],
        "ward": draw.choice(["icu", "surgery", "eye", "heart", "skin"], ROWS),
        "patient": [f"p{number}" for number in draw.integers(0, 80, ROWS)],
        "day": [f"2021-{month:02}-{day:02}" for month, day in draw.integers(1, 13, (ROWS, 2))],
        "stay": [f"{value:.1f}" for value in draw.gamma(3, 2, ROWS)],
        "again": np.where(draw.random(ROWS) < 0.4, "yes", "no"),
    }
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])
    monkeypatch.setattr(records, "_PIECE", 50 * len(columns))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "rows.csv"


def task(path, target="again", hidden=(8, 8), **wishes):
    return TableTask(fit(path, Wishes((target,), hidden=hidden, **wishes)).form)


@pytest.fixture
def store(monkeypatch):
    """From then on, more than three pieces of rows are stored."""
    return lambda: monkeypatch.setattr(stored_rows, "IN_MEMORY", 160 * 4 * 13)


def both(store, made):
    """What is made with rows in memory, and what with stored ones."""
    whole = made()
    store()
    return whole, made()


def same(first, second):
    """Whether two arrays are, to the last bit, of which the second is stored."""
    assert isinstance(first, np.ndarray) and isinstance(second, StoredRows)
    assert first.shape == second.shape and first.dtype == second.dtype == np.float32
    return first.tobytes() == np.asarray(second).tobytes()


def test_rows_beyond_a_size_are_those_in_memory_and_their_file_has_no_name(path, tmp_path, store):
    made = task(path, time="day", group="patient")
    whole, stored = both(store, lambda: read_rows(made, path))
    assert same(whole.inputs, stored.inputs) and len(stored) == ROWS
    for name in ("targets", "groups", "times"):
        assert np.array_equal(getattr(whole, name), getattr(stored, name))
    assert (whole.told, whole.usage, whole.names) == (stored.told, stored.usage, stored.names)
    assert all((whole.columns[name] == stored.columns[name]).all() for name in whole.columns)
    assert (tmp_path / "cache" / "stakefed").is_dir() and not any((tmp_path / "cache/stakefed").iterdir())


def test_the_most_that_is_in_memory_is_the_constant(path, monkeypatch):
    made = task(path)
    whole = read_rows(made, path).inputs
    monkeypatch.setattr(stored_rows, "IN_MEMORY", whole.nbytes)
    assert isinstance(read_rows(made, path).inputs, np.ndarray)
    monkeypatch.setattr(stored_rows, "IN_MEMORY", whole.nbytes - 1)
    assert same(whole, read_rows(made, path).inputs)


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("rows", [None, 400])
def test_everybodys_rows_are_the_same_and_none_is_read(path, store, shares, rows):
    made = task(path, **SHARES[shares])
    settings = SplitSettings(clients=4, shares=shares, seed=2)
    whole, stored = both(store, lambda: federate(made, path, settings, rows))
    assert same(whole.X_test, stored.X_test) and np.array_equal(whole.y_test, stored.y_test)
    for one, other in zip(whole.clients, stored.clients, strict=True):
        assert same(one.X_train, other.X_train) and same(one.X_validation, other.X_validation)
        assert np.array_equal(one.y_train, other.y_train)
        assert np.array_equal(one.y_validation, other.y_validation)
        assert other.X_train.arrays is stored.X_test.arrays


def test_files_of_several_members_some_of_them_stored(path, tmp_path, store):
    made, lines = task(path), path.read_text().splitlines(keepends=True)
    parts = {"large.csv": lines[1:301], "small.csv": lines[301:331], "larger.csv": lines[331:]}
    for name, part in parts.items():
        (tmp_path / name).write_text("".join([lines[0], *part]))
    files = [tmp_path / name for name in parts]
    whole, stored = both(store, lambda: federate(made, files, SplitSettings(clients=3, seed=2)))
    assert [len(array) for array in stored.X_test.arrays] == [300, 30, 270]
    for one, other in zip(whole.clients, stored.clients, strict=True):
        assert same(one.X_train, other.X_train) and same(one.X_validation, other.X_validation)
    assert same(whole.X_test, stored.X_test)


@pytest.mark.parametrize("case", LEARNED)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_learned_and_said_is_the_same(path, store, case, threads):
    target, hidden = LEARNED[case]
    made = task(path, target, hidden=hidden or (8, 8))

    def learned():
        own = own_rows(made, read_rows(made, path), seed=1)
        learner = make_learner(made, own.X_train.shape[1:], own.y_train.shape[1:], threads=threads)
        jobs = [TrainingJob(own.X_train, own.y_train, seed) for seed in (1, 2)]
        trained = learner.train(learner.initial_parameters(0), jobs, TrainingSettings(batch=16))
        sets = [own.X_validation, own.X_train, joined([own.X_validation, own.X_train])]
        said = [learner.predictor(sets).outputs(model, [2, 0, 1]) for model in trained]
        return type(own.X_train), [*trained, *(one for each in said for one in each)]

    (plain, whole), (kind, stored) = both(store, learned)
    assert (plain, kind) == (np.ndarray, StoredRows)
    assert [one.tobytes() for one in whole] == [one.tobytes() for one in stored]


def test_columns_unlike_the_founders_are_told_in_the_same_words(path, store):
    made = task(path)
    text = path.read_text().splitlines(keepends=True)
    cells = [line.split(",") for line in text]
    for number, row in enumerate(cells[1:]):
        row[0], row[1] = f"{float(row[0]) + 1e6:.2f}", row[1] and f"0.5{number % 3}"
    path.write_text("".join(",".join(row) for row in cells))
    made.accept_rows = True
    whole, stored = both(store, lambda: read_rows(made, path))
    assert whole.told == stored.told and any("amount is 1.0" in sentence for sentence in stored.told)
    assert any("test is 0.5" in sentence for sentence in stored.told)


def test_an_input_that_is_no_number_is_found_in_a_file_too(path, store, monkeypatch):
    monkeypatch.setattr(cells, "_MOST", np.inf)  # Else a table leaves out what a float32 cannot hold.
    made = task(path)
    lines = path.read_text().splitlines(keepends=True)
    lines[500] = "1e300" + lines[500][lines[500].index(",") :]
    path.write_text("".join(lines))
    made.accept_rows = True
    store()
    with np.errstate(over="ignore"), pytest.raises(DataError, match=r"^row 499 has an input that is not"):
        read_rows(made, path)


def test_marked_rows_and_rows_that_go_to_another_process_are_arrays(path, store):
    made = task(path)
    whole, stored = both(store, lambda: read_rows(made, path).inputs)
    assert np.array_equal(Trigger().marked(whole), Trigger().marked(stored))
    ours, theirs = Pipe()
    ours.send(stored.taken(np.array([7, 3])))
    some = theirs.recv()
    assert type(some) is np.ndarray and some.tobytes() == whole[[7, 3]].tobytes()


def test_a_disk_without_room_is_said_before_it_is_full(path, store, monkeypatch):
    made = task(path)
    store()
    monkeypatch.setattr(stored_rows, "_LEFT_FREE", 1 << 60)
    with pytest.raises(DataError, match=r"have no room in .*stakefed: 0 rows, 0 MiB are written, .* MiB are"):
        read_rows(made, path)


def test_a_folder_that_cannot_be_used_is_said(path, store, tmp_path, monkeypatch):
    made = task(path)
    store()
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))
    with pytest.raises(DataError, match=r"for encoded rows.*cannot be used \(Not a directory\); say another"):
        read_rows(made, path)


IN_A_PROCESS = """
import resource, sys
from pathlib import Path
import torch
from ml.data import stored_rows
from ml.data.text import records
from ml.errors import DataError
from ml.settings import SplitSettings, TrainingSettings
from ml.tasks.federating import federate
from ml.tasks.tables import cells
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.task import TableTask
from ml.training import TrainingJob, make_learner

records._PIECE, stored_rows.IN_MEMORY = 2_000, int(sys.argv[2])
path, what, most = Path(sys.argv[1]), getattr(resource, sys.argv[3]), int(sys.argv[4])
task = TableTask(fit(path, Wishes(("again",))).form)
learner = make_learner(task, (task.module().widths[0],), (), threads=1)
start = learner.initial_parameters(0)
if what == resource.RLIMIT_DATA:
    lines = Path("/proc/self/status").read_text().splitlines()
    most += next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmData"))
resource.setrlimit(what, (most, most))
try:
    data = federate(task, path, SplitSettings(clients=1))
except DataError as error:
    sys.exit(str(error))
jobs = [TrainingJob(own.X_train, own.y_train, 1) for own in data.clients]
learner.train(start, jobs, TrainingSettings(batch=128))
learner.predictor([data.X_test]).outputs(start, [0])
print(4 * len(data.X_test) * data.X_test.shape[1])
"""


@pytest.fixture
def wide(tmp_path):
    """Twelve thousand rows of twenty columns that become 1,000 inputs, 48 MB."""
    draw = np.random.default_rng(1)
    cells = np.array([f"value {k}" for k in range(50)])[draw.integers(0, 50, (12_000, 20))]
    again = np.where(draw.random(12_000) < 0.5, "yes", "no")
    with (tmp_path / "wide.csv").open("w", newline="") as file:
        rows = np.column_stack([cells, again]).tolist()
        csv.writer(file).writerows([[*(f"c{n}" for n in range(20)), "again"], *rows])
    return tmp_path / "wide.csv"


def in_a_process(path, tmp_path, in_memory, limit, most):
    arguments = [str(path), str(in_memory), limit, str(most)]
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_the_rows_that_are_read_split_and_learned(wide, tmp_path):
    done = in_a_process(wide, tmp_path, 1 << 20, "RLIMIT_DATA", 28 << 20)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 9e6  # A fifth of them tests.
    refused = in_a_process(wide, tmp_path, 1 << 30, "RLIMIT_DATA", 28 << 20)
    assert refused.returncode and "MemoryError" in refused.stderr


def test_a_disk_that_fails_meanwhile_is_said(wide, tmp_path):
    done = in_a_process(wide, tmp_path, 1 << 20, "RLIMIT_FSIZE", 5 << 20)
    assert done.returncode == 1, done.stderr
    assert "cannot be used (File too large)" in done.stderr and "MiB are written" in done.stderr


def test_nothing_is_left_of_a_process_that_is_killed(tmp_path):
    code = (
        "import numpy as np, os, signal; from ml.data.stored_rows import RowsFile\n"
        "file = RowsFile((3,), np.float32); file.add(np.ones((5, 3), np.float32))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=environment).returncode == -9
    assert (tmp_path / "stakefed").is_dir() and not any((tmp_path / "stakefed").iterdir())


def test_rows_of_several_arrays_are_asked_for_as_one_array_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file, values = RowsFile((2, 3), np.float32), np.arange(60, dtype=np.float32).reshape(10, 2, 3)
    file.add(values[:4])
    file.add(values[4:7])
    stored = joined([file.rows(), values[7:]])
    assert stored.shape == values.shape and len(stored) == 10
    assert np.array_equal(stored, values) and np.array_equal(stored[2:9:3], values[2:9:3])
    chosen = stored.taken(np.array([9, 0, 6, 7]))
    assert np.array_equal(chosen[np.array([1, 0, 3])], values[[0, 9, 7]])
    assert np.array_equal(joined([chosen, stored.taken(slice(2))]), values[[9, 0, 6, 7, 0, 1]])
