"""Processor time of judging a round by each policy, as ratios to `verdict`: `python -m tools.judging_speed`.

Every policy judges the same rounds of the built-in loans in turn. Of all threads together, so that other work
on the machine is not counted. `--whole` plays runs through contracts instead and counts all their processes,
anvil among them.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from ml.data.shares import TEST_SHARE
from offchain.engines.deployment import Deployment
from offchain.settings import parse_settings
from offchain.simulation.baselines import everyones_proposers
from offchain.simulation.federation import Federation, all_rows

POLICIES = ("verdict", "aggregate", "likelihood", "evidence", "evidence-and-leave-one-out")
CLIENTS, WARM_UP = 50, 2
APE = (str(Path(sys.executable).with_name("ape")), "run", "simulate", "--network", "foundry")


def all_rows_of(rows: int) -> int:
    """Return how many rows there are in all where a client has so many."""
    return round(CLIENTS * rows / (1 - TEST_SHARE))


def whole_round(policy: str, rows: int, rounds: int) -> float:
    """Return the processor seconds of a round through contracts, baselines left out."""
    return (_run(policy, rows, WARM_UP + rounds) - _run(policy, rows, WARM_UP)) / rounds


def _run(policy: str, rows: int, rounds: int) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    with TemporaryDirectory() as folder:
        settings = Path(folder, "settings.yaml")
        settings.write_text(f"policy: {policy}\nrounds: {rounds}\nmalicious: 0\nbaselines: false\n")
        options = ("--task-option", f"rows={all_rows_of(rows)}", "--out", str(Path(folder, "run")))
        subprocess.run([*APE, "--settings", str(settings), *options], check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rows: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the seconds of judging, and of a whole round's learning, by policy; medians over rounds."""
    options = {"rows": all_rows_of(rows)}
    settings = parse_settings({"clients": CLIENTS, "task_options": options, "baselines": False})
    data = all_rows(settings)
    # One for each: they keep what they found of recent models.
    federations = {policy: Federation(settings, data) for policy in POLICIES}
    federation = federations["verdict"]
    deployment, model = Deployment.of(settings, federation.rules), federation.genesis
    judging: dict[str, list[float]] = {policy: [] for policy in POLICIES}
    learning = []
    for round_ in range(1, WARM_UP + rounds + 1):
        proposers = everyones_proposers(deployment, round_)
        voters = [client for client in range(CLIENTS) if client not in proposers]
        started = process_time()
        updates = dict(enumerate(federation.train(model, proposers, round_).values()))
        learned = process_time() - started
        for policy in POLICIES:
            started = process_time()
            federations[policy].findings(policy, updates, [model], voters)
            judging[policy].append(process_time() - started)
        started = process_time()
        model = federation.average(list(updates.values()), model)
        federation.quality(model)
        learning.append(learned + process_time() - started)
    rest = median(learning[WARM_UP:])
    found = {policy: median(seconds[WARM_UP:]) for policy, seconds in judging.items()}
    return {policy: (seconds, seconds + rest) for policy, seconds in found.items()}


def print_whole(sizes: list[int], rounds: int) -> None:
    """Print what whole rounds cost, for each number of rows a client."""
    print("| rows a client | `verdict`, ms | `evidence`, ms | × |")
    print("|---|---|---|---|")
    _run("verdict", sizes[0], 1)  # Contracts may have to be compiled, which is no round's.
    for rows in sizes:
        former, ours = (whole_round(policy, rows, rounds) for policy in ("verdict", "evidence"))
        print(f"| {rows:,} | {1000 * former:.0f} | {1000 * ours:.0f} | {ours / former:.1f} |", flush=True)


def main() -> None:
    """Print a table for each number of rows a client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 8000], help="Of a client.")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--whole", action="store_true", help="Whole rounds, of `verdict` and `evidence`.")
    asked = parser.parse_args()
    if asked.whole:
        print_whole(asked.rows, asked.rounds)
        return
    print("| rows a client | policy | judging, ms | × verdict | learning of a round, ms | × verdict |")
    print("|---|---|---|---|---|---|")
    for rows in asked.rows:
        found = measure(rows, asked.rounds)
        judged, whole = found["verdict"]
        for policy, (seconds, all_of_it) in found.items():
            times = f"{1000 * seconds:.0f} | {seconds / judged:.1f}"
            print(f"| {rows:,} | `{policy}` | {times} | {1000 * all_of_it:.0f} | {all_of_it / whole:.1f} |")


if __name__ == "__main__":
    main()
