"""A 1-D convolutional network on made heartbeats: three rhythms, several strips of each patient.

python examples/signals.py signals.npz
ape run simulate --network foundry --task examples/signals.py:Rhythm --data signals.npz --clients 8
"""

import sys
from pathlib import Path

import numpy as np
from torch import nn

from stakefed import Classes, Rows, Task

LENGTH = 128
STRIPS = 4  # Of one patient.


class Rhythm(Task):
    """One of three rhythms; strips of one patient stay on one side of every split."""

    target = Classes(3, names=("regular", "irregular", "with pauses"))
    takes = "an .npz of signals [rows, 128], rhythm [rows] and patient [rows]"
    simulation = {"batch": 32, "local_epochs": 3, "least_steps": 16}

    def module(self) -> nn.Module:
        """Return a signal [1, 128] in, three logits out."""
        return nn.Sequential(
            *(nn.Conv1d(1, 12, 7, padding=3), nn.ReLU(), nn.MaxPool1d(4)),
            *(nn.Conv1d(12, 24, 5, padding=2), nn.ReLU(), nn.MaxPool1d(4)),
            *(nn.Flatten(), nn.Linear(24 * LENGTH // 16, 32), nn.ReLU(), nn.Linear(32, 3)),
        )

    def rows(self, path: Path | None) -> Rows:
        """Return the strips of a file."""
        assert path is not None
        with np.load(path) as file:
            return Rows(file["signals"][:, None], file["rhythm"], groups=file["patient"])


def make(patients: int = 300, seed: int = 0) -> dict[str, np.ndarray]:
    """Return strips of made patients: beats a gap apart that is even, uneven, or now and then doubled."""
    generator = np.random.default_rng(seed)
    rhythm = np.repeat(generator.integers(0, 3, patients), STRIPS)
    gap = np.repeat(generator.uniform(10, 16, patients), STRIPS)
    signals = [_strip(*of, generator) for of in zip(rhythm, gap, strict=True)]
    patient = np.repeat(np.arange(patients), STRIPS)
    return {"signals": np.array(signals, np.float32), "rhythm": rhythm, "patient": patient}


def _strip(rhythm: int, gap: float, generator: np.random.Generator) -> np.ndarray:
    beats = LENGTH // 8
    gaps = np.full(beats, gap)
    if rhythm == 1:
        gaps *= generator.uniform(0.5, 1.5, beats)
    if rhythm == 2:
        gaps[generator.integers(1, 4) :: 4] *= 2
    places = generator.uniform(0, gap) + np.cumsum(gaps)
    shape = np.exp(-(((np.arange(LENGTH) - places[:, None]) / 1.5) ** 2)).sum(0)
    return shape + 0.1 * generator.standard_normal(LENGTH)


if __name__ == "__main__":
    np.savez(sys.argv[1], **make())
