"""Networks for images by name."""

from collections.abc import Callable, Mapping

from torch import nn

from ml.errors import SettingsError
from ml.models.cnn import small_cnn
from ml.models.densenet import densenet121

NETWORKS: Mapping[str, tuple[int, Callable[[int, int], nn.Module]]] = {
    "cnn": (8, small_cnn),
    "densenet121": (32, densenet121),
}
"""The smallest side that pooling leaves something of, pixels; and the network of a side and labels."""


def require_network(name: str, side: int) -> None:
    """Raise SettingsError unless there is a network of that name for images of that side, pixels."""
    if name not in NETWORKS:
        raise SettingsError(f"there is no network {name!r} for images; use {' or '.join(NETWORKS)}")
    least, _ = NETWORKS[name]
    if side < least:
        raise SettingsError(f"model {name} needs image_size {least} or more, got {side}")


def image_network(name: str, side: int, labels: int) -> nn.Module:
    """Return the network `name` for images [n, 1, side, side] with that many labels."""
    require_network(name, side)
    return NETWORKS[name][1](side, labels)
