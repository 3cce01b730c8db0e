"""MONAI's DenseNet121 (Huang et al., 2017), the network of the paper's section VI; an optional extra."""

from importlib import import_module

from torch import nn

from ml.errors import SettingsError

INSTALL = "python -m pip install --no-deps --require-hashes --requirement requirements-images.txt"


def densenet121(side: int, labels: int) -> nn.Module:
    """Return the network for images [n, 1, side, side]: one channel in, a logit per label.

    Its BatchNorm layers are kept, with their running statistics averaged (see `ModuleState`), since the
    paper's network has them. A step moves these by a tenth, so that with three steps a round, as in the paper
    (768 training images a client, batches of 256), they need some ten rounds to arrive; until then scores say
    little.

    Raises:
        SettingsError: When MONAI is not installed.
    """
    try:
        nets = import_module("monai.networks.nets")
    except ImportError as error:
        raise SettingsError(
            f"model 'densenet121' needs MONAI, which is not installed here; run: {INSTALL}"
        ) from error
    network: nn.Module = nets.DenseNet121(spatial_dims=2, in_channels=1, out_channels=labels)
    return network
