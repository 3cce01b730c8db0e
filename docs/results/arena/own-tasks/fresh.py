"""Tasks that no default was chosen on: three kinds of patients by a recurrent network, costs by an embedding.

They make their own rows and leave every setting as it is for a task that says nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from stakefed import Classes, Numbers, Rows, Task

HOURS, SIGNS, PLACES = 12, 3, 9


class Reader(nn.Module):
    """The last state of a recurrent network, through dropout to three logits."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.drop, self.say = (
            nn.GRU(SIGNS, 20, batch_first=True),
            nn.Dropout(0.2),
            nn.Linear(20, 3),
        )

    def forward(self, inputs: Any) -> Any:
        """Return logits [rows, 3] of signs [rows, hours, signs]."""
        return self.say(self.drop(self.read(inputs)[1][-1]))


class Course(Task):
    """Whether twelve hours of three vital signs are steady, worsen or recover; flipped labels are 2 − y."""

    target = Classes(3, names=("worsens", "steady", "recovers"))
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Reader()

    def rows(self, path: Path | None) -> Rows:
        """Return 1,500 patients."""
        draw = np.random.default_rng(1)
        course = draw.choice(3, 1500, p=(0.25, 0.45, 0.3))
        bend = (course - 1)[:, None, None] * np.linspace(0, 1.2, HOURS)[:, None] * draw.uniform(0.3, 1, SIGNS)
        start, noise = draw.normal(0, 0.6, (1500, 1, SIGNS)), draw.normal(0, 0.5, (1500, HOURS, SIGNS))
        return Rows((start + bend + noise).astype(np.float32), course)


class Priced(nn.Module):
    """A place's embedding beside numbers, through one layer with normalisation, to an amount."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Embedding(PLACES, 4)
        self.rest = nn.Sequential(nn.Linear(4 + 6, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, 1))

    def forward(self, place: Any, numbers: Any) -> Any:
        """Return amounts [rows] of places [rows] and numbers [rows, 6]."""
        return self.rest(torch.cat([self.place(place), numbers], -1)).flatten()


class Price(Task):
    """What a treatment costs, standardised: an amount with a long tail."""

    target = Numbers(names=("cost",))
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Priced()

    def rows(self, path: Path | None) -> Rows:
        """Return 2,000 treatments."""
        draw = np.random.default_rng(2)
        numbers = draw.normal(size=(2000, 6)).astype(np.float32)
        place, level = draw.integers(PLACES, size=2000), draw.normal(0, 0.7, PLACES)
        cost = numbers[:, 0] + 0.7 * numbers[:, 1] * numbers[:, 2] - 0.6 * numbers[:, 3] + level[place]
        cost += draw.standard_t(4, 2000) * 0.5
        return Rows({"place": place, "numbers": numbers}, ((cost - 0.0) / 1.6).astype(np.float32))
