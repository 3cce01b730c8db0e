"""Tasks whose first weights are many and rarely all used: codes of a hospital register, words of notes.

Made; no default and no test was chosen on them. Members of a hospital see its own codes, and some codes are
those of one hospital alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from stakefed import Classes, Labels, Rows, Task

CODES, NUMBERS, HOSPITALS = 120, 20, 12
WORDS, LENGTH = 1200, 24


class Register(Task):
    """Whether a patient returns within a month, of 20 numbers and of 120 codes, most of them rare."""

    target = Labels()
    takes = ""

    def module(self) -> nn.Module:
        """Return a perceptron whose first layer has 140 × 96 weights."""
        return nn.Sequential(nn.Linear(CODES + NUMBERS, 96), nn.ReLU(), nn.Linear(96, 1), nn.Flatten(0))

    def rows(self, path: Path | None) -> Rows:
        """Return 3,600 patients of twelve hospitals of unlike sizes."""
        draw = np.random.default_rng(5)
        hospital = draw.choice(HOSPITALS, 3600, p=draw.dirichlet(np.full(HOSPITALS, 4.0)))
        common = 1.5 / np.arange(3, CODES + 3)
        habits = np.clip(common * draw.lognormal(0, 1.5, (HOSPITALS, CODES)), 0, 0.6)
        codes = draw.random((3600, CODES)) < habits[hospital]
        numbers = draw.normal(size=(3600, NUMBERS))
        risk = codes @ draw.normal(0, 0.9, CODES) + numbers @ draw.normal(0, 0.35, NUMBERS)
        risk += draw.normal(0, 0.4, HOSPITALS)[hospital] - 0.8
        returns = draw.random(3600) < 1 / (1 + np.exp(-risk))
        inputs = np.concatenate([codes, numbers], 1).astype(np.float32)
        return Rows(inputs, returns.astype(np.float32), columns={"hospital": hospital})


class Mean(nn.Module):
    """The mean of a note's words, each 12 numbers, to three logits."""

    def __init__(self) -> None:
        super().__init__()
        self.word, self.say = nn.Embedding(WORDS, 12), nn.Linear(12, 3)

    def forward(self, notes: Any) -> Any:
        """Return logits [rows, 3] of notes [rows, words]."""
        return self.say(self.word(notes).mean(1))


class Notes(Task):
    """Which of three wards a note of 24 words comes from; most words are rare."""

    target = Classes(3)
    takes = ""

    def module(self) -> nn.Module:
        """Return the network."""
        return Mean()

    def rows(self, path: Path | None) -> Rows:
        """Return 3,000 notes."""
        draw = np.random.default_rng(6)
        ward = draw.choice(3, 3000, p=(0.4, 0.35, 0.25))
        common = 1 / np.arange(5, WORDS + 5)
        told = common * draw.lognormal(0, 1.0, (3, WORDS))
        told /= told.sum(1, keepdims=True)
        notes = np.stack([draw.choice(WORDS, LENGTH, p=told[each]) for each in ward])
        return Rows(notes.astype(np.int64), ward)
