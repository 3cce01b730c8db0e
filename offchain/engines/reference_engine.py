"""The game in memory: the reference protocol with a clock that jumps, and no chain."""

from collections.abc import Mapping

from ml.updates.hashing import keccak256
from offchain.engines.deployment import CHAIN_ID, Deployment
from offchain.engines.engine import RoundOutcome, Seating
from offchain.reference import Protocol
from offchain.reference.state import REMOVED


class ReferenceEngine:
    """An `Engine` on `offchain.reference.Protocol`; every outcome is the chain's, to the base unit."""

    def __init__(self, deployment: Deployment) -> None:
        """Prepare a deployment with the same keys, parameters and seeds as a chain engine's."""
        self._deployment = deployment
        self._addresses = deployment.addresses
        self._numbers = {address: number for number, address in enumerate(self._addresses)}
        self._protocol = Protocol(deployment.parameters, CHAIN_ID, deployment.manager)
        self._seating = Seating(0, (), (), frozenset())
        self._acted: frozenset[int] = frozenset()

    def start(self) -> None:
        """Fund every client with its initial balance and make it a member, in the order of their numbers."""
        self._protocol.now = 1
        for address in self._addresses:
            self._protocol.deposit(address, self._deployment.initial_balance)
        for address in self._addresses:
            self._protocol.join(address)
        if self._deployment.budget:
            self._protocol.fund(self._addresses[0], self._deployment.budget)

    def open_round(self) -> Seating:
        """Open the next round and draw its seats."""
        protocol, parameters = self._protocol, self._deployment.parameters
        protocol.now = max(protocol.now, protocol.head.drawn_at + parameters.interval)
        protocol.open_round()
        protocol.block += parameters.seed_delay + 1
        protocol.draw(self._deployment.seed_value(protocol.head.round))
        proposers, voters = (tuple(self._numbers[a] for a in seats) for seats in protocol.seats())
        unable = {c for c in proposers if self._balance(c) < parameters.proposer_stake}
        unable |= {c for c in voters if self._balance(c) < parameters.voter_stake}
        self._seating = Seating(protocol.head.round, proposers, voters, frozenset(unable))
        return self._seating

    def submit_updates(self, updates: Mapping[int, tuple[bytes, int]]) -> None:
        """Commit, then publish, each proposer's (Merkle root, sample count)."""
        protocol = self._protocol
        for client, (root, samples) in updates.items():
            address, salt = self._addresses[client], self._salt(client, b"update")
            protocol.propose(address, protocol.update_commitment(address, root, samples, salt))
        self._acted = frozenset(updates)
        self._pass(self._seating.proposers, self._deployment.parameters.propose_for)
        for client, (root, samples) in updates.items():
            protocol.publish(self._addresses[client], root, samples, self._salt(client, b"update"))

    def submit_ballots(self, ballots: Mapping[int, int]) -> None:
        """Commit, then reveal, each voter's ballot."""
        protocol, p = self._protocol, self._deployment.parameters
        for client, ballot in ballots.items():
            address, salt = self._addresses[client], self._salt(client, b"ballot")
            protocol.commit_ballot(address, protocol.ballot_commitment(address, ballot, salt))
        self._acted |= frozenset(ballots)
        self._pass(self._seating.voters, p.propose_for + p.publish_for + p.vote_for)
        for client, ballot in ballots.items():
            protocol.reveal_ballot(self._addresses[client], ballot, self._salt(client, b"ballot"))

    def close_round(self) -> RoundOutcome:
        """Let the deadlines of idle seats pass, mark them absent, finalise."""
        protocol = self._protocol
        removed = self._mark_absent()
        protocol.finalise()
        outcome = protocol.records[self._seating.round].outcome
        assert outcome is not None
        return RoundOutcome(
            included=outcome.included,
            void=outcome.void,
            model=protocol.model,
            removed=tuple(removed),
            balances=tuple(self._balance(client) for client in range(len(self._addresses))),
            reward_pool=protocol.reward_pool,
            budget=protocol.budget,
        )

    def close(self) -> None:
        """Release nothing: all is in memory."""

    def _pass(self, seated: tuple[int, ...], seconds: int) -> None:
        # Only idle seats are waited for: a phase in which everyone acted is over.
        if self._idle(seated):
            self._protocol.now = max(self._protocol.now, self._protocol.head.drawn_at + seconds)

    def _mark_absent(self) -> list[int]:
        idle = self._idle(self._seating.proposers)
        if self._protocol.head.published:
            idle += self._idle(self._seating.voters)
        for client in idle:
            self._protocol.mark_absent(self._addresses[client])
        return [c for c in idle if self._protocol.clients[self._addresses[c]].place == REMOVED]

    def _idle(self, seated: tuple[int, ...]) -> list[int]:
        return [client for client in seated if client not in self._acted]

    def _balance(self, client: int) -> int:
        return self._protocol.balance_of(self._addresses[client])

    def _salt(self, client: int, kind: bytes) -> bytes:
        return keccak256(self._deployment.client_keys[client] + kind + self._seating.round.to_bytes(32))
