"""What both engines share, so that they play the same game: accounts, addresses, seeds, rules, parameters."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import rlp
from eth_account import Account
from eth_utils.address import to_checksum_address
from numpy.typing import NDArray

from ml.canonical import digest, to_bytes
from ml.fixed_point import SCALE
from ml.hashing import keccak256
from ml.schema import Schema
from offchain.reference import Parameters, commitments
from offchain.settings import SimulationSettings, base_units

CHAIN_ID = 31_337
TOKEN_NONCE, SEED_SOURCE_NONCE, MANAGER_NONCE = 0, 1, 2
"""The deployer's first transactions: StakeToken, SimulatedSeed, RoundManager."""

PHASE_SECONDS = 60
ALL_OTHERS = 16_382
"""As `voterSeats`: whoever does not propose votes."""


@dataclass(frozen=True)
class Party:
    """A key of 32 bytes and its checksummed address."""

    key: bytes
    address: str

    @classmethod
    def of(cls, role: str, seed: int, index: int = 0) -> "Party":
        """Return the party with this role, of this run's seed and number; its key protects nothing."""
        key = keccak256(_tag(role) + seed.to_bytes(32) + index.to_bytes(32))
        return cls(key, Account.from_key(key).address)


@dataclass(frozen=True)
class Deployment:
    """Accounts and addresses of a run.

    Attributes:
        seed: The run's seed, of which all follows.
        size: Number of clients.
    """

    seed: int
    size: int

    @cached_property
    def deployer(self) -> Party:
        """Who deploys, holds the supply at first, and keeps the rounds going."""
        return Party.of("deployer", self.seed)

    @cached_property
    def clients(self) -> tuple[Party, ...]:
        """The clients by number."""
        return client_keys(self.seed, self.size)

    @cached_property
    def manager_address(self) -> str:
        """Where the round manager will stand; it is bound into commitments and seeds."""
        return created_address(self.deployer.address, MANAGER_NONCE)

    @cached_property
    def seed_salt(self) -> bytes:
        """The 32 bytes that SimulatedSeed is deployed with."""
        return keccak256(_tag("seed source") + self.seed.to_bytes(32))

    def commitment_salt(self, round_: int, client: int) -> bytes:
        """The 32 bytes that hide a client's update or ballot in a round."""
        return keccak256(_tag("commitment") + self.clients[client].key + round_.to_bytes(32))

    def round_seed(self, round_: int) -> int:
        """The 96-bit seed from which a round's seats follow."""
        value = commitments.simulated_seed(self.seed_salt, round_)
        return commitments.round_seed(CHAIN_ID, self.manager_address, round_, value)


def client_keys(seed: int, clients: int) -> tuple[Party, ...]:
    """Return the keys and addresses of all clients, by number."""
    return tuple(Party.of("client", seed, index) for index in range(clients))


def created_address(deployer: str, nonce: int) -> str:
    """Return the checksummed address of the contract that `deployer` creates with `nonce` (CREATE)."""
    return to_checksum_address(keccak256(rlp.encode([bytes.fromhex(deployer[2:]), nonce]))[12:])


def rules_digest(settings: SimulationSettings, schema: Schema, genesis: NDArray[np.int32]) -> bytes:
    """Return the 32 bytes that bind policy, metric, ε, schema, fixed-point scale and genesis model."""
    texts = (settings.policy, settings.metric, repr(settings.tolerance), str(SCALE))
    parts = [keccak256(text.encode()) for text in texts]
    return keccak256(_tag("rules") + b"".join(parts) + schema.digest + digest(to_bytes(genesis), schema))


def protocol_parameters(settings: SimulationSettings, rules: bytes) -> Parameters:
    """Return what the round manager is deployed with: the paper's values, without penalties or quorum."""
    return Parameters(
        proposer_stake=base_units(settings.proposer_stake),
        voter_stake=base_units(settings.voter_stake),
        bond=base_units(settings.initial_balance),
        absence_penalty=0,
        proposer_bps=settings.proposer_bps,
        voter_seats=settings.voter_seats or ALL_OTHERS,
        quorum_bps=0,
        max_strikes=0,
        max_samples=1,
        max_rounds=0,
        seed_delay=1,
        propose_for=PHASE_SECONDS,
        publish_for=PHASE_SECONDS,
        vote_for=PHASE_SECONDS,
        reveal_for=PHASE_SECONDS,
        unbonding=4 * PHASE_SECONDS,
        rules=rules,
    )


def _tag(name: str) -> bytes:
    return keccak256(f"StakeFed simulation {name}".encode())
