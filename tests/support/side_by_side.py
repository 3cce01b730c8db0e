"""Tests side by side: `ape test -n auto` runs them in processes of their own, each with its own chain.

xdist hands out whole files, since tests of a file share what they deployed. The longest go first, by
`durations.json`, where `--keep-durations` of a run side by side wrote them; a file that is not in there
goes as early as one of a minute.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

DURATIONS = Path(__file__).with_name("durations.json")
UNKNOWN = 60.0  # Seconds.
MEMORY = 2**31  # Bytes that a process of tests and what it starts may need.
WAITING = 3  # Beyond one for each core: with two, an eighth of two cores waited for blocks and deadlines.
TOGETHER = "tests/stateful"
ONE_THREAD = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    "TOKIO_WORKER_THREADS",  # anvil's, which wake each other for every request.
)

IN_MEMORY, ROOM = Path("/dev/shm"), 2**31
"""Where files of tests lie while there is so much room: 570 MiB at most were there at once, and waiting for a
disk was a fifth of the tests of `ml`."""
OURS = "stakefed-tests-"

HASHES = {"ETH_HASH_BACKEND": "pysha3"}  # The libraries' own choice takes seven times as long.


def pytest_addoption(parser):
    parser.addoption("--keep-durations", action="store_true", help=f"write {DURATIONS.name} anew")


def pytest_xdist_auto_num_workers(config):
    """As many processes as keep the cores busy and fit the memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return workers(cores(), memory)


def cores():
    """Those that this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(cores_, memory):
    return max(1, min(cores_ + WAITING, memory // MEMORY))


def pytest_xdist_setupnodes(config, specs):
    """Let each process compute in one thread, hash in C, and write into memory, where that has room."""
    more = dict.fromkeys(ONE_THREAD, "1") | HASHES
    if has_room(IN_MEMORY, ROOM):
        remove_left_behind(IN_MEMORY)
        folder = tempfile.TemporaryDirectory(prefix=f"{OURS}{os.getpid()}-", dir=IN_MEMORY)
        config.add_cleanup(folder.cleanup)
        tempfile.tempdir = more["TMPDIR"] = folder.name  # Of this process, which makes theirs; and of theirs.
    for spec in specs:
        spec.env.update(more)


def has_room(folder, room):
    """Whether a folder can take so many bytes, and programs."""
    if not folder.is_dir():
        return False
    found = os.statvfs(folder)
    fits = os.access(folder, os.W_OK) and found.f_bavail * found.f_frsize >= room
    return fits and not found.f_flag & getattr(os, "ST_NOEXEC", 0)


def remove_left_behind(folder):
    """Remove what runs left that were killed: nobody else would, and it is memory."""
    for each in folder.glob(f"{OURS}*-*"):
        if not Path("/proc", each.name.removeprefix(OURS).partition("-")[0]).exists():
            shutil.rmtree(each, ignore_errors=True)


def pytest_collection_modifyitems(config, items):
    unlike = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unlike:
        raise pytest.UsageError(f"{unlike[0]} has another name in every process: give its values ids")
    if hasattr(config, "workerinput"):
        known = json.loads(DURATIONS.read_text())
        items.sort(key=lambda item: -known.get(file_of(item.nodeid), UNKNOWN))


def pytest_xdist_make_scheduler(config, log):
    return WholeFiles(config, log)


class WholeFiles(LoadFileScheduling):
    """Hands out files, and after a crash what is left of them: xdist's runs the crashed test again."""

    def _split_scope(self, nodeid):
        return file_of(nodeid)

    def remove_node(self, node):
        files = self.assigned_work[node]
        crashed = next((test for tests in files.values() for test, done in tests.items() if not done), None)
        if crashed:
            files[file_of(crashed)][crashed] = True
        self.assigned_work[node] = {file: tests for file, tests in files.items() if not all(tests.values())}
        super().remove_node(node)
        return crashed


def file_of(nodeid):
    """The file of a test, or the folder whose files are counted together at its end."""
    file = nodeid.split("::")[0]
    return TOGETHER if file.startswith(f"{TOGETHER}/") else file


class Durations:
    """Adds up how long each file's tests take, and writes it at the end."""

    def __init__(self):
        self.seconds = Counter()

    def pytest_runtest_logreport(self, report):
        self.seconds[file_of(report.nodeid)] += report.duration

    def pytest_sessionfinish(self):
        rounded = {file: round(seconds, 1) for file, seconds in sorted(self.seconds.items())}
        DURATIONS.write_text(json.dumps(rounded, indent=1) + "\n")


def pytest_configure(config):
    config.option.loadscopereorder = False  # Else xdist sorts files by how many tests they hold.
    if config.getoption("keep_durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Durations())
