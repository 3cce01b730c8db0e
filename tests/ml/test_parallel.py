import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ml import parallel
from ml.parallel import Workers, let_processes_import, processors

POOL = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from ml.parallel import end_with_parent
pool = ProcessPoolExecutor(1, get_context("spawn"), end_with_parent)
print(pool.submit(os.getpid).result(), flush=True)
time.sleep(600)
"""
JOBS = """
import os, time
import joblib
from ml.parallel import end_with_parent
told = joblib.Parallel(2, initializer=end_with_parent, return_as="generator")
print(next(told(joblib.delayed(os.getpid)() for _ in range(4))), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_are_in_the_order_of_the_items(count):
    assert Workers(count).map(lambda n: n * n, range(40)) == [n * n for n in range(40)]


def test_an_exception_of_any_item_is_raised():
    with pytest.raises(ZeroDivisionError):
        Workers(2).map(lambda n: 1 / n, [1, 2, 0])


def test_one_worker_works_where_it_is_asked_and_several_are_prepared():
    here = threading.current_thread()
    assert Workers(1).map(lambda _: threading.current_thread(), [0, 1]) == [here, here]
    prepared = []
    workers = Workers(2, lambda: prepared.append(threading.current_thread()))
    used = set(workers.map(lambda _: threading.current_thread(), range(10)))
    assert here not in used
    assert used <= set(prepared)


def test_jobs_that_share_a_machine_are_told_how_many_threads_to_use(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert processors() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert processors() >= 1


@pytest.mark.parametrize("code", [POOL, JOBS], ids=["pool", "jobs"])
def test_a_pools_process_ends_with_who_started_it_however_that_ended(code):
    root = Path(__file__).parents[2]
    started = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE)
    assert int(started.stdout.readline()) != started.pid
    started.kill()
    started.communicate(timeout=60)  # Until nobody holds what both write to.


def test_processes_import_this_copy_of_the_project_where_another_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    let_processes_import()
    let_processes_import()
    assert sys.path == [str(Path(parallel.__file__).parents[1]), str(tmp_path)]
