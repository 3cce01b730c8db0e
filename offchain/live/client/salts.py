"""Salts that a key makes again anywhere: one signature, hashed with round and kind."""

from typing import Protocol

from ml.updates.hashing import keccak256
from offchain.live.errors import AccountError
from offchain.stores.permits import Place

_UPDATE, _BALLOT = b"update", b"ballot"


class MessageSigner(Protocol):
    """An account that signs messages; the same message always gives the same bytes."""

    address: str

    def sign_message(self, message: bytes) -> bytes:
        """The 65 bytes of an EIP-191 signature."""


class Salts:
    """What hides a client's commitments until it opens them, 32 bytes each.

    A client that was killed, and is started elsewhere with the same key, has the same salts. Whoever sees the
    signature behind them can open commitments too early, so it is never sent or stored.
    """

    def __init__(self, signer: MessageSigner, place: Place) -> None:
        """Sign, twice.

        Raises:
            AccountError: When the account signs the same message differently: nothing could be opened again.
        """
        message = (
            f"StakeFed salts\nChain: {place.chain_id}\nDeployment: {place.manager}\n"
            f"Client: {signer.address}\nThis signature hides your updates and ballots. Give it to nobody."
        ).encode()
        signature = signer.sign_message(message)
        if signature != signer.sign_message(message):
            raise AccountError(
                f"account {signer.address} signs the same message differently each time; commitments could "
                "not be opened after a restart: use an account with deterministic signatures (RFC 6979)"
            )
        self._secret = keccak256(signature)

    def update(self, round_: int) -> bytes:
        """The salt of the update of a round."""
        return self._salt(_UPDATE, round_)

    def ballot(self, round_: int) -> bytes:
        """The salt of the ballot of a round."""
        return self._salt(_BALLOT, round_)

    def _salt(self, kind: bytes, round_: int) -> bytes:
        return keccak256(self._secret + keccak256(kind) + round_.to_bytes(32))
