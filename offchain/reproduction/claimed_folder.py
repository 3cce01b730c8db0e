"""A folder of results is of one set of settings: those of another are never mixed in."""

import json
from collections.abc import Mapping
from pathlib import Path

from ml.json_file import read_value
from ml.messages import reason
from ml.private_files import write_whole
from offchain.errors import ReproductionError
from offchain.system_errors import of_the_system


def claim(path: Path, name: str, described: Mapping[str, object]) -> None:
    """Take a folder for results that follow from `described`, which its file `name` tells; made if missing.

    Raises:
        ReproductionError: When it holds results of other settings, something else, or cannot be written.
    """
    try:
        if (path / name).exists():
            _require_same(path, _told(path / name), described)
            return
        if path.exists() and any(path.iterdir()):
            raise ReproductionError(
                f"the folder {path} holds something other than results; choose another with --out"
            )
        path.mkdir(parents=True, exist_ok=True)
        write_whole(path / name, json.dumps(described, indent=2) + "\n")
    except OSError as error:
        raise ReproductionError(of_the_system(error, at=path)) from error
    except ValueError as error:
        raise ReproductionError(f"the results folder {path} cannot be used: {reason(error)}") from error


def _told(file: Path) -> Mapping[str, object]:
    found = read_value(file)
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} is no JSON object of settings; choose another with --out")
    return found


def _require_same(path: Path, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    differing = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    if differing:
        name = differing[0]
        raise ReproductionError(
            f"the folder {path} holds results with {name} {found.get(name)}, not {wanted.get(name)}; "
            "choose another with --out"
        )
