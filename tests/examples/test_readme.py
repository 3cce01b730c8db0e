"""The README's own task, run as it stands there: its file, its commands, on a table made here."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from scripts.simulate import cli as simulate
from scripts.task import cli as task

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "README.md").read_text().partition("## Bring your own data")[2].partition("\n## ")[0]
COMMANDS = {"task": task, "simulate": simulate}


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """A folder with the README's file and a member's table."""
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    (tmp_path / "churn.py").write_text(code)
    draws = np.random.default_rng(0)
    table = pd.DataFrame(draws.normal(size=(800, 3)), columns=["age", "months", "visits"])
    table["left"] = (table["age"] - table["visits"] > 0).astype(int)
    table.to_csv(tmp_path / "mine.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands():
    lines = re.findall(r"^\.venv/bin/ape run (.*)$", SECTION, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("words", commands(), ids=lambda words: words[0])
def test_the_readmes_task_is_one(at_home, words):
    result = CliRunner().invoke(COMMANDS[words[0]], words[1:])
    assert result.exit_code == 0, result.output
    if words[0] == "simulate":
        summary = json.loads((at_home / "runs" / "001" / "summary.json").read_text())
        assert summary["rounds"] == 20 and "AUROC" in result.output
        assert summary["tokens"]["malicious_mean"] < summary["tokens"]["honest_mean"]


def test_there_is_a_command_of_each():
    assert [words[0] for words in commands()] == ["task", "simulate"]
