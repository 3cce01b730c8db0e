"""How what clients commit to and open reaches the manager: sent by each, or signed and relayed in batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from offchain.chain import intents
from offchain.chain.gateway import Call, Deployed
from offchain.chain.signing import Signer

ENTRIES = 200
"""Entries of a batch: at 32k gas, the dearest, well below what a transaction may use (EIP-7825)."""
ENTRY_GAS = 60_000
"""Of one on a local chain, with room; `Desk` asks the chain."""

UpdateOpening = tuple[bytes, int, bytes]
"""Merkle root, sample count, salt."""
BallotOpening = tuple[int, bytes]
"""Ballot, salt."""


class Submission(Protocol):
    """The calls that carry what clients, by number, commit to and open in a round."""

    def propose(self, round_: int, commitments: Mapping[int, bytes]) -> list[Call]:
        """Commit to updates."""

    def publish(self, openings: Mapping[int, UpdateOpening]) -> list[Call]:
        """Open commitments to updates."""

    def commit_ballots(self, round_: int, commitments: Mapping[int, bytes]) -> list[Call]:
        """Commit to ballots."""

    def reveal_ballots(self, openings: Mapping[int, BallotOpening]) -> list[Call]:
        """Open commitments to ballots."""


@dataclass(frozen=True)
class Direct:
    """Every client sends, and pays for, its own calls."""

    manager: Deployed
    clients: Sequence[Signer]

    def propose(self, round_: int, commitments: Mapping[int, bytes]) -> list[Call]:
        """Commit to updates."""
        return [self._call(client, "propose", digest) for client, digest in commitments.items()]

    def publish(self, openings: Mapping[int, UpdateOpening]) -> list[Call]:
        """Open commitments to updates."""
        return [self._call(client, "publish", *opening) for client, opening in openings.items()]

    def commit_ballots(self, round_: int, commitments: Mapping[int, bytes]) -> list[Call]:
        """Commit to ballots."""
        return [self._call(client, "commitBallot", digest) for client, digest in commitments.items()]

    def reveal_ballots(self, openings: Mapping[int, BallotOpening]) -> list[Call]:
        """Open commitments to ballots."""
        return [self._call(client, "revealBallot", *opening) for client, opening in openings.items()]

    def _call(self, client: int, function: str, *arguments: object) -> Call:
        return Call(self.clients[client], self.manager, function, arguments)


@dataclass(frozen=True)
class Relayed:
    """Clients sign commitments and hand openings over; a relay sends them in batches and pays."""

    relay: Deployed
    manager: Deployed
    sender: Signer
    clients: Sequence[Signer]
    chain_id: int

    def propose(self, round_: int, commitments: Mapping[int, bytes]) -> list[Call]:
        """Commit to updates."""
        return self._calls("propose", self._signed("Propose", round_, commitments))

    def publish(self, openings: Mapping[int, UpdateOpening]) -> list[Call]:
        """Open commitments to updates."""
        return self._calls("publish", self._opened(openings))

    def commit_ballots(self, round_: int, commitments: Mapping[int, bytes]) -> list[Call]:
        """Commit to ballots."""
        return self._calls("commitBallots", self._signed("CommitBallot", round_, commitments))

    def reveal_ballots(self, openings: Mapping[int, BallotOpening]) -> list[Call]:
        """Open commitments to ballots."""
        return self._calls("revealBallots", self._opened(openings))

    def _signed(
        self, kind: intents.Kind, round_: int, commitments: Mapping[int, bytes]
    ) -> list[tuple[object, ...]]:
        signed: list[tuple[object, ...]] = []
        for client, commitment in commitments.items():
            signer = self.clients[client]
            bound = self.chain_id, self.manager.address, signer.address, round_
            message = intents.message(kind, *bound, commitment)
            signed.append((signer.address, commitment, *signer.sign_intent(message)))
        return signed

    def _opened(self, openings: Mapping[int, tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [(self.clients[client].address, *opening) for client, opening in openings.items()]

    def _calls(self, function: str, entries: Sequence[tuple[object, ...]]) -> list[Call]:
        chunks = [entries[i : i + ENTRIES] for i in range(0, len(entries), ENTRIES)]
        return [
            Call(self.sender, self.relay, function, (list(chunk),), gas=ENTRY_GAS * (len(chunk) + 1))
            for chunk in chunks
        ]
