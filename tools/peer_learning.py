"""What another system learns when a round of it is timed: clients, rows and network of a round here.

Imported by what runs in that system's own environment, so nothing of the project is. Rows are random: their
content costs nothing.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from statistics import median

import torch
from torch import nn

CLIENTS = 50
TRAINING, SCORING = 5, 45
"""Clients of a round, as in a round of the paper."""
VALIDATION_SHARE = 0.2
TEST_ROWS = 20_000
BATCH, LEARNING_RATE = 128, 1e-3

Rows = tuple[torch.Tensor, torch.Tensor]
"""Inputs [rows, inputs] and labels [rows]."""
Clock = Callable[[], float]
Measure = Callable[[int, int, int, Clock], list[float]]
"""From rows of a client, rounds, inputs of a row and what tells the time to the seconds of each round."""
WALL: Mapping[str, Clock] = {"wall": time.perf_counter}
ONE_PROCESS: Mapping[str, Clock] = {**WALL, "processor": time.process_time}
"""What may tell the time; that of all threads only where no other process works."""


def network(inputs: int) -> nn.Sequential:
    """The perceptron of `ml.models.perceptron`."""
    return nn.Sequential(nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))


@cache
def rows_of(client: int, rows: int, inputs: int) -> Rows:
    """A client's rows and labels, made once in each process."""
    generator = torch.Generator().manual_seed(client)
    X = torch.randn(rows, inputs, generator=generator)
    return X, (X.sum(1) > 0).float()


def parted(rows: Rows) -> tuple[Rows, Rows]:
    """A client's training and validation rows."""
    X, y = rows
    held = round(VALIDATION_SHARE * len(y))
    return (X[held:], y[held:]), (X[:held], y[:held])


def write_medians(about: str | None, measure: Measure, clocks: Mapping[str, Clock]) -> None:
    """Measure every number of rows that the command line names, and write the medians as JSON."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 8000])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--inputs", type=int, default=93)
    parser.add_argument("--clock", choices=clocks, default="wall")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    measured = []
    for rows in options.rows:
        seconds = measure(rows, options.rounds, options.inputs, clocks[options.clock])
        measured.append({"rows": rows, "seconds": median(seconds), "fastest": min(seconds)})
        print(f"{rows} rows: {measured[-1]['seconds']:.3f} s a round")
    options.out.write_text(json.dumps(measured, indent=2) + "\n")
