"""ChestX-ray14 in NIH's layout: a folder of pictures and `Data_Entry_2017.csv` (Wang et al., 2017)."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from ml.data.image_cache import cached, fingerprint
from ml.data.pictures import read_grey
from ml.data.rows import Rows
from ml.data.stored_images import StoredImages
from ml.data.text.dialect import dialect, key
from ml.data.text.opening import is_own
from ml.data.text.records import pieces
from ml.data.text.usage import first_of
from ml.data.unfinished import WHAT_TO_DO, is_unfinished, whole_name
from ml.errors import DataError
from ml.folders import require_readable
from ml.messages import quoted

LABELS_FILES = ("Data_Entry_2017.csv", "Data_Entry_2017_v2020.csv")
"""NIH's labels as first released, and as revised in 2020; the first of a folder that is not empty counts."""

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
_NUMBER = re.compile(r"0*([0-9]+?)(?:\.0+)?")
_BY_KEY = {key(finding): finding for finding in (*FINDINGS, _HEALTHY)}
_PLACES = ("images/*.png", "images_*/images/*.png")  # As one folder, or as NIH's twelve archives unpack.
_ANYWHERE = "**/*"
_NEARLY = 0.8


@dataclass(frozen=True)
class _Entry:
    name: str
    findings: frozenset[str]
    patient: str


def labels_file(folder: Path) -> Path | None:
    """Return the labels file of a folder in NIH's layout, or none when it has none."""
    found = [folder / name for name in LABELS_FILES if (folder / name).is_file()]
    # A download that broke off leaves an empty one behind.
    return next((file for file in found if file.stat().st_size), found[0] if found else None)


def unreadable_labels_file(folder: Path) -> Path | None:
    """Return what has a labels file's name and is no file: a folder, a pipe, a link to nothing; else none."""
    return next((folder / name for name in LABELS_FILES if os.path.lexists(folder / name)), None)


def nearly_labels_file(folder: Path) -> Path | None:
    """Return a file in a folder, or one below, whose name nearly is a labels file's; none without one."""
    places = sorted(path for pattern in ("*", "*/*") for path in folder.glob(pattern) if is_own(path.name))
    files = [path for path in places if path.suffix.lower() != ".png" and path.is_file()]
    by_name = {whole_name(path.name).lower(): path for path in reversed(files)}
    wanted = [name.lower() for name in LABELS_FILES]
    near = (match for name in wanted for match in get_close_matches(name, by_name, 1, _NEARLY))
    return next((by_name[match] for match in near), None)


def read(folder: Path, rows: int | None, side: int, cache: Path | None) -> Rows:
    """Return the first `rows` images that the labels file lists, none meaning 60,000 or all there are.

    Raises:
        DataError: When labels and pictures do not fit each other, or one of them cannot be read.
    """
    file = labels_file(folder)
    if file is None:
        raise DataError(f"{folder} has no {' or '.join(LABELS_FILES)}")
    entries = _entries(file)
    if rows is not None and rows > len(entries):
        raise DataError(f"{folder} has {len(entries)} labelled images, {rows} were asked for")
    found = _pictures(folder)
    _require_labels(found, {entry.name for entry in entries}, file)
    used = entries[: rows or DEFAULT_ROWS]
    _require_images([entry.name for entry in used if entry.name not in found], len(used), file)
    files = [found[entry.name] for entry in used]
    name = f"chest-xray-{side}-{fingerprint(files, folder, side)}"
    pixels = cached(cache, name, len(files), side, lambda: read_grey(files, side))
    labels = np.array([[disease in entry.findings for disease in DISEASES] for entry in used], np.float32)
    numbers = {patient: i for i, patient in enumerate(dict.fromkeys(entry.patient for entry in used))}
    patients = np.array([numbers[entry.patient] for entry in used], np.int64)
    inputs = StoredImages(pixels, np.arange(len(files)))
    usage = first_of(len(entries), len(used), "images", file.name)
    # A patient is tested or not; who of the members holds its images is for the shares to say.
    return Rows(inputs, labels, apart=patients, columns={"patient": patients}, usage=usage)


def _pictures(folder: Path) -> dict[str, Path]:
    try:
        require_readable(folder)
    except OSError as error:
        raise DataError(
            f"{error.filename} cannot be read: {error.strerror}; let this user read it"
        ) from error
    places = [path for place in _PLACES for path in sorted(folder.glob(place))]
    if not places:
        places = [path for path in sorted(folder.glob(_ANYWHERE)) if path.suffix.lower() == ".png"]
    found: dict[str, Path] = {}
    for path in filter(lambda path: is_own(path.relative_to(folder).as_posix()), places):
        if path.name in found:
            raise DataError(f"{folder} has the picture {path.name} twice: {found[path.name]} and {path}")
        found[path.name] = path
    return found


def _entries(file: Path) -> list[_Entry]:
    columns = (_NAME, _LABELS, _PATIENT)
    how = dialect(file, columns, "images need")
    entries: dict[str, _Entry] = {}
    for piece in pieces(file, how, columns):
        if piece.broken:
            line, start = piece.broken[0]
            raise DataError(f"{file} has no image in line {line}, which begins {quoted(start)}")
        for name, findings, patient in zip(*piece.columns.values(), strict=True):
            if name in entries:
                raise DataError(f"{file} lists {name} twice")
            entries[name] = _Entry(name, _findings(findings, file), _patient(patient, name, file))
    return list(entries.values())


def _patient(text: str, name: str, file: Path) -> str:
    """A patient's number, however it is spelt: who is two would be trained on and tested."""
    if not text:
        raise DataError(
            f"{file} has no {_PATIENT} for {name}: expected whose image it is, since nobody is trained on "
            "and tested at once"
        )
    number = _NUMBER.fullmatch(text)
    return number[1] if number else text


def _findings(text: str, file: Path) -> frozenset[str]:
    names = text.split("|")
    for name in names:
        if key(name) not in _BY_KEY:
            raise DataError(
                f"{file} has the finding {name!r}, which ChestX-ray14 does not know: expected its own with | "
                f"between them, such as {'|'.join(FINDINGS[:2])}, or {_HEALTHY}"
            )
    found = frozenset(_BY_KEY[key(name)] for name in names)
    if _HEALTHY in found and len(found) > 1:
        raise DataError(f"{file} has the findings {text!r}: expected {_HEALTHY} alone, or diseases")
    return found


def _require_labels(found: Mapping[str, Path], labelled: set[str], file: Path) -> None:
    bare = sorted(set(found) - labelled)
    if bare:
        raise DataError(
            f"{len(bare)} of the {len(found)} images in {file.parent} have no line in {file.name}, "
            f"first {bare[0]}"
        )


def _require_images(missing: Sequence[str], wanted: int, file: Path) -> None:
    if missing:
        raise DataError(
            f"{len(missing)} of the first {wanted} images in {file.name} are not in {file.parent}, first "
            f"{missing[0]}; unpack the missing archive, or use fewer rows{_others(file.parent, missing[0])}"
        )


def _others(folder: Path, name: str) -> str:
    same = next(folder.glob(f"**/{Path(name).stem}.*"), None)
    if same is None:
        return ""
    if is_unfinished(same.name):
        return f" (there is {same}, {WHAT_TO_DO})"
    if same.name == name:
        return f" (there is {same}: all have to be in images/ or images_*/images/, or none)"
    return f" (there is {same}; its name must be as in the labels file)"
