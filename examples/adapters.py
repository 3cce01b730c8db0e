"""Adapters on a frozen transformer: adapters and head alone are exchanged, a twenty-fifth of all.

The frozen weights lie in adapters.safetensors; `python examples/adapters.py notes.csv` makes them anew,
by guessing hidden words of the notes that `python examples/text.py notes.csv` writes.
ape run simulate --network foundry --task examples/adapters.py:Adapted --data notes.csv --clients 8
"""

import csv
import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from stakefed import Labels, Rows, Task

FROZEN = Path(__file__).parent / "adapters.safetensors"
WORDS, BUCKETS, WIDTH, HEADS, LAYERS, RANK = 12, 256, 32, 4, 2, 4
HIDDEN = BUCKETS + 1  # The word that stands for one to be guessed.


class Adapted(Task):
    """One label of a note, told by a frozen transformer with trained adapters."""

    target = Labels(names=("urgent",))
    files = ("adapters.safetensors",)
    takes = "a CSV with the columns note and urgent"
    simulation = {"batch": 32, "local_epochs": 3, "learning_rate": 1e-2}

    def module(self) -> nn.Module:
        """Return twelve hashed words in, one logit out."""
        base = Transformer()
        base.load_state_dict(load_file(FROZEN))
        return Told(base)

    def rows(self, path: Path | None) -> Rows:
        """Return the notes of a file; notes of the same words stay on one side of every split."""
        assert path is not None
        notes, urgent = read(path)
        return Rows(notes, urgent, groups=np.unique(notes, axis=0, return_inverse=True)[1].ravel())


class Told(nn.Module):
    """A transformer whose linear maps are adapted, and a head on the mean of its words."""

    def __init__(self, base: "Transformer") -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        for layer in self.base.layers:
            layer.mixed, layer.wider = Adapter(layer.mixed), Adapter(layer.wider)
        self.head = nn.Linear(WIDTH, 1)

    def forward(self, words: Tensor) -> Tensor:
        """Return a logit [rows, 1] of each note [rows, 12]."""
        return torch.as_tensor(self.head(self.base(words).mean(1)))


class Adapter(nn.Module):
    """W x + B A x: A is drawn once and frozen like W, so that the mean of members' B is exact."""

    def __init__(self, frozen: nn.Linear) -> None:
        super().__init__()
        self.frozen = frozen
        self.down = nn.Linear(frozen.in_features, RANK, bias=False).requires_grad_(False)
        self.up = nn.Linear(RANK, frozen.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the frozen map says, and what the adapter adds."""
        return torch.as_tensor(self.frozen(x) + self.up(self.down(x)))


class Layer(nn.Module):
    """Attention and two linear maps, each after a normalisation and added to what comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.asked, self.mixed = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wider, self.narrower = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Return words [rows, 12, width], each having looked at all others."""
        parts = self.asked(self.before(x)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        x = x + self.mixed(scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2))
        return torch.as_tensor(x + self.narrower(self.wider(self.between(x)).relu()))


class Transformer(nn.Module):
    """A small transformer over hashed words."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(BUCKETS + 2, WIDTH), nn.Embedding(WORDS, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.last = nn.LayerNorm(WIDTH)

    def forward(self, words: Tensor) -> Tensor:
        """Return words in context [rows, 12, width] of notes [rows, 12]."""
        x = self.words(words) + self.places.weight
        for layer in self.layers:
            x = layer(x)
        return torch.as_tensor(self.last(x))


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return notes int64 [rows, 12], hashed, and whether each is urgent, float32 [rows]."""
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    notes = np.zeros((len(found), WORDS), np.int64)
    for row, note in zip(notes, found, strict=True):
        words = note["note"].lower().split()[:WORDS]
        row[: len(words)] = [1 + crc32(word.encode()) % BUCKETS for word in words]
    return notes, np.array([row["urgent"] for row in found], np.float32)


def pretrain(notes: Tensor, steps: int = 600, seed: int = 0) -> Transformer:
    """Return a transformer that guesses hidden words of notes [rows, 12]; their labels are not looked at."""
    torch.manual_seed(seed)
    base = Transformer()
    optimiser = torch.optim.Adam(base.parameters(), lr=3e-3)
    for _ in range(steps):
        shown = notes[torch.randint(len(notes), (64,))]
        hidden = (torch.rand(shown.shape) < 0.2) & (shown > 0)
        guessed = base(shown.masked_fill(hidden, HIDDEN))[hidden] @ base.words.weight.T
        optimiser.zero_grad()
        cross_entropy(guessed, shown[hidden]).backward()
        optimiser.step()
    return base


if __name__ == "__main__":
    save_file(pretrain(torch.from_numpy(read(Path(sys.argv[1]))[0])).state_dict(), FROZEN)
