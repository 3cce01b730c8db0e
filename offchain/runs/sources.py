"""What else than its settings a run follows from: rows and code, which lie where the settings say."""

from pathlib import Path

from ml.named_functions import is_own, own_file
from ml.tasks.code_files import neighbours, package_digest
from offchain.runs.data_digest import data_digest
from offchain.settings import SimulationSettings

OWN_CODE = ("attack", "coalition_votes", "defence")
"""Settings that may name a function of the user's own."""


def sources(settings: SimulationSettings) -> dict[str, str]:
    """Return a digest, hex, of what each setting names that lies in a file, a folder or a package.

    Raises:
        ReproductionError: When it is not there or cannot be read.
    """
    found = {"task": settings.named_task.digest.hex()}
    for name in ("data", "clients_data"):
        place: Path | None = getattr(settings, name)
        if place is not None:
            found[name] = data_digest(place)
    for name in (*OWN_CODE, "train"):
        function = getattr(settings, name)
        if is_own(function):
            found[name] = code_digest(function)
    return found


def code_digest(function: str) -> str:
    """Return the digest, hex, of a user's own function: its package's, or its file's and its neighbours'."""
    file = own_file(function)
    if file is None:
        return package_digest(function.rpartition(":")[0]).hex()
    return "".join(data_digest(each) for each in (file, *neighbours(file)))
