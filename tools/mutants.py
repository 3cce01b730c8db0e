"""Breaks the project one line at a time, as `mutants.toml` says, and demands that a test notices each.

Every mutant runs in a scratch copy of the working tree, never in the tree. First it meets the test that
noticed it before, then the rest: a broken contract the tests in Solidity, which take seconds, then those that
`mutants.toml` names. Exit status 1 when one survives, or cannot be tried, which counts as surviving: it shows
nothing. What came of each is kept in a table and not tried again until its files change.
"""

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.mutant_list import ROOT, Mutant, MutantError, load  # noqa: E402
from tools.mutant_outcomes import Outcome, Outcomes  # noqa: E402

OUTCOMES = ROOT / "docs" / "results" / "mutants.csv"
_QUIET = ("-x", "-q", "--tb=line")
TIME_LIMIT = 900  # Seconds; a mutant that loops for ever is noticed too.


def main() -> int:
    """Try the mutants named on the command line, or all; print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="try only mutants whose name or file has one of these")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--forge-only", action="store_true", help="contracts only, no test in Python; keeps nothing"
    )
    parser.add_argument("--anew", action="store_true", help="try those again whose outcome is kept")
    parser.add_argument(
        "--green", action="store_true", help="the tests have just passed on the unbroken code"
    )
    parser.add_argument("--summary", action="store_true", help="say what is kept, and try nothing")
    options = parser.parse_args()
    outcomes = Outcomes(OUTCOMES, ROOT, load())
    if options.summary:
        print(outcomes.summary())
        return 0
    chosen = [m for m in load() if not options.words or any(w in m.name + m.file for w in options.words)]
    if options.forge_only:
        alone = [replace(m, tests=()) for m in chosen if m.in_contracts]
        return told(try_all(alone, options.workers, options.green), len(alone))
    left = [mutant for mutant in chosen if options.anew or not (known := outcomes.of(mutant)) or not known.by]
    print(f"{len(chosen) - len(left)} of {len(chosen)} mutants were caught before", flush=True)
    return told(try_all(left, options.workers, options.green, outcomes), len(left))


def told(caught: Iterator[Outcome], tried: int) -> int:
    """Say how many of those tried were caught, and return the exit status."""
    survivors = sum(not outcome.by for outcome in caught)
    print(f"{tried - survivors} of {tried} mutants were caught")
    return 1 if survivors else 0


def try_all(
    mutants: Sequence[Mutant], workers: int, green: bool, outcomes: Outcomes | None = None
) -> Iterator[Outcome]:
    """Yield by what each mutant was caught, as they come; those that were tried are kept in `outcomes`."""
    if not mutants:
        return
    with scratch_copies(min(workers, len(mutants))) as copies, ThreadPoolExecutor(workers) as pool:
        if not green:
            require_green(copies.queue[0], sorted({test for mutant in mutants for test in mutant.tests}))

        def attempt(mutant: Mutant) -> Outcome:
            copy = copies.get()
            try:
                outcome = try_one(mutant, copy, outcomes.before(mutant) if outcomes else Outcome(""))
            except MutantError as error:
                print(f"error: {error}", file=sys.stderr, flush=True)
                return Outcome("")
            finally:
                copies.put(copy)
            if outcomes:
                outcomes.add(mutant, outcome)
            return outcome

        trying = {pool.submit(attempt, mutant): mutant for mutant in mutants}
        for future in as_completed(trying):
            mutant, outcome = trying[future], future.result()
            print(f"{outcome.by or 'SURVIVED':8}  {mutant.name}  ({mutant.file})  {outcome.test}", flush=True)
            yield outcome


def require_green(copy: Path, tests: Sequence[str]) -> None:
    """Run the tests on the unbroken code: a test that fails anyway catches nothing.

    Raises:
        MutantError: When one fails.
    """
    outcomes = [run_forge(copy, "--no-match-contract", "Invariants")]
    if tests:
        outcomes.append(run(copy, "test", *tests, *_QUIET))
    for outcome in outcomes:
        if outcome.returncode != 0:
            raise MutantError(
                f"the tests fail without a mutant: {outcome.stdout[-3000:]}{outcome.stderr[-1000:]}"
            )


def try_one(mutant: Mutant, copy: Path, before: Outcome) -> Outcome:
    """Return by which tests the mutant is caught in this copy, which is put back; empty when by none."""
    with broken(mutant, copy):
        try:
            return before if noticed(mutant, copy, before) else caught(mutant, copy)
        except subprocess.TimeoutExpired:
            return Outcome("time")


@contextmanager
def broken(mutant: Mutant, copy: Path) -> Iterator[None]:
    """The mutant's file with its line broken, until the end."""
    file = copy / mutant.file
    original = file.read_text()
    try:
        write(file, mutant.applied(original), copy)
        yield
    finally:
        write(file, original, copy)


def write(file: Path, text: str, copy: Path) -> None:
    """Write a source; Ape compiles what changed, and would leave those that import it as they were."""
    file.write_text(text)
    if file.suffix == ".sol":
        (copy / ".build" / "__local__.json").unlink(missing_ok=True)


def noticed(mutant: Mutant, copy: Path, before: Outcome) -> bool:
    """Return whether the test that noticed before fails again; not when there was none, or it is gone."""
    if not before.test:
        return False
    if before.by == "forge":
        met = run_forge(copy, "--match-test", rf"^{before.test}\(")
        return fails(mutant, met) and bool(first_of_forge(met))
    met = run(copy, "test", before.test, *_QUIET)
    return fails(mutant, met) and bool(first_of_ape(met))


def caught(mutant: Mutant, copy: Path) -> Outcome:
    """Return by which of all its tests the mutant is caught."""
    bounds = "Invariants" if "/libraries/" in mutant.file else "Invariants|Bounds"
    if mutant.in_contracts and fails(mutant, met := run_forge(copy, "--no-match-contract", bounds)):
        return Outcome("forge", first_of_forge(met))
    if mutant.tests and fails(mutant, met := run(copy, "test", *mutant.tests, *_QUIET)):
        return Outcome("ape", first_of_ape(met))
    return Outcome("")


def first_of_forge(outcome: subprocess.CompletedProcess[str]) -> str:
    """The name of the test in Solidity that failed first; empty when none did."""
    return first(r"\[FAIL[^\n]*\] (\w+)\(", outcome)


def first_of_ape(outcome: subprocess.CompletedProcess[str]) -> str:
    """The name of the test in Python that failed first; empty when none did."""
    return first(r"^(?:FAILED|ERROR) (\S+)", outcome)


def first(pattern: str, outcome: subprocess.CompletedProcess[str]) -> str:
    """The name of the test that failed first, as a pattern finds it in what the run printed."""
    found = re.search(pattern, outcome.stdout, re.MULTILINE)
    return found.group(1) if found else ""


def fails(mutant: Mutant, outcome: subprocess.CompletedProcess[str]) -> bool:
    """Return whether a test failed.

    Raises:
        MutantError: When the mutant does not compile, which is no catch.
    """
    output = outcome.stdout + outcome.stderr
    if any(words in output for words in ("CompilerError", "CompileError", "Compilation failed")):
        raise MutantError(f"{mutant.name} does not compile: {output[-2000:]}")
    return outcome.returncode != 0


def run_forge(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests in Solidity on a copy: `Reach` in place of campaigns; bounds are of the libraries."""
    command = [str(Path(sys.executable).with_name("forge")), "test", "--fail-fast", *arguments]
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
