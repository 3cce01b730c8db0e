"""Built-in images of one digit or two: which digits are in it?"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, validate_call

from ml.data.rows import Rows
from ml.tasks.built_in.digits.images import DEFAULT_ROWS, SIDE, read
from ml.tasks.images import ImageTask
from ml.tasks.targets import Labels
from ml.tasks.task import PAPERS


class Digits(ImageTask):
    """Real handwritten digits, arranged; what chest X-rays are in kind, without their difficulty.

    Args:
        rows: Images; more are others.
        model: cnn or densenet121.
        image_size: Side, pixels.
    """

    target = Labels(10, names=tuple("0123456789"))
    takes = ""
    simulation = {**PAPERS, "shares": "dirichlet", "metric": "auroc", "batch": 32, "local_epochs": 2}

    @validate_call
    def __init__(
        self,
        rows: Annotated[int, Field(ge=1)] = DEFAULT_ROWS,
        model: str = "cnn",
        image_size: Annotated[int, Field(ge=8, le=1024)] = SIDE,
    ) -> None:
        super().__init__(model, image_size)
        self._rows = rows

    def rows(self, path: Path | None) -> Rows:
        """Return the images; the file says which are for testing."""
        return read(self._rows, self.side)
