"""The first global model: the same wherever it is made."""

import numpy as np
from numpy.typing import NDArray

from ml.seeds import derive_seed
from ml.training import Learner
from ml.updates.fixed_point import encode

_GENESIS = 3  # Under a run's seed; other paths are data, cast and training.


def genesis_model(learner: Learner, seed: int) -> NDArray[np.int32]:
    """Return the parameters int32 [size], in fixed point, with which a run of `seed` starts."""
    return encode(learner.initial_parameters(derive_seed(seed, _GENESIS)))
