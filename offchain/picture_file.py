"""Pictures as files."""

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from ml.private_files import write_whole


def write_picture(path: Path, figure: Figure, dpi: int = 110) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises:
        OSError: When it cannot be written.
    """
    content = BytesIO()
    figure.savefig(content, format="png", dpi=dpi)
    write_whole(path, content.getvalue())
