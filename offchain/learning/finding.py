"""Where files that a description names are on this machine; digests say whether they are the right ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml.home import at_home
from ml.tasks.loading import Named


@dataclass(frozen=True)
class Here:
    """What a member says about that.

    Attributes:
        folder: Of the description's own file, beside which others are looked for; none for the current one.
        task: The task, where it is elsewhere, with its class.
        options: Options of the task that name files which are elsewhere.
    """

    folder: Path | None = None
    task: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def named(self, task: str, options: Mapping[str, Any]) -> Named:
        """Return a description's task, with its options, as it is named on this machine."""
        name = self.task or self._beside(task)
        named = Named(name, {**options, **self.options})
        if not named.is_built_in:
            return named
        files = {
            option: str(beside(self.folder, str(value)))
            for option, value in named.options.items()
            if option in named.kind.file_options and value is not None
        }
        return Named(name, {**named.options, **files})

    def _beside(self, task: str) -> str:
        place, colon, kind = task.rpartition(":") if ".py:" in task else (task, "", "")
        is_file = place.endswith((".py", ".json"))
        return f"{beside(self.folder, place)}{colon}{kind}" if is_file else task


def beside(folder: Path | None, name: str) -> Path:
    """Return where a file that a description names is, or should be.

    It is where its name says, from the description's folder or the current one, or else, as members have it
    who were handed it out, in the description's folder whatever folder the founders had it in.
    """
    path = at_home(name)
    if folder is None:
        return path
    handed_out = folder / path.name
    return next((place for place in (folder / path, path) if place.exists()), handed_out)
