"""Breaks the project one line at a time, as `mutants.toml` says, and demands that a test notices each.

Every mutant runs in a scratch copy of the working tree, never in the tree. A broken contract meets the tests
in Solidity first, which take seconds; what they miss meets those that `mutants.toml` names. Exit status 1
when one survives, or cannot be tried, which counts as surviving: it shows nothing.
"""

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "mutants.toml"
TIME_LIMIT = 900  # Seconds; a mutant that loops for ever is noticed too.


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


def main() -> int:
    """Try the mutants named on the command line, or all; print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="try only mutants whose name or file has one of these")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--forge-only", action="store_true", help="contracts only, and no test in Python")
    options = parser.parse_args()
    chosen = [m for m in load() if not options.words or any(w in m.name + m.file for w in options.words)]
    if options.forge_only:
        chosen = [replace(m, tests=()) for m in chosen if m.in_contracts]
    survivors = sum(not caught for caught in try_all(chosen, options.workers))
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants were caught")
    return 1 if survivors or not chosen else 0


def try_all(mutants: Sequence[Mutant], workers: int) -> Iterator[str]:
    """Yield by what each mutant was caught; empty when by nothing."""
    with scratch_copies(min(workers, len(mutants))) as copies, ThreadPoolExecutor(workers) as pool:
        require_green(copies.queue[0], sorted({test for mutant in mutants for test in mutant.tests}))

        def attempt(mutant: Mutant) -> str:
            copy = copies.get()
            try:
                return try_one(mutant, copy)
            except MutantError as error:
                print(f"error: {error}", file=sys.stderr, flush=True)
                return ""
            finally:
                copies.put(copy)

        for mutant, caught in zip(mutants, pool.map(attempt, mutants), strict=True):
            print(f"{caught or 'SURVIVED':8}  {mutant.name}  ({mutant.file})", flush=True)
            yield caught


def require_green(copy: Path, tests: Sequence[str]) -> None:
    """Run the tests on the unbroken code: a test that fails anyway catches nothing.

    Raises:
        MutantError: When one fails.
    """
    outcomes = [run_forge(copy)]
    if tests:
        outcomes.append(run(copy, "test", *tests, "-x", "-q", "--tb=short"))
    for outcome in outcomes:
        if outcome.returncode != 0:
            raise MutantError(
                f"the tests fail without a mutant: {outcome.stdout[-3000:]}{outcome.stderr[-1000:]}"
            )


def try_one(mutant: Mutant, copy: Path) -> str:
    """Return by which tests the mutant is caught in this copy, which is put back; empty when by none."""
    file = copy / mutant.file
    original = file.read_text()
    file.write_text(mutant.applied(original))
    try:
        if mutant.in_contracts and fails(mutant, run_forge(copy, "/libraries/" in mutant.file)):
            return "forge"
        if mutant.file.endswith(".sol"):
            # Ape compiles the file that changed, and leaves those that import it as they were.
            (copy / ".build" / "__local__.json").unlink(missing_ok=True)
        if mutant.tests and fails(mutant, run(copy, "test", *mutant.tests, "-x", "-q", "--tb=line")):
            return "ape"
        return ""
    except subprocess.TimeoutExpired:
        return "time"
    finally:
        file.write_text(original)
        (copy / ".build" / "__local__.json").unlink(missing_ok=True)


def fails(mutant: Mutant, outcome: subprocess.CompletedProcess[str]) -> bool:
    """Return whether a test failed.

    Raises:
        MutantError: When the mutant does not compile, which is no catch.
    """
    output = outcome.stdout + outcome.stderr
    if any(words in output for words in ("CompilerError", "CompileError", "Compilation failed")):
        raise MutantError(f"{mutant.name} does not compile: {output[-2000:]}")
    return outcome.returncode != 0


def run_forge(copy: Path, with_bounds: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the tests in Solidity on a copy: `Reach` in place of campaigns; bounds are of the libraries."""
    command = [str(Path(sys.executable).with_name("forge")), "test", "--fail-fast"]
    command += ["--no-match-contract", "Invariants" if with_bounds else "Invariants|Bounds"]
    environment = {**os.environ, "FOUNDRY_PROFILE": "mutants"}
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT
    )


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Ape on a copy; the copy's own packages come before the tree's."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "APE_DATA_FOLDER": str(copy / ".ape"),
        "STATEFUL_BUDGET": "mutants",
    }
    command = [str(Path(sys.executable).with_name("ape")), *arguments]
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT
    )


@contextmanager
def scratch_copies(count: int) -> Iterator["queue.Queue[Path]"]:
    """Copies of the tracked files as they are in the working tree, compiled; removed at the end."""
    copies: queue.Queue[Path] = queue.Queue()
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for number in range(count):
            copy = Path(folder) / str(number)
            for name in filter(None, tracked.stdout.split("\0")):
                if (ROOT / name).is_file():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, copy / name)
            (copy / "node_modules").symlink_to(ROOT / "node_modules")
            (copy / ".venv").symlink_to(ROOT / ".venv")
            # The older pipeline compiles in a third of the time, and no test that runs here looks at gas.
            config = copy / "ape-config.yaml"
            quicker = config.read_text().replace("via_ir: true", "via_ir: false")
            # It makes longer code, which has to fit EIP-170 all the same.
            config.write_text(re.sub(r"optimization_runs: \d+", "optimization_runs: 1", quicker))
            copies.put(copy)
        yield copies


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MutantError as error:
        sys.exit(f"error: {error}")
