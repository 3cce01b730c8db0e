"""What came of each mutant, kept in a table: a run that is broken off goes on, people read what noticed what.

An outcome holds for the file that was broken and the test that noticed: their digest is kept with it. For a
contract these are all contracts, Foundry's profile of that name with the default that it stands on and,
where a test in Solidity noticed, its file with all that it imports; for the rest the file itself and the
tests that `mutants.toml` names. What else those stand on is left out: the whole list is tried `--anew` at
times.
"""

import csv
import hashlib
import os
import posixpath
import re
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutant_list import Mutant

_COLUMNS = ("mutant", "file", "caught by", "first test", "digest")
_FOUNDRY, _PROFILES = "foundry.toml", ("default", "mutants")
_OF_CONTRACTS = ("contracts", _FOUNDRY)
_SOLIDITY_TESTS = "tests/forge"
_IMPORTED = re.compile(rb'^import [^"]*"(\.[^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """By what a mutant was caught, `forge`, `ape` or `time`, and the first test that failed."""

    by: str  # Empty when it survived.
    test: str = ""


Sources = Mapping[str, bytes]
"""Contents by path from the project's folder."""


def digest(sources: Sources, mutant: Mutant, outcome: Outcome) -> str:
    """Sixteen hexadecimal digits of SHA-256 over a mutant and the files that its outcome holds for."""
    total = hashlib.sha256(repr((mutant.file, mutant.old, mutant.new, *mutant.tests)).encode())
    for name in sorted(_stands_on(sources, mutant, outcome)):
        total.update(repr((name, hashlib.sha256(sources[name]).digest())).encode())
    return total.hexdigest()[:16]


def _stands_on(sources: Sources, mutant: Mutant, outcome: Outcome) -> set[str]:
    parts = (*_OF_CONTRACTS, *mutant.tests) if mutant.in_contracts else (mutant.file, *mutant.tests)
    files = _below(sources, parts)
    if not mutant.in_contracts or outcome.by == "ape":
        return files
    tests = _below(sources, (_SOLIDITY_TESTS,))
    noticed = {name for name in tests if f"function {outcome.test}(".encode() in sources[name]}
    return files | (_with_imports(sources, noticed) & tests if noticed else tests)


def _below(sources: Sources, parts: Sequence[str]) -> set[str]:
    """Files that are, or lie in, one of `parts`."""
    return {name for name in sources for part in parts if name == part or name.startswith(f"{part}/")}


def _with_imports(sources: Sources, names: set[str]) -> set[str]:
    """Files, what they import, and what that imports."""
    found: set[str] = set()
    while new := (names & sources.keys()) - found:
        found |= new
        names = {
            posixpath.normpath(posixpath.join(posixpath.dirname(name), imported.decode()))
            for name in new
            for imported in _IMPORTED.findall(sources[name])
        }
    return found


def _read(root: Path, mutants: Sequence[Mutant]) -> Sources:
    """What outcomes may hold for, as it is now: what is edited during a run was not tried."""
    parts = {_SOLIDITY_TESTS, *_OF_CONTRACTS, *(part for m in mutants for part in (m.file, *m.tests))}
    files = {file for part in parts for file in _files(root / part)}
    sources = {file.relative_to(root).as_posix(): file.read_bytes() for file in files}
    if _FOUNDRY in sources:
        sources[_FOUNDRY] = _tried_with(sources[_FOUNDRY])
    return sources


def _tried_with(settings: bytes) -> bytes:
    """Of Foundry's settings those that mutants are tried with."""
    profiles = tomllib.loads(settings.decode())["profile"]
    return repr([profiles.get(name) for name in _PROFILES]).encode()


def _files(path: Path) -> Iterator[Path]:
    """Sources at or below a path; compiled copies, in folders with a dot, are none."""
    if path.is_file():
        yield path
    for file in path.rglob("*"):
        hidden = any(part.startswith((".", "__")) for part in file.relative_to(path).parts)
        if file.is_file() and not hidden:
            yield file


class Outcomes:
    """The outcomes in a table at `path`, of the mutants of `root`; written whole after each that is added."""

    def __init__(self, path: Path, root: Path, mutants: Sequence[Mutant]) -> None:
        self._path, self._sources, self._mutants = path, _read(root, mutants), mutants
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[Outcome, str]] = {}
        if path.exists():
            with path.open(newline="") as file:
                self._rows = {
                    row["mutant"]: (Outcome(row["caught by"], row["first test"]), row["digest"])
                    for row in csv.DictReader(file)
                }

    def of(self, mutant: Mutant) -> Outcome | None:
        """The outcome that holds now; None when there is none, or its files have changed since."""
        outcome, of = self._rows.get(mutant.name, (None, ""))
        return outcome if outcome and of == digest(self._sources, mutant, outcome) else None

    def before(self, mutant: Mutant) -> Outcome:
        """The outcome that was kept last, whether or not it holds still; empty when there is none."""
        return self._rows.get(mutant.name, (Outcome(""), ""))[0]

    def add(self, mutant: Mutant, outcome: Outcome) -> None:
        """Keep an outcome; the table has the order of the list, and nothing that is not in the list."""
        with self._lock:
            self._rows[mutant.name] = outcome, digest(self._sources, mutant, outcome)
            partial = self._path.with_suffix(".part")
            with partial.open("w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(_COLUMNS)
                for known in (mutant for mutant in self._mutants if mutant.name in self._rows):
                    kept, of = self._rows[known.name]
                    writer.writerow((known.name, known.file, kept.by, kept.test, of))
            os.replace(partial, self._path)

    def rows(self) -> list[tuple[str, str]]:
        """The file of each mutant in the table, and by what it was caught."""
        files = {mutant.name: mutant.file for mutant in self._mutants}
        return [(files[name], outcome.by) for name, (outcome, _) in self._rows.items() if name in files]

    def summary(self) -> str:
        """How many were caught by what, of contracts and of the rest; an old outcome is none."""
        return "\n".join(
            f"{what}: {self._counted([m for m in self._mutants if m.in_contracts is contracts])}"
            for what, contracts in (("contracts", True), ("Python", False))
        )

    def _counted(self, mutants: Sequence[Mutant]) -> str:
        outcomes = [self.of(mutant) for mutant in mutants]
        counts = Counter("untried" if known is None else known.by or "survived" for known in outcomes)
        return f"{len(mutants)} mutants, " + ", ".join(f"{counts[by]} {by}" for by in sorted(counts))
