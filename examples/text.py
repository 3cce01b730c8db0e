"""Sentences into an embedding: is a note urgent? Words are hashed, so that no vocabulary is agreed on.

python examples/text.py notes.csv
ape run simulate --network foundry --task examples/text.py:Notes --data notes.csv --clients 8
"""

import csv
import random
import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from stakefed import Labels, Rows, Task

WORDS = 12  # Of a note; what is longer is cut.
BUCKETS = 256  # That words are hashed into, from 1; 0 is no word.


class Notes(Task):
    """One label of a note."""

    target = Labels(names=("urgent",))
    takes = "a CSV with the columns note and urgent"
    simulation = {"batch": 32, "local_epochs": 3, "learning_rate": 1e-2}

    def module(self) -> nn.Module:
        """Return twelve hashed words in, one logit out."""
        return Pairs()

    def rows(self, path: Path | None) -> Rows:
        """Return the notes of a file; notes of the same words stay on one side of every split."""
        assert path is not None
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        words = np.array([hashed(row["note"]) for row in found])
        urgent = np.array([row["urgent"] for row in found], np.float32)
        return Rows(words, urgent, groups=np.array([row["note"] for row in found]))


class Pairs(nn.Module):
    """An embedding, a convolution over neighbours ("not worse"), and what is strongest anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(BUCKETS + 1, 16, padding_idx=0)
        self.pairs = nn.Conv1d(16, 32, 2)
        self.head = nn.Linear(32, 1)

    def forward(self, words: Tensor) -> Tensor:
        """Return a logit [rows, 1] of each note [rows, 12]."""
        found: Tensor = self.pairs(self.words(words).transpose(1, 2)).relu().amax(2)
        return torch.as_tensor(self.head(found))


def hashed(note: str) -> list[int]:
    """Return the words of a note as numbers, as many as WORDS."""
    numbers = [1 + crc32(word.encode()) % BUCKETS for word in note.lower().split()][:WORDS]
    return numbers + [0] * (WORDS - len(numbers))


def make(notes: int = 1500, seed: int = 0) -> list[tuple[str, int]]:
    """Return made notes, each with whether it is urgent: what is bad and not denied."""
    draw = random.Random(seed)
    made = []
    for _ in range(notes):
        bad, denied = draw.random() < 0.6, draw.random() < 0.4
        state = draw.choice(["worse", "severe", "rising"] if bad else ["mild", "stable", "easing"])
        note = (
            f"{draw.choice(['since monday', 'today', 'after surgery', 'at night'])} the "
            f"{draw.choice(['pain', 'fever', 'cough', 'swelling', 'nausea'])} "
            f"{draw.choice(['is', 'seems'])} {'not ' if denied else ''}{state}"
        )
        made.append((note, int(bad and not denied)))
    return made


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("note", "urgent"), *make()])
