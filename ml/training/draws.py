"""What a module draws at random inside, as dropout does, from a seed and from nothing else."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from ml.seeds import derive_seed

_DRAWS = 1  # Under a job's seed, with which its rows are shuffled.


@contextmanager
def seeded_draws(seed: int, device: str) -> Iterator[None]:
    """Let a module draw from `seed`, whichever of PyTorch's, NumPy's and Python's generators it asks.

    Without it the same job trained again, by a client that was killed in between say, gives other bytes. The
    generators are the process's, so they are put back.
    """
    derived = derive_seed(seed, _DRAWS)
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng([] if device == "cpu" else [torch.cuda.current_device()]):
        # The processor's generator alone where that is all: else PyTorch keeps a call for accelerators, and a
        # text of the whole stack with it, for as long as the process lives.
        (torch.default_generator if device == "cpu" else torch).manual_seed(derived)
        np.random.seed(derived % 2**32)  # It takes no more.
        random.seed(derived)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
