"""A consortium with a module and rows of its own, as founders and members have them: files in a folder."""

import csv
import runpy
from pathlib import Path

import numpy as np
import yaml
from click.testing import CliRunner
from live_game import game

from scripts.encoding import cli as encoding
from scripts.task import cli

HOSPITAL = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "hospital.py"))

SORTING = '''
import numpy as np
from torch import nn
from stakefed import Classes, Rows, Task

class Sorting(Task):
    """Three kinds of patients by five numbers, by a network that drops out half of what it sees."""

    target = Classes(3, names=("ill", "well", "unsure"))
    takes = "an .npz of x and y"
    simulation = {"metric": "likelihood", "batch": 16, "local_epochs": 4, "learning_rate": 0.02}

    def module(self):
        return nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Dropout(0.5), nn.Linear(24, 3))

    def rows(self, path):
        with np.load(path) as file:
            return Rows(file["x"], file["y"])

    def metrics(self, outputs, targets):
        return {"sorted well": float((outputs.argmax(-1) == targets).float().mean())}
'''


def write_patients(path, seed, count=160):
    """A member's rows: what kind a patient is follows from the numbers, but for some noise."""
    draws = np.random.default_rng(seed)
    x = draws.standard_normal((count, 5)).astype(np.float32)
    score = 2 * x[:, 0] - x[:, 1] + 0.2 * draws.standard_normal(count)
    np.savez(path, x=x, y=(score > -1).astype(int) + (score > 1))


def write_admissions(path, seed, count):
    """A hospital's table, as `examples/hospital.py` makes it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HOSPITAL["HEADER"], *HOSPITAL["rows"](count, seed)])


def described(folder, task, data, *more):
    """`learning` as `ape run task describe` writes it into a configuration of that folder."""
    path = folder / "net.yaml"
    path.write_text("network: ethereum:local\n")
    arguments = ["describe", "--task", str(task), "--data", str(data), "--probe", str(data)]
    result = CliRunner().invoke(cli, [*arguments, "--into", str(path), *more])
    assert result.exit_code == 0, result.output
    return yaml.safe_load(path.read_text())["learning"]


def sorting_game(folder, contracts, clients, *more, **options):
    """A game of that module: every client has a file of its own, and founders one that all may know."""
    (folder / "sorting.py").write_text(SORTING)
    write_patients(folder / "public.npz", seed=0)
    for number in range(clients):
        write_patients(folder / f"own{number}.npz", seed=1 + number)
    learning = described(folder, folder / "sorting.py", folder / "public.npz", *more)
    return game(
        folder,
        contracts,
        clients,
        learning=learning,
        shown=lambda number: ["--data", str(folder / f"own{number}.npz")],
        **options,
    )


def hospital_game(folder, contracts, clients, **options):
    """A game of a table without code: founders fit a file on rows that all may know."""
    public, table = folder / "public.csv", folder / "readmission.json"
    write_admissions(public, seed=100, count=400)
    for number in range(clients):
        write_admissions(folder / f"own{number}.csv", seed=1 + number, count=300)
    fit = ["--data", str(public), "--target", "readmitted", "--group", "patient", "--out", str(table)]
    result = CliRunner().invoke(encoding, [*fit, "--hidden", "640,16"])
    assert result.exit_code == 0, result.output
    return game(
        folder,
        contracts,
        clients,
        learning=described(folder, table, public),
        shown=lambda number: ["--data", str(folder / f"own{number}.csv"), "--local-epochs", "3"],
        **options,
    )
