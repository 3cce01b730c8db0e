"""What both engines share, so that they play the same game: keys, addresses, seeds, rules, parameters."""

from dataclasses import dataclass
from functools import cached_property

from ml.updates.hashing import keccak256
from offchain.chain.gateway import create_address
from offchain.chain.signing import Signer
from offchain.reference import Parameters, commitments
from offchain.settings import SimulationSettings, base_units

CHAIN_ID = 31_337
MANAGER_NONCE = 2
"""The deployer's third transaction: StakeToken, SimulatedSeed, RoundManager."""

PHASE_SECONDS = 3600
ALL_OTHERS = 16_382
"""As `voterSeats`: whoever does not propose votes."""


@dataclass(frozen=True)
class Deployment:
    """Who plays for how much under which parameters; addresses are lower-case hex.

    Attributes:
        deployer_key: 32 bytes; the keeper's key too.
        client_keys: 32 bytes each, by client number.
        seed_salt: The 32 bytes that SimulatedSeed is deployed with.
        initial_balance: Every client's tokens at the start, base units.
        parameters: The round manager's.
        budget: Of which attendance is rewarded, base units at the start.
        relay: Whether clients sign and a relay sends, in place of their own transactions.
    """

    deployer_key: bytes
    client_keys: tuple[bytes, ...]
    seed_salt: bytes
    initial_balance: int
    parameters: Parameters
    budget: int = 0
    relay: bool = False

    @classmethod
    def of(cls, settings: SimulationSettings, rules: bytes) -> "Deployment":
        """Return the deployment of a run; all follows from its settings and the digest of its rules."""
        return cls(
            deployer_key=_derived("deployer", settings.seed),
            client_keys=client_keys(settings.seed, settings.clients),
            seed_salt=_derived("seed source", settings.seed),
            initial_balance=base_units(settings.initial_balance),
            parameters=protocol_parameters(settings, rules),
            budget=base_units(settings.budget),
            relay=settings.relay,
        )

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The clients' addresses, by number."""
        return tuple(Signer(key).address for key in self.client_keys)

    @cached_property
    def manager(self) -> str:
        """Where the round manager will stand: its address is bound into commitments and seeds."""
        return create_address(Signer(self.deployer_key).address, MANAGER_NONCE)

    def seed_value(self, round_: int) -> bytes:
        """The 32 bytes that SimulatedSeed answers for a round."""
        return commitments.simulated_seed(self.seed_salt, round_)

    def round_seed(self, round_: int) -> int:
        """The 96-bit seed from which a round's seats follow."""
        return commitments.round_seed(CHAIN_ID, self.manager, round_, self.seed_value(round_))


def client_keys(seed: int, clients: int) -> tuple[bytes, ...]:
    """Return the private keys of all clients, 32 bytes each, by number; they protect nothing."""
    return tuple(_derived("client", seed, index) for index in range(clients))


def protocol_parameters(settings: SimulationSettings, rules: bytes) -> Parameters:
    """Return what the round manager is deployed with: the paper's values, without penalties or quorum."""
    return Parameters(
        proposer_stake=base_units(settings.proposer_stake),
        voter_stake=base_units(settings.voter_stake),
        bond=base_units(settings.initial_balance),
        absence_penalty=0,
        proposer_reward=base_units(settings.proposer_reward),
        voter_reward=base_units(settings.voter_reward),
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
        interval=4 * PHASE_SECONDS if settings.proposer_reward or settings.voter_reward else 0,
        unbonding=4 * PHASE_SECONDS,
        rules=rules,
    )


def _derived(role: str, seed: int, index: int = 0) -> bytes:
    return keccak256(_tag(role) + seed.to_bytes(32) + index.to_bytes(32))


def _tag(name: str) -> bytes:
    return keccak256(f"StakeFed simulation {name}".encode())
