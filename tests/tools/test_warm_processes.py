"""What tests start is forked from a process that has imported what it needs, and so imports nothing again."""

import os
import subprocess
import sys
from multiprocessing import forkserver, spawn

import live_game
import pytest
from warm_ape import DOOR

NEEDS = """
import sys
before = set(sys.modules)
{work}
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(
            "import torch; torch.optim.Adam([torch.zeros(1, requires_grad=True)])", id="an optimiser"
        ),
        pytest.param("import distributed", id="a cluster's worker"),
        pytest.param("import web3.main, eth_tester.backends", id="a line to a chain"),
    ],
)
def test_a_process_finds_what_it_needs(python_that_has_imported, work):
    command = [python_that_has_imported, "-c", NEEDS.format(work=work)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.split() == [], done.stdout + done.stderr


@pytest.mark.parametrize(
    "work",
    [
        "print('said', end='')",
        "import sys; sys.exit(3)",
        "import sys; sys.exit('words')",
        "raise SystemExit",
        "1 / 0",
        "import atexit; atexit.register(print, 'at the end')",
        "import threading; threading.Timer(0.3, print, ['later']).start()",
        "raise KeyboardInterrupt",
        "import concurrent.futures as c; c.ThreadPoolExecutor().submit(lambda: print(sum(range(10**6))))",
    ],
)
def test_a_process_ends_as_python_does(python_that_has_imported, work):
    ends = []
    for python in (sys.executable, python_that_has_imported):
        done = subprocess.run([python, "-c", work], capture_output=True, text=True)
        ends.append((done.returncode, done.stdout, done.stderr.splitlines()[-1:]))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("beside", [True, False], ids=["side by side", "alone"])
def test_what_clients_are_forked_from_is_forked_itself(monkeypatch, tmp_path, beside):
    cold, started = spawn.get_executable(), []
    monkeypatch.setattr(forkserver, "ensure_running", lambda: started.append(spawn.get_executable()))
    monkeypatch.delenv(DOOR, raising=False)
    if beside:
        monkeypatch.setenv(DOOR, str(tmp_path / "python"))
    live_game._start_server()
    assert list(map(os.fsdecode, started)) == [os.environ.get(DOOR, os.fsdecode(cold))]
    assert spawn.get_executable() == cold
