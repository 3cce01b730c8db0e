"""Chest X-rays, NIH's folder or MedMNIST's file: which of ten diseases does an image show?"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, validate_call

from ml.data.rows import Rows
from ml.data.unfinished import WHAT_TO_DO, is_unfinished
from ml.errors import DataError
from ml.home import at_home
from ml.tasks.built_in.chest_xray import medmnist, nih
from ml.tasks.images import ImageTask
from ml.tasks.targets import Labels
from ml.tasks.task import PAPERS


class ChestXray(ImageTask):
    """ChestX-ray14 as the paper uses it.

    Args:
        rows: Images to use, the first ones; none for 60,000 or all there are.
        model: cnn or densenet121.
        image_size: Side to which images are resized, pixels.
        cache: Folder for images as resized; none for the user's cache folder.
    """

    target = Labels(len(nih.DISEASES), names=nih.DISEASES)
    own_options = ("cache",)
    takes = "NIH's folder or MedMNIST's chestmnist.npz"
    simulation = {**PAPERS, "shares": "dirichlet", "metric": "auroc", "batch": 256}

    @validate_call
    def __init__(
        self,
        rows: Annotated[int, Field(ge=1)] | None = None,
        model: str = "cnn",
        image_size: Annotated[int, Field(ge=8, le=1024)] = 64,
        cache: Path | None = None,
    ) -> None:
        super().__init__(model, image_size)
        self._rows = rows
        self._cache = cache and at_home(cache)

    def rows(self, path: Path | None) -> Rows:
        """Return the images of a folder or file, resized.

        Raises:
            DataError: When there is neither, or its images or labels cannot be read.
        """
        if path is None:
            raise DataError(f"chest X-rays need the path of {self.takes}")
        path = at_home(path)
        if nih.labels_file(path):
            return nih.read(path, self._rows, self.side, self._cache)
        if path.is_file() and path.suffix == ".npz":
            return medmnist.read(path, self._rows, self.side, self._cache)
        raise DataError(f"{_found(path)}; chest X-rays are {self.takes}")


def _found(path: Path) -> str:
    if not path.exists():
        return f"there is nothing at {path}"
    if path.is_dir():
        return f"{path} is a folder without {' or '.join(nih.LABELS_FILES)}{_hint(path)}"
    if is_unfinished(path.name):
        return f"{path} is {WHAT_TO_DO}"
    return f"{path} is a file whose name does not end in .npz"


def _hint(folder: Path) -> str:
    near = nih.nearly_labels_file(folder)
    if near is None:
        other = nih.unreadable_labels_file(folder)
        return f" (there is {other}, which is no file that can be read)" if other else ""
    if is_unfinished(near.name):
        return f" (there is {near}, {WHAT_TO_DO})"
    if nih.labels_file(near.parent):
        return f" (there is {near}: is {near.parent} meant?)"
    return f" (there is {near}: unpack it if it is packed, and name it as one of these)"
