"""The shuffles of local training: those of a simulation, and those of a live client with the same rows."""

from ml.seeds import derive_seed

_TRAINING = 4  # Under a run's seed; other paths are data, cast and genesis.


def training_seed(seed: int, round_: int, client: int) -> int:
    """Return the seed with which client number `client` shuffles its rows in a round, 63 bits."""
    return derive_seed(seed, _TRAINING, round_, client)
