"""Small modules of three classes, 64 rows a member: walks by an LSTM, welds by a convolution, orders.

They make their own rows and leave every setting as it is for a task that says nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from stakefed import Classes, Rows, Task

ROWS = 1200


class Walk(nn.Module):
    """The last state of an LSTM, to three logits."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.say = nn.LSTM(3, 20, batch_first=True), nn.Linear(20, 3)

    def forward(self, inputs: Any) -> Any:
        """Return logits [rows, 3] of signs [rows, moments, signs]."""
        return self.say(self.read(inputs)[0][:, -1])


class Gait(Task):
    """Whether somebody limps, walks or hurries, by 30 moments of three signs."""

    target = Classes(3, names=("limps", "walks", "hurries"))
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Walk()

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 walks."""
        draw = np.random.default_rng(5)
        kind, moments = draw.integers(0, 3, ROWS), np.arange(30)
        rate = np.array([0.5, 0.5, 0.8])[kind][:, None] * draw.normal(1, 0.08, (ROWS, 1))
        phase = draw.uniform(0, 2 * np.pi, (ROWS, 1))
        beat = np.sin(rate * moments + phase)
        limp = np.where(kind[:, None] == 0, 0.8 * np.sin((rate * moments + phase) / 2), 0)
        signs = [beat + limp, np.cos(rate * moments + phase) - limp, np.gradient(beat, axis=1)]
        inputs = np.stack(signs, -1)
        return Rows(inputs + draw.normal(0, 0.5, inputs.shape), kind)


class Weld(Task):
    """Whether a seam is sound, cracked or porous, by a picture of 16 × 16."""

    target = Classes(3, names=("sound", "crack", "pore"))
    takes = ""

    def module(self) -> nn.Module:
        """Return two small convolutions."""
        return nn.Sequential(
            *(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 12, 3), nn.ReLU()),
            *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48, 3)),
        )

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 pictures."""
        draw = np.random.default_rng(5)
        kind, inputs = draw.integers(0, 3, ROWS), draw.normal(0, 1, (ROWS, 1, 16, 16))
        for picture, one, (top, left) in zip(inputs, kind, draw.integers(2, 12, (ROWS, 2)), strict=True):
            if one == 1:
                picture[0, top, 2:14] += 1.6
            if one == 2:
                picture[0, top : top + 3, left : left + 3] += 1.6
        return Rows(inputs, kind)


class Recipe(nn.Module):
    """A transformer of one layer over an embedding of twelve steps, its mean to three logits."""

    def __init__(self) -> None:
        super().__init__()
        self.steps, self.say = nn.Embedding(12, 16), nn.Linear(16, 3)
        self.places = nn.Parameter(torch.randn(16, 16) * 0.1)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.body = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, inputs: Any) -> Any:
        """Return logits [rows, 3] of steps int64 [rows, 16]."""
        return self.say(self.body(self.steps(inputs) + self.places).mean(1))


class Order(Task):
    """Which of three recipes made an order of 16 steps: each leaves a pair of its own in two places."""

    target = Classes(3)
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Recipe()

    def rows(self, path: Path | None) -> Rows:
        """Return 1,200 orders."""
        draw = np.random.default_rng(5)
        kind, inputs = draw.integers(0, 3, ROWS), draw.integers(0, 12, (ROWS, 16))
        for order, one in zip(inputs, kind, strict=True):
            for place in draw.integers(0, 14, 2):
                order[place : place + 2] = [(1, 2), (2, 1), (3, 1)][one]
        return Rows(inputs, kind)
