"""Commands end, whatever others' code left running."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import multiprocessing, threading, time
from concurrent.futures import ThreadPoolExecutor
import click
from ml.errors import TaskError
from offchain import ending
from offchain.command import Command
ending.GRACE = {grace}

@click.command(cls=Command)
def command():
    click.echo("done")
    {lines}

command.main([])
"""


def ended(lines, grace=0.2):
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(lines=lines, grace=grace)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr, time.monotonic() - begun


@pytest.mark.parametrize(
    "lines, name",
    [
        ("threading.Thread(target=time.sleep, args=(999,), name='slow').start()", "slow"),
        ("pool = ThreadPoolExecutor(1, 'pool'); pool.submit(time.sleep, 999)", "pool_0"),
        (
            "multiprocessing.Process(target=time.sleep, args=(999,), name='copy').start()",
            "copy",
        ),
        (
            "for _ in range(5): threading.Thread(target=time.sleep, args=(999,), name='slow').start()",
            "slow, slow, slow and 2 more",
        ),
    ],
)
def test_what_does_not_end_is_named_and_ended_with_the_command(lines, name):
    told = f"Note: what still ran 0.2 s after the command was done is ended with it: {name}\n"
    assert ended(lines)[:3] == (0, "done\n", told)


def test_a_refusal_stays_one():
    lines = "threading.Thread(target=time.sleep, args=(999,)).start(); raise TaskError('no rows')"
    status, _, told, _ = ended(lines)
    assert status == 1 and told.startswith("Error: no rows\nNote: what still ran 0.2 s")


def test_what_ends_by_itself_is_waited_for():
    *found, seconds = ended("threading.Thread(target=time.sleep, args=(0.5,)).start()", grace=50)
    assert found == [0, "done\n", ""] and seconds < 50


def test_an_end_that_takes_its_time_is_none_that_something_puts_off():
    slow = "import atexit; atexit.register(time.sleep, 1)"
    soon = "threading.Thread(target=time.sleep, args=(0.1,)).start()"
    assert ended(f"{slow}; {soon}", grace=0.3)[:3] == (0, "done\n", "")


def test_our_own_processes_put_off_no_end(tmp_path):
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(999)\n")
    origin = f"Origin(Named('{tmp_path / 'slow.py'}:Own', {{}}), None, (4,), ())"
    crew = (
        f"import atexit; from ml.training.side_by_side import Crew, Named, Origin; crew = Crew({origin}, 2)"
    )
    asked = "[each.submit(abs, 1) for each in crew._processes]; atexit.register(print, 'at the end')"
    status, said, told, _ = ended(f"{crew}; {asked}", grace=5)
    assert (status, said, told) == (0, "done\nat the end\n", "")
