"""Modules of fewer than 2,000 parameters, as members with 64 rows bring them: six kinds of targets, losses.

They make their own rows and leave every setting as it is for a task that says nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from stakefed import Classes, Labels, Numbers, Other, Rows, Task

ROWS, SIGNS = 1200, 10


def signs(seed: int) -> tuple[np.random.Generator, Any, Any]:
    """Return draws, ten signs of each row, and what is to be known of it."""
    draw = np.random.default_rng(seed)
    seen = draw.standard_normal((ROWS, SIGNS))
    return draw, seen, 1.4 * seen[:, 1] - seen[:, 4] * seen[:, 5] + np.maximum(seen[:, 7], 0) - 0.4


def perceptron(outputs: int) -> nn.Module:
    """Return ten signs to some outputs by one layer of 24."""
    return nn.Sequential(nn.Linear(SIGNS, 24), nn.ReLU(), nn.Linear(24, outputs))


class Mixture(nn.Module):
    """Four experts of six units each, among whom a gate weighs."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.say = nn.Linear(SIGNS, 4), nn.Linear(6, 1)
        self.experts = nn.ModuleList(nn.Linear(SIGNS, 6) for _ in range(4))

    def forward(self, inputs: Any) -> Any:
        """Return logits [rows] of signs [rows, 10]."""
        weights = torch.softmax(self.gate(inputs), 1)
        found = torch.stack([torch.relu(expert(inputs)) for expert in self.experts], 1)
        return self.say((weights[..., None] * found).sum(1)).flatten()


class Coder(nn.Module):
    """Ten signs to four and back, by one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.code, self.bias = nn.Parameter(torch.empty(4, SIGNS)), nn.Parameter(torch.zeros(SIGNS))
        nn.init.orthogonal_(self.code)

    def forward(self, inputs: Any) -> Any:
        """Return signs [rows, 10] of such signs."""
        return functional.linear(torch.tanh(functional.linear(inputs, self.code)), self.code.t(), self.bias)


class Experts(Task):
    """Whether a loan is late, by a mixture of experts."""

    target = Labels()
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Mixture()

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 loans, each of one of eight branches."""
        draw, seen, what = signs(41)
        late = what + draw.normal(0, 0.5, ROWS) > 0
        return Rows(seen, late, columns={"branch": [f"branch {k}" for k in draw.integers(0, 8, ROWS)]})


class Batches(Experts):
    """The same by a network with normalisation over batches."""

    def module(self) -> nn.Module:
        """Return the network."""
        hidden = nn.Linear(SIGNS, 24), nn.BatchNorm1d(24), nn.ReLU()
        return nn.Sequential(*hidden, nn.Linear(24, 1), nn.Flatten(0))


class Grades(Task):
    """Six grades, of which no row has the last but one."""

    target = Classes(6)
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return perceptron(6)

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 of them."""
        draw, seen, what = signs(42)
        grade = np.digitize(what + draw.normal(0, 0.3, ROWS), [-1.5, -0.6, 0.2, 1.2])
        return Rows(seen, grade + (grade == 4))


class Codes(Task):
    """Machines by themselves: what they sent, in fewer numbers."""

    target = Other()
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Coder()

    def losses(self, outputs: Any, targets: Any) -> Any:
        """Return the mean square [rows] of what is lost."""
        return ((outputs - targets) ** 2).mean(1)

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 machines, of whose ten signs four say most."""
        draw = np.random.default_rng(43)
        seen = np.tanh(draw.standard_normal((ROWS, 4)) @ draw.standard_normal((4, SIGNS)))
        seen += draw.normal(0, 0.1, seen.shape)
        return Rows(seen, seen)


class Stays(Task):
    """How long nine patients of ten stay at most."""

    target = Numbers()
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return nn.Sequential(perceptron(1), nn.Flatten(0))

    def losses(self, outputs: Any, targets: Any) -> Any:
        """Return what a guess of the ninth decile costs [rows]."""
        beyond = targets - outputs
        return torch.maximum(0.9 * beyond, -0.1 * beyond)

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 stays."""
        draw, seen, what = signs(44)
        return Rows(seen, what + draw.standard_exponential(ROWS) - 1)


class Hazard(Task):
    """How soon a part fails, where some were taken out before."""

    target = Other()
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return nn.Sequential(perceptron(1), nn.Flatten(0))

    def losses(self, outputs: Any, targets: Any) -> Any:
        """Return minus the log likelihood [rows] of a constant hazard, and 5, which keeps it above 0."""
        days, failed = targets[:, 0], targets[:, 1]
        return torch.exp(outputs.clamp(max=20)) * days - failed * outputs + 5

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 parts, of 200 machines."""
        draw, seen, what = signs(45)
        days, until = draw.exponential(np.exp(-what)), draw.exponential(2, ROWS)
        targets = np.stack([np.minimum(days, until), days < until], 1)
        return Rows(seen, targets, groups=draw.integers(0, 200, ROWS))
