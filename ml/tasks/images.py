"""What tasks of images have in common: a network by name, first weights that NumPy draws."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Shape
from ml.tasks.task import Task
from ml.updates.schema import Schema

if TYPE_CHECKING:
    from torch import nn


class ImageTask(Task):
    """Grey images with several labels each.

    Args:
        model: Name of the network.
        side: Of an image, pixels.

    Raises:
        SettingsError: When there is no such network, or it needs larger images.
    """

    def __init__(self, model: str, side: int) -> None:
        from ml.models.images import require_network

        require_network(model, side)
        self._model = model
        self.side = side

    def module_for(self, row: Shape, label: Shape) -> "nn.Module":
        """Return the network for images (1, side, side) with labels (labels,)."""
        from ml.models.images import image_network

        (*_, side), (labels,) = row, label
        return image_network(self._model, int(side), int(labels))

    def initial_parameters(self, schema: Schema, module: "nn.Module", seed: int) -> NDArray[np.float32]:
        """Return weights for ReLU as NumPy draws them."""
        from ml.models.module_state import initial_vector

        return initial_vector(schema, seed)
