"""What tolerances founders' data bears: rounds in which everyone is honest, seen by a policy."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

import numpy as np
from pydantic import BaseModel, ConfigDict

from ml.data.splits import FederatedData
from ml.judging.calibration import (
    contrast_shown,
    least_rise,
    needed,
    sees_direction,
    tolerance_borne,
    warnings,
)
from ml.judging.constants import constant_loss
from ml.judging.evidence import Evidence
from ml.judging.policy import DEFAULT, Policy, listed_tests, name_of, tests_or_default
from offchain.engines.deployment import Deployment
from offchain.settings import SimulationSettings
from offchain.simulation.baselines import everyones_proposers
from offchain.simulation.federation import Federation

PASSING = 0.995
"""Share of honest pairs of update and voter that a tolerance should let pass."""

_YOUNG = 5  # Rounds in which a model has learned little that a flip could take back.


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TestBorne(_Part):
    """One test on honest updates: its setting now, the one that 99.5 % need, the share that it refuses."""

    test: str
    step: float | None
    setting: str
    now: float
    typical: float
    needed: float
    refused: float


class Calibration(_Part):
    """What clean rounds showed; losses in the task's own unit, for log-losses nats.

    Attributes:
        schema_version: Of this file.
        policy: Its name.
        rounds: Clean ones.
        pairs: Of an update and a voter.
        tests: Of the policy, each.
        shortened: Share of the updates that clients cut, having trained further than voters let them.
        knows: How much less than the best constant the last model loses on own rows, mean over clients; None
            where nobody knows the best constant.
        finds: The least rise of loss that a client's vote finds nine times in ten, median over clients.
        rows: On which a client judges, median.
        warnings: What founders should not overlook.
        recommended: The policy, with the tolerance of loss that 99.5 % of the honest pairs need where that is
            more. What bounds size and direction stays: it is what keeps attackers out.
    """

    schema_version: int = 1
    policy: str
    rounds: int
    pairs: int
    tests: tuple[TestBorne, ...]
    shortened: float
    knows: float | None
    finds: float
    rows: int
    warnings: tuple[str, ...]
    recommended: Policy

    @property
    def needs_more(self) -> bool:
        """Whether honest updates need a larger tolerance of loss than the policy has."""
        return any(each.test == "evidence" and each.now < self.recommended.budget for each in self.tests)


def calibrate(settings: SimulationSettings, data: FederatedData) -> Calibration:
    """Play rounds in which everyone is honest and all are included; see what a policy would refuse."""
    policy = tests_or_default(settings.policy)
    federation = Federation(settings.model_copy(update={"policy": policy}), data)
    evidence, shortened = zip(*_rounds(settings, federation, policy), strict=True)
    last = evidence[-1]
    knows = _knows(settings, data, last)
    rises = [
        least_rise(after - before)
        for tried in last.at(0.5)
        for after, before in zip(tried.losses, last.current.losses, strict=True)
    ]
    borne = tuple(_borne(policy, evidence))
    recommended = _recommended(policy, borne)
    shown = contrast_shown(policy, evidence[:_YOUNG])
    brings = None if sees_direction(policy, federation.schema) else _brings(borne)
    return Calibration(
        policy=name_of(settings.policy) if listed_tests(settings.policy) else DEFAULT,
        rounds=len(evidence),
        pairs=sum(len(of_round.positions) * len(of_round.voters) for of_round in evidence),
        tests=borne,
        shortened=float(np.mean(shortened)),
        knows=knows,
        finds=median(rises),
        rows=int(median(len(losses) for losses in last.current.losses)),
        warnings=tuple(warnings(recommended, knows, median(rises), brings, shown)),
        recommended=recommended,
    )


def _rounds(
    settings: SimulationSettings, federation: Federation, policy: Policy
) -> Iterator[tuple[Evidence, float]]:
    """What voters measure of each round's updates as they are sent, and the share that was cut short."""
    deployment, model = Deployment.of(settings, federation.rules), federation.genesis
    for round_ in range(1, settings.rounds + 1):
        proposers = everyones_proposers(deployment, round_)
        sent = federation.sent([model], proposers, round_).values()
        updates = [each.update for each in sent]
        voters = [client for client in range(settings.clients) if client not in proposers]
        evidence = federation.evidence(policy, dict(enumerate(updates)), model, voters)
        yield evidence, float(np.mean([each.shortened for each in sent]))
        model = federation.average(updates, model)


def _borne(policy: Policy, evidence: Sequence[Evidence]) -> Iterator[TestBorne]:
    for test in policy.updates:
        if not evidence[0].is_asked(test):
            continue
        found = needed(test, evidence)
        yield TestBorne(
            test=test.test,
            step=getattr(test, "step", None),
            setting=found.setting,
            now=getattr(test, found.setting),
            typical=float(np.median(found.values)),
            needed=found.that_passes(PASSING),
            refused=found.refused,
        )


def _brings(borne: Iterable[TestBorne]) -> float | None:
    """How much half of the honest pairs see a change lower the loss by, at least."""
    return next((-each.typical for each in borne if each.test == "evidence"), None)


def _recommended(policy: Policy, borne: Iterable[TestBorne]) -> Policy:
    needs = [each.needed for each in borne if each.test == "evidence"]
    tolerance = tolerance_borne(policy, max(needs)) if needs else None
    return policy if tolerance is None else policy.tolerating(tolerance)


def _knows(settings: SimulationSettings, data: FederatedData, last: Evidence) -> float | None:
    found = []
    for voter, losses in zip(last.voters, last.current.losses, strict=True):
        rows = data.clients[voter]
        constant = constant_loss(settings.loaded_task, rows.y_train, rows.y_validation)
        if constant is None:
            return None
        found.append(constant - losses[: len(rows.y_validation)].mean())
    return float(np.mean(found))
