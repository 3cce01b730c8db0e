"""Processor time of judging a round by each policy, as ratios to `verdict`: `python -m tools.judging_speed`.

Every policy judges the same rounds of the built-in loans in turn. Of all threads together, so that other work
on the machine is not counted. Whole rounds, through contracts: `ape run bench --in-turn`.
"""

import argparse
from statistics import median
from time import process_time

from ml.data.splits import TEST_SHARE
from offchain.engines.deployment import Deployment
from offchain.settings import parse_settings
from offchain.simulation.baselines import everyones_proposers
from offchain.simulation.federation import Federation, all_rows

POLICIES = (
    "verdict",
    "aggregate",
    "likelihood",
    "evidence",
    "evidence-and-skill",
    "evidence-skill-and-relation",
    "evidence-beyond-noise",
    "evidence-and-contrast",
    "evidence-by-training",
    "evidence-and-leave-one-out",
)
CLIENTS, WARM_UP = 50, 2


def all_rows_of(rows: int) -> int:
    """Return how many rows there are in all where a client has so many."""
    return round(CLIENTS * rows / (1 - TEST_SHARE))


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


def main() -> None:
    """Print a table for each number of rows a client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 8000], help="Of a client.")
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
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
