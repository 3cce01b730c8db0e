"""`make test` runs files side by side, leaves nothing out, and fails when anything does."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from side_by_side import (
    DURATIONS,
    IN_MEMORY,
    OURS,
    ROOM,
    TOGETHER,
    WAITING,
    has_room,
    remove_left_behind,
    workers,
)

SUPPORT = Path(__file__).parents[1] / "support"
GIB = 2**30
PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-p",
    "xdist",
    "-p",
    "side_by_side",
    "-n",
    "2",
    "--dist",
    "loadfile",
)
FILES = {f"test_{name}.py": "def test_one(): pass\ndef test_two(): pass\n" for name in "abcdefg"}


@pytest.fixture
def run(tmp_path):
    """Start pytest on a project of such files, its output in a file."""

    def start(files, *options):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return subprocess.Popen(
            [*PYTEST, *options],
            cwd=tmp_path,
            # Unbuffered, or who reads along learns nothing before the end. Without other plugins: Ape's would
            # look for a chain, and what the rest import takes most of the time.
            env=os.environ
            | {"PYTHONPATH": str(SUPPORT), "PYTHONUNBUFFERED": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def outcome(process):
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def test_every_test_runs_once_known_by_its_duration_or_not(run):
    code, said = outcome(run(FILES, "-rA"))

    expected = {f"{file}::{test}" for file in FILES for test in ("test_one", "test_two")}
    passed = re.findall(r"^PASSED (\S+)", said, re.MULTILINE)
    assert sorted(passed) == sorted(expected)
    assert code == 0 and re.search(r"^=* 14 passed in .*=$", said.splitlines()[-1])


def test_the_longest_file_goes_first_however_few_its_tests(run, tmp_path):
    known = json.loads(DURATIONS.read_text())
    longest, shortest = max(known, key=known.get), min(known, key=known.get)
    for file, tests in {shortest: 3, longest: 1}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("".join(f"def test_{test}(): pass\n" for test in range(tests)))
    code, said = outcome(run({}, "-n", "1", "-v"))
    assert code == 0 and re.findall(r"PASSED (\S+)::", said) == [longest, shortest, shortest, shortest]


def test_one_failure_fails_all_and_is_shown_whole(run):
    lines = "\\n".join(f"line {number}" for number in range(500))
    code, said = outcome(
        run(FILES | {"test_wrong.py": f"def test_it():\n    raise ValueError('''{lines}''')\n"})
    )

    assert code == 1
    assert all(f"line {number}\n" in said for number in range(500))
    assert "1 failed, 14 passed" in said.splitlines()[-1]


def test_a_process_that_crashes_fails_all_and_the_rest_runs(run):
    code, said = outcome(run(FILES | {"test_crash.py": "import os\ndef test_it(): os._exit(0)\n"}))

    assert code == 1
    assert "crashed while running 'test_crash.py::test_it'" in said
    assert "1 failed, 14 passed" in said.splitlines()[-1]


def test_a_file_that_cannot_be_read_fails_all(run):
    code, said = outcome(run(FILES | {"test_broken.py": "import nothing_of_the_kind\n"}))

    assert code == 1 and "nothing_of_the_kind" in said


def test_nothing_to_run_is_a_failure(run):
    code, _ = outcome(run({"test_empty.py": ""}))
    assert code == 5


def test_ctrl_c_ends_every_process(run):
    waiting = run({f"test_{name}.py": "import time\ndef test_it(): time.sleep(600)\n" for name in "ab"})
    assert any("2 workers [2 items]" in line for line in waiting.stdout), "it ended before it began"
    os.killpg(waiting.pid, signal.SIGINT)

    assert waiting.wait(60) == 2
    with pytest.raises(ProcessLookupError):
        for _ in range(600):
            os.killpg(waiting.pid, 0)
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("cores", "memory", "expected"),
    [(2, 24 * GIB, 2 + WAITING), (16, 64 * GIB, 16 + WAITING), (8, 7 * GIB, 3), (1, GIB, 1)],
)
def test_processes_fit_the_machine(cores, memory, expected):
    assert workers(cores, memory) == expected


def test_what_is_counted_together_is_played_by_one_process(run, tmp_path):
    folder = tmp_path / TOGETHER
    folder.mkdir(parents=True)
    tests = "import os, pathlib\ndef test_one(): pathlib.Path(f'by-{os.getpid()}').touch()\n"
    files = {f"{TOGETHER}/test_{name}.py": tests for name in "abcdefg"}
    code, said = outcome(run(files))
    assert code == 0 and "7 passed" in said
    assert len(list(tmp_path.glob("by-*"))) == 1


def test_files_lie_in_memory_where_it_has_room_and_are_gone_in_the_end(run, tmp_path):
    code, said = outcome(run({"test_a.py": PLACES}))
    assert code == 0, said
    places = [Path(each) for each in (tmp_path / "places").read_text().split()]
    assert all(place.is_relative_to(IN_MEMORY) == has_room(IN_MEMORY, ROOM) for place in places)
    assert len(places) == 2 and not (has_room(IN_MEMORY, ROOM) and any(place.exists() for place in places))


PLACES = """
import tempfile
def test_place(tmp_path):
    with open("places", "w") as file:
        print(tmp_path, tempfile.gettempdir(), file=file)
"""


def test_whether_there_is_room(tmp_path):
    assert has_room(tmp_path, 1) and not has_room(tmp_path, 2**80) and not has_room(tmp_path / "none", 1)


def test_what_a_killed_run_left_in_memory_is_removed_and_what_a_running_one_uses_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, used = (tmp_path / f"{OURS}{pid}-x" for pid in (ended.pid, os.getpid()))
    foreign = tmp_path / f"other-{ended.pid}-x"
    for each in (left, used, foreign):
        each.mkdir()
        (each / "file").write_text("")
    remove_left_behind(tmp_path)
    assert (left.exists(), used.exists(), foreign.exists()) == (False, True, True)
