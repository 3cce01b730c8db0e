"""A file of tests finds the process as the first one did."""

import subprocess
import sys
from pathlib import Path

LEAVES = """
import logging, os, sys
from offchain.monitoring import measures
from offchain.monitoring.vitals import VITALS

def test_leaves_all_it_can(tmp_path):
    os.environ["LEFT"] = "over"
    os.chdir(tmp_path)
    sys.path.insert(0, str(tmp_path))
    measures.ROUND.set(3)
    measures.GAS.labels("vote").inc()
    measures.TRAINING.observe(1)
    VITALS.trouble("coin", "there is none")
    logging.getLogger("offchain").propagate = False
"""
FINDS = """
import logging, math, os, sys
from pathlib import Path
from offchain.monitoring import measures
from offchain.monitoring.vitals import VITALS

def test_finds_nothing():
    assert "LEFT" not in os.environ and Path.cwd() == Path(__file__).parent
    assert not [folder for folder in sys.path if "leaves_all" in folder]
    assert math.isnan(measures.ROUND._value.get()) and measures.TRAINING._sum.get() == 0
    assert list(measures.GAS.collect())[0].samples == []
    assert VITALS.problems() == []
    assert logging.getLogger("offchain").propagate
"""


def test_nothing_is_left_to_the_next_file(tmp_path):
    for name, text in (("test_1.py", LEAVES), ("test_2.py", FINDS)):
        (tmp_path / name).write_text(text)
    here = Path(__file__).parent
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "fresh_process",
        "-p",
        "no:ape_test",
        "--rootdir=.",
    ]
    path = {"PYTHONPATH": f"{here / 'support'}:{here.parent}", "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
