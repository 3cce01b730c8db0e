"""What voters of few rows can tell apart: honest and poisoned updates of the same rounds, judged by both."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ml.attacks.registry import load_attack
from ml.data.rows import joined, length, taken
from ml.data.splits import VALIDATION_SHARE, ClientData, FederatedData
from ml.errors import DataError
from ml.judging.calibration import lets_more_pass, values_needed
from ml.judging.detection import HONEST_REJECTED, detected, excluded
from ml.judging.evidence import Evidence
from ml.judging.judge import findings
from ml.judging.kinds import Contrast, Direction, Loss, Relation, Score, Size, UpdateTest
from ml.judging.policy import NAMED, Policy, tests_or_default
from ml.seeds import derive_seed
from ml.tasks.targets import Target, varies
from offchain.learning.common import Parameters
from offchain.settings import SimulationSettings
from offchain.simulation.adversary import Adversary
from offchain.simulation.cast import Cast
from offchain.simulation.federation import Federation

HONEST = "honest"
_SEATS = 12  # Under a run's seed.
_LEAST = 2  # Rows that a score of two outcomes needs.

Measured = NDArray[np.float64]
Refused = NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """One test, on the pairs of updates and voters of one kind and one number of rows.

    Attributes:
        rows: On which a voter judges.
        kind: The attack.
        test: With its step.
        rejected: Share of honest pairs that a threshold refuses, at most.
        detected: Share of poisoned pairs that it refuses.
    """

    rows: int
    kind: str
    test: str
    rejected: float
    detected: float


@dataclass(frozen=True)
class Rate:
    """What a policy refuses as it is set, of honest updates or of one kind of poisoned ones.

    Attributes:
        rows: On which a voter judges.
        kind: The attack, or `honest`.
        policy: Its tests of updates by themselves; no averages.
        updates: How many.
        refused: Share of the pairs of an update and a voter.
        excluded: Share of the updates that a majority of honest voters excludes.
        excluded_lied: The same where 40 % of the ballots say the opposite, whatever the rows say.
    """

    rows: int
    kind: str
    policy: str
    updates: int
    refused: float
    excluded: float
    excluded_lied: float


@dataclass(frozen=True)
class Detection:
    """Curves of tests and rates of policies."""

    curves: tuple[Curve, ...]
    rates: tuple[Rate, ...]


LYING = 0.4
"""Share of the ballots of `excluded_lied`."""


class _Seen:
    """What was found so far, by number of rows and kind."""

    def __init__(self, tests: Mapping[str, UpdateTest], policies: Mapping[str, Policy]) -> None:
        self.tests, self.policies = tests, policies
        self.values: dict[tuple[int, str, str], list[Measured]] = defaultdict(list)
        self.refused: dict[tuple[int, str, str], list[Refused]] = defaultdict(list)

    def see(self, rows: int, kind: str, evidence: Evidence, updates: Mapping[int, Parameters]) -> None:
        for name, test in self.tests.items():
            if not evidence.is_asked(test):
                continue
            self.values[rows, kind, name].append(values_needed(test, evidence).ravel())
        for name, policy in self.policies.items():
            found = findings(policy, evidence, updates, dict.fromkeys(updates, 1))
            refused = [[position not in each.accepted for each in found] for position in updates]
            self.refused[rows, kind, name].append(np.array(refused))

    def curves(self) -> Iterator[Curve]:
        for (rows, kind, name), poisoned in self.values.items():
            if kind != HONEST:
                honest = np.concatenate(self.values[rows, HONEST, name])
                upper = lets_more_pass(self.tests[name])
                for share in HONEST_REJECTED:
                    found = detected(honest, np.concatenate(poisoned), upper, share)
                    yield Curve(rows, kind, name, share, found)

    def rates(self) -> Iterator[Rate]:
        for (rows, kind, name), parts in self.refused.items():
            refused = np.concatenate(parts)
            yield Rate(
                rows=rows,
                kind=kind,
                policy=name,
                updates=len(refused),
                refused=float(refused.mean()),
                excluded=excluded(refused),
                excluded_lied=excluded(refused, LYING, lies=kind != HONEST),
            )


def detection(
    runs: Sequence[tuple[SimulationSettings, FederatedData]], kinds: Sequence[str], counts: Sequence[int]
) -> Detection:
    """Play rounds of honest learning; see what voters of few rows find of honest and of poisoned updates.

    The first half of the clients learns, a share `malicious` of it being a coalition whose updates are judged
    and never included; the other half only judges, on so many of its rows.

    Args:
        runs: Settings, of one task, and rows of each seed.
        kinds: Attacks by name.
        counts: Rows on which voters judge.

    Raises:
        DataError: When a client has fewer rows, or rows of one outcome.
        MLError: When there is no such attack, or it does not fit the task.
    """
    settings = runs[0][0]
    for kind in kinds:
        load_attack(kind, {})
    seen = _Seen(_tests(settings), _policies(settings))
    for run, data in runs:
        _play(run, data, kinds, counts, seen)
    return Detection(tuple(seen.curves()), tuple(seen.rates()))


def judging_rows(rows: ClientData, target: Target, count: int) -> ClientData:
    """Return a client with `count` of its rows, a fifth of them for validation, of two outcomes at least.

    Raises:
        DataError: When it has fewer, or all have one outcome.
    """
    X, y = joined([rows.X_validation, rows.X_train]), joined([rows.y_validation, rows.y_train])
    if length(y) < count or count < _LEAST:
        raise DataError(
            f"a client has {length(y)} rows and {count} are to judge; use fewer clients, or judge on "
            f"{_LEAST} to {length(y)}"
        )
    other = next((j for j in range(1, length(y)) if varies(target, taken(y, np.array([0, j])))), None)
    if other is None:
        raise DataError(f"the {length(y)} rows of a client have one outcome only; use fewer clients")
    first = [0, other]
    order = np.array([*first, *(j for j in range(length(y)) if j not in first)][:count])
    validation, train = np.split(order, [max(_LEAST, int(VALIDATION_SHARE * count))])
    return ClientData(taken(X, train), taken(y, train), taken(X, validation), taken(y, validation))


def _tests(settings: SimulationSettings) -> dict[str, UpdateTest]:
    policy = tests_or_default(settings.policy)
    return _named((*policy.updates, Score(step=1.0), Loss(step=1.0)))


def _policies(settings: SimulationSettings) -> dict[str, Policy]:
    """Tests of updates by themselves: an average of poisoned ones is no voter's business here."""
    alone = {"average": (), "leave_one_out": None}
    policy = tests_or_default(settings.policy)
    each = {f"{name} alone": Policy(updates=(test,)) for name, test in _named(policy.updates).items()}
    return {
        next((name for name, tests in NAMED.items() if tests == policy), "policy"): policy.model_copy(
            update=alone
        ),
        "verdict": Policy(updates=(Score(tolerance=settings.tolerance, step=1.0),)),
        "likelihood": NAMED["likelihood"].model_copy(update=alone),
        **each,
    }


