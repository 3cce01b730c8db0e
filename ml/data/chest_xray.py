"""ChestX-ray14 in NIH's layout: a folder of pictures and `Data_Entry_2017.csv` (Wang et al., 2017)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ml.data.image_cache import cached, fingerprint
from ml.data.pictures import read_grey
from ml.data.rows import Rows, StoredImages
from ml.errors import DataError

LABELS_FILE = "Data_Entry_2017.csv"
FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
"""The data set's fourteen, in the order of MedMNIST's columns."""

DISEASES = (
    "Infiltration",
    "Effusion",
    "Atelectasis",
    "Nodule",
    "Mass",
    "Consolidation",
    "Pneumothorax",
    "Pleural_Thickening",
    "Cardiomegaly",
    "Emphysema",
)
"""The ten most common among the first 60,000 images (paper, section VI-A): what models learn to see."""

DEFAULT_ROWS = 60_000
"""Images of the paper, the first ones."""

_NAME, _LABELS, _PATIENT = "Image Index", "Finding Labels", "Patient ID"
_HEALTHY = "No Finding"
_PLACES = ("images/*.png", "images_*/images/*.png")  # As one folder, or as NIH's twelve archives unpack.


def read(folder: Path, rows: int | None, side: int, cache: Path | None) -> Rows:
    """Return the first `rows` images that the labels file lists, none meaning 60,000 or all there are.

    Raises:
        DataError: When labels and pictures do not fit each other, or one of them cannot be read.
    """
    entries = _entries(folder / LABELS_FILE)
    if rows is not None and rows > len(entries):
        raise DataError(f"{folder} has {len(entries)} labelled images, {rows} were asked for")
    found = {path.name: path for place in _PLACES for path in sorted(folder.glob(place))}
    _require_labels(found, set(entries[_NAME]), folder)
    entries = entries.iloc[: rows or DEFAULT_ROWS]
    _require_images([name for name in entries[_NAME] if name not in found], len(entries), folder)
    files = [found[name] for name in entries[_NAME]]
    name = f"chest-xray-{side}-{fingerprint(files, folder, side)}"
    pixels = cached(cache, name, len(files), side, lambda: read_grey(files, side))
    sets = entries[_LABELS].str.split("|")
    labels = np.array([[disease in found for disease in DISEASES] for found in sets], dtype=np.float32)
    patients = pd.factorize(entries[_PATIENT])[0].astype(np.int64)
    inputs = StoredImages(pixels, np.arange(len(files)))
    # A patient is tested or not; who of the members holds its images is for the shares to say.
    return Rows(inputs, labels, apart=patients, columns={"patient": patients})


def _entries(file: Path) -> pd.DataFrame:
    columns = [_NAME, _LABELS, _PATIENT]
    try:
        entries = pd.read_csv(file, dtype="string", keep_default_na=False, index_col=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{file} cannot be read as a CSV file ({error})") from error
    missing = [column for column in columns if column not in entries]
    if missing:
        raise DataError(f"{file} lacks the columns {', '.join(missing)}")
    repeated = entries[_NAME][entries[_NAME].duplicated()]
    if len(repeated):
        raise DataError(f"{file} lists {repeated.iloc[0]} twice")
    unknown = set(entries[_LABELS].str.split("|").explode()) - {*FINDINGS, _HEALTHY}
    if unknown:
        raise DataError(f"{file} has the finding {sorted(unknown)[0]!r}, which ChestX-ray14 does not know")
    return entries[columns]


def _require_labels(found: dict[str, Path], labelled: set[str], folder: Path) -> None:
    bare = sorted(set(found) - labelled)
    if bare:
        raise DataError(
            f"{len(bare)} of the {len(found)} images in {folder} have no line in {LABELS_FILE}, "
            f"first {bare[0]}"
        )


def _require_images(missing: Sequence[str], wanted: int, folder: Path) -> None:
    if missing:
        raise DataError(
            f"{len(missing)} of the first {wanted} images in {LABELS_FILE} are not in {folder}, first "
            f"{missing[0]}; unpack the missing archive, or use fewer rows"
        )
