"""How many lines a task takes beside a training script that is there, counted where docs/TASKS.md says so."""

import ast
import re
from pathlib import Path

from click.testing import CliRunner

from scripts.task import cli as task

ROOT = Path(__file__).resolve().parents[2]
TASKS = (ROOT / "docs" / "TASKS.md").read_text()
MOST = 30
SCRIPT = """
import csv
import sys

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(3, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.hidden(x).relu())[:, 0]


def read(path):
    with open(path) as file:
        rows = np.array(list(csv.reader(file)), np.float32)
    return rows[:, :-1], rows[:, -1]


def main():
    X, y = (torch.from_numpy(array) for array in read(sys.argv[1]))
    net = Net()
    optimiser = torch.optim.Adam(net.parameters())
    for _ in range(5):
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(net(X), y).backward()
        optimiser.step()


if __name__ == "__main__":
    main()
"""


def code_lines(text):
    """The lines of code, without blank ones, comments alone and docstrings."""
    tree, told = ast.parse(text), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told |= set(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return [line for number, line in lines if number not in told and line.split("#")[0].strip()]


def of_a_task(text):
    """Those of a file that name `stakefed` or are of a task's class."""
    nodes = [
        node
        for node in ast.parse(text).body
        if (isinstance(node, ast.ImportFrom) and node.module == "stakefed")
        or (isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "Task" for base in node.bases))
    ]
    return code_lines("\n".join(ast.get_source_segment(text, node) for node in nodes))


def test_ten_lines_differ_in_a_task_file_of_flower():
    text = (ROOT / "examples" / "flower_task.py").read_text()
    assert "the ten lines that differ" in text and "the ten lines that differ" in TASKS
    assert len(of_a_task(text)) == 10


def test_a_module_with_dropout_is_thirty_lines_in_all():
    assert "a module with dropout, in thirty lines" in TASKS
    assert len((ROOT / "examples" / "breast_cancer.py").read_text().splitlines()) <= MOST


def test_a_training_script_becomes_a_task_by_the_lines_of_the_document(tmp_path):
    (added,) = [code for code in re.findall(r"```python\n(.*?)```", TASKS, re.DOTALL) if "Mine(Task)" in code]
    assert len(code_lines(added)) <= MOST
    (tmp_path / "mine.py").write_text(SCRIPT + added)
    rows = [f"{i % 7},{i % 5},{i % 3},{int(i % 7 > i % 5)}" for i in range(60)]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    given = ["check", "--task", f"{tmp_path / 'mine.py'}:Mine", "--data", str(tmp_path / "own.csv")]
    result = CliRunner().invoke(task, given)
    assert result.exit_code == 0, result.output
    assert "the same bytes" in result.output and "48 to train on" in result.output