def _named(tests: Sequence[UpdateTest]) -> dict[str, UpdateTest]:
    return {_name(test): test for test in tests}


def _name(test: UpdateTest) -> str:
    if isinstance(test, Direction):
        return f"direction, {test.layer} weights"
    if isinstance(test, Contrast):
        return f"{test.test}, {test.errors:g} errors"
    return test.test if isinstance(test, Size | Relation) else f"{test.test}, step {test.step:g}"


def _play(
    settings: SimulationSettings,
    data: FederatedData,
    kinds: Sequence[str],
    counts: Sequence[int],
    seen: _Seen,
) -> None:
    federation, policy = Federation(settings, data), tests_or_default(settings.policy)
    learners, judges = np.split(np.arange(settings.clients), [settings.clients // 2])
    bad, good = np.split(learners, [int(settings.malicious * len(learners) + 0.5)])
    cast = Cast(frozenset(int(client) for client in bad), frozenset())
    coalitions = {
        kind: Adversary(settings.model_copy(update={"attack": kind}), federation, cast) for kind in kinds
    }
    small = {
        count: _of_few(settings, data, [int(client) for client in judges], federation.target, count)
        for count in counts
    }
    model = federation.genesis
    for round_ in range(1, settings.rounds + 1):
        honest, seated = _seats(settings, good, bad, round_)
        sent = {HONEST: federation.train_from([model], honest, round_)}
        sent |= {kind: each.proposals([model], seated, round_) for kind, each in coalitions.items()}
        for count, few in small.items():
            for kind, updates in sent.items():
                placed = dict(enumerate(updates.values()))
                tested = policy.model_copy(update={"rows": count, "enough": count})
                seen.see(count, kind, few.evidence(tested, placed, model, range(len(judges))), placed)
        model = federation.average(sent[HONEST].values(), model)


def _seats(
    settings: SimulationSettings, good: NDArray[np.int64], bad: NDArray[np.int64], round_: int
) -> tuple[list[int], list[int]]:
    """Who proposes honestly in a round, and which two or so of the coalition."""
    generator = np.random.default_rng(derive_seed(settings.seed, _SEATS, round_))
    of_coalition = max(1, int(settings.malicious * settings.proposers + 0.5))
    honest = generator.permutation(good)[: max(1, settings.proposers - of_coalition)]
    seated = generator.permutation(bad)[:of_coalition]
    return [int(client) for client in honest], [int(client) for client in seated]


def _of_few(
    settings: SimulationSettings, data: FederatedData, judges: Sequence[int], target: Target, count: int
) -> Federation:
    clients = tuple(judging_rows(data.clients[client], target, count) for client in judges)
    return Federation(settings, replace(data, clients=clients))
