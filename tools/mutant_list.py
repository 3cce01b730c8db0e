"""The lines that are broken on purpose, as `mutants.toml` names them."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "mutants.toml"


class MutantError(Exception):
    """A mutant that cannot be tried: its line is gone, or what takes its place does not compile."""


@dataclass(frozen=True)
class Mutant:
    """One line to break: in `file`, `old`, which is there once, becomes `new`; one of `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: Sequence[str]

    @property
    def in_contracts(self) -> bool:
        """Whether the tests in Solidity can notice it."""
        return self.file.startswith("contracts/")

    def applied(self, text: str) -> str:
        """Return the file's text with the mutation.

        Raises:
            MutantError: When `old` is not there exactly once.
        """
        found = text.count(self.old)
        if found != 1:
            raise MutantError(f"{self.name}: {self.file} holds {self.old!r} {found} times, expected once")
        return text.replace(self.old, self.new)


def load(path: Path = MUTANTS) -> list[Mutant]:
    """Return all mutants of the list."""
    return [Mutant(**entry) for entry in tomllib.loads(path.read_text())["mutant"]]
