"""What is measured: runs that differ from a usual one in one thing at a time."""

from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from ml.data.splits import TEST_SHARE
from ml.settings import POLICIES, Policy
from offchain.settings import SimulationSettings

Engine = Literal["chain", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True)
class Case:
    """A run to be measured.

    Attributes:
        subject: What the case belongs to.
        clients: Members.
        rows: Rows of a client, its validation rows among them.
        committee: Voters; None for everyone who does not propose.
        proposer_bps: Share of members that propose, at most sixteen.
        hidden: Width of the perceptron's hidden layers.
        policy: What voters compute.
        test_rows: Test rows, at most, that score the global model.
        engine: Contracts on anvil, or the reference in memory.
        relay: Whether a relay sends in batches what clients sign.
        rounds: Rounds counted.
    """

    subject: str
    clients: int = 50
    rows: int = 500
    committee: int | None = None
    proposer_bps: int = 1000
    hidden: int = 128
    policy: Policy = "aggregate"
    test_rows: int = 20_000
    engine: Engine = "chain"
    relay: bool = False
    rounds: int = 10

    @property
    def settings(self) -> SimulationSettings:
        """The run's settings; nothing is learned beside it."""
        return SimulationSettings(
            clients=self.clients,
            task_options={
                "rows": round(self.clients * self.rows / (1 - TEST_SHARE)),
                "hidden": self.hidden,
            },
            voter_seats=self.committee,
            proposer_bps=self.proposer_bps,
            policy=self.policy,
            test_rows=self.test_rows,
            engine=self.engine,
            relay=self.relay,
            rounds=self.rounds + WARM_UP,
            baselines=False,
        )

    @property
    def key(self) -> str:
        """What names it among the measured ones."""
        return ", ".join(f"{name}={value}" for name, value in asdict(self).items())


WARM_UP = 2
"""Rounds that are not counted: storage slots are new, and libraries allocate."""

PAPER = [
    Case("paper's round", rows=rows, policy=policy, relay=relay)
    for rows in (500, 8000)
    for policy in POLICIES
    for relay in (False, True)
]
"""Fifty members, five of whom propose and forty-five vote: the paper's round."""

# Sixteen propose at every size, and as many rows test: only the members differ.
_MANY = Case("", rows=40, proposer_bps=3200, test_rows=500, relay=True, rounds=3)
MEMBERS = [
    replace(_MANY, subject=f"members, 45 vote, {engine}", clients=clients, committee=45, engine=engine)
    for engine in ENGINES
    for clients in (61, 200, 1000, 5000, 10_000)
]
EVERYONE = [
    # Above a thousand in memory: thousands of ballots would take the node most of a minute a round.
    replace(_MANY, subject="members, all vote", clients=clients, engine=ENGINES[clients > 1000])
    for clients in (61, 200, 1000, 5000, 10_000)
]
PROPOSERS = [
    Case("proposers", proposer_bps=bps, policy="verdict", relay=True, rounds=5)
    for bps in (200, 1000, 2000, 3200)
]
MODELS = [
    Case("model size", hidden=hidden, test_rows=2000, relay=True, rounds=rounds)
    for hidden, rounds in ((63, 5), (271, 5), (954, 5), (3116, 2))
]

QUICK = PAPER
FULL = [*PAPER, *PROPOSERS, *MODELS, *MEMBERS, *EVERYONE]
IN_TURN = [Case("paper's round", rows=rows, relay=relay) for rows in (500, 8000) for relay in (False, True)]
"""Judged by each policy in turn."""
