"""What the mechanism costs: bytes for clients, bytes and gas for the chain (sections IV-G and V-C)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from offchain.engines.deployment import ALL_OTHERS
from offchain.reproduction.curves import deviation
from offchain.reproduction.items import cost_bytes as size
from offchain.reproduction.items.cost_gas import BLOCK_GAS, Means, Shape, call_means, round_mean
from offchain.reproduction.items.cost_report import PAPER_UPDATE, comparisons, figure, statements
from offchain.reproduction.result import Result
from offchain.reproduction.study import Study
from offchain.settings import SimulationSettings
from offchain.simulation.records import RoundRecord

Play = Callable[[SimulationSettings], Sequence[RoundRecord]]
"""From a run's settings to its rounds, played through the contracts."""

COMMITTEE = 45
"""The paper's: all of 50 clients but the five that propose."""

MEMBERS = (50, 1_000, 10_000)
PROPOSER_BPS = 1000
MANY_PROPOSERS_BPS = 3200
"""Makes sixteen of 50 clients propose, as many as of any membership above 154."""

SPLIT = 0.2
"""Share of voters that vote the opposite. Split votes cost more: every seat's settlement moves tokens."""


@dataclass(frozen=True)
class Plan:
    """How much is played: rounds of 50 clients, with 5 proposers and with 16, and of more to check them.

    Those are 155 at least, for sixteen of them to propose too; and all runs take more than two rounds.
    """

    rounds: int = 12
    sixteen_rounds: int = 6
    check_members: int = 200
    check_rounds: int = 4


PLAN = Plan()


@dataclass(frozen=True)
class _Measured:
    """The runs of every seed."""

    five: Sequence[Sequence[RoundRecord]]
    sixteen: Sequence[Sequence[RoundRecord]]
    check: Sequence[Sequence[RoundRecord]]


def runs(study: Study, plan: Plan = PLAN) -> list[SimulationSettings]:
    """Return the runs that `compute` plays."""
    return [settings for seed in range(study.seeds) for settings in _runs_of(study, seed, plan)]


def compute(study: Study, play: Play, plan: Plan = PLAN) -> Result:
    """Measure gas by call in short runs, and work out bytes and larger rounds.

    Tables: gas of a round by members and committee; `calls`, gas by call, of a round and of the whole run;
    `check`, a larger round measured beside what calls of smaller ones say; `bytes`, who sends, fetches and
    keeps how much a round. Means and sd are over seeds; but for whole runs the first two rounds are left out.
    """
    played = [[play(settings) for settings in _runs_of(study, seed, plan)] for seed in range(study.seeds)]
    measured = _Measured(*zip(*played, strict=True))
    update = size.update_bytes(_runs_of(study, 0, plan)[0])
    tables = {
        "": pd.DataFrame(_rounds(measured)),
        "calls": pd.DataFrame(_calls(measured)),
        "check": pd.DataFrame(_check(measured)),
        "bytes": pd.DataFrame(_bytes(_shape(measured.five[0]), update)),
    }
    return Result(tables, figure(tables), comparisons(tables), statements(tables))


def _runs_of(study: Study, seed: int, plan: Plan) -> tuple[SimulationSettings, ...]:
    common = dict(engine="chain", malicious_voters=SPLIT)
    many = dict(proposer_bps=MANY_PROPOSERS_BPS, rounds=plan.sixteen_rounds)
    more = dict(clients=plan.check_members, rounds=plan.check_rounds)
    return (
        study.run("V", seed, rounds=plan.rounds, **common),
        study.run("V", seed, **many, **common),
        study.run("V", seed, **more, **common),
    )


def _shape(records: Sequence[RoundRecord]) -> Shape:
    first = records[0]
    return Shape(len(first.balances), len(first.proposers), len(first.voters))


def _rounds(measured: _Measured) -> Iterator[dict[str, object]]:
    """Price rounds by the calls of runs with as many proposers; sixteen wherever there may be more."""
    for members in MEMBERS:
        for committee, cap in (("all others", ALL_OTHERS), (str(COMMITTEE), COMMITTEE)):
            shape = Shape.of(members, PROPOSER_BPS, cap)
            same = shape.proposers == _shape(measured.five[0]).proposers
            means = [call_means(records) for records in (measured.five if same else measured.sixteen)]
            gas = np.array([shape.gas(mean) for mean in means])
            yield dict(
                members=members,
                committee=committee,
                proposers=shape.proposers,
                voters=shape.voters,
                transactions=sum(shape.transactions.values()),
                mean=gas.mean(),
                sd=float(deviation(gas)),
                blocks=gas.mean() / BLOCK_GAS,
                calldata=size.calldata_bytes(shape),
            )


def _calls(measured: _Measured) -> Iterator[dict[str, object]]:
    for of_seeds in (measured.five, measured.sixteen, measured.check):
        shape = _shape(of_seeds[0])
        means = [call_means(records) for records in of_seeds]
        where = dict(members=shape.members, proposers=shape.proposers, voters=shape.voters)
        for call, count in shape.transactions.items():
            gas = np.array([mean[call] for mean in means])
            yield dict(**where, call=call, transactions=count, mean=gas.mean(), sd=float(deviation(gas)))
        whole = np.array([round_mean(records) for records in of_seeds])
        count = sum(shape.transactions.values())
        yield dict(**where, call="round", transactions=count, mean=whole.mean(), sd=float(deviation(whole)))
        total = np.array([sum(record.gas_total for record in records) for records in of_seeds])
        sent = np.mean([sum(record.transactions for record in records) for records in of_seeds])
        name = f"all {len(of_seeds[0])} rounds"
        yield dict(**where, call=name, transactions=sent, mean=total.mean(), sd=float(deviation(total)))


def _check(measured: _Measured) -> Iterator[dict[str, object]]:
    shape = _shape(measured.check[0])
    means: list[Means] = [call_means(records) for records in measured.sixteen]
    predicted = np.array([shape.gas(mean) for mean in means])
    found = np.array([round_mean(records) for records in measured.check])
    yield dict(
        members=shape.members,
        proposers=shape.proposers,
        voters=shape.voters,
        predicted=predicted.mean(),
        predicted_sd=float(deviation(predicted)),
        measured=found.mean(),
        measured_sd=float(deviation(found)),
        relative=found.mean() / predicted.mean() - 1,
    )


def _bytes(shape: Shape, update: int) -> Iterator[dict[str, object]]:
    """List bytes a round, for this study's model and for one as large as the paper's."""
    for model, of_update in (("ours", update), ("the paper's", PAPER_UPDATE)):
        p, v = shape.proposers, shape.voters
        amounts = {
            "an update": of_update,
            "a proposer sends": of_update,
            "a proposer fetches the others' updates": (p - 1) * of_update,
            "a voter fetches all updates": p * of_update,
            "all proposers send": p * of_update,
            "all voters fetch": v * p * of_update,
            "the chain is given, arguments of all calls": size.calldata_bytes(shape),
            "the chain writes over, at most": size.state_bytes(shape),
            "the chain keeps for ever": size.WORD * size.RECORD_WORDS,
            "the chain keeps for each member, whatever the round": size.WORD * size.MEMBER_WORDS,
        }
        for what, amount in amounts.items():
            yield dict(model=model, what=what, bytes=amount)
