"""Signed transactions, fast enough for a hundred a round.

eth-account checks and copies a transaction for half a millisecond before it signs it; the two libraries
underneath take a sixth of that. A test compares the bytes with eth-account's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import coincurve
import rlp
from eth_account.messages import SignableMessage, encode_defunct
from eth_keys.datatypes import Signature as Recoverable
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from ml.updates.hashing import keccak256

_DYNAMIC_FEE = b"\x02"  # EIP-1559's transaction type.
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1's group."""
FIRST_V = 27


@dataclass(frozen=True)
class Transaction:
    """A call or, with `to` empty, a deployment."""

    nonce: int
    to: bytes  # 20 bytes, or none
    data: bytes
    gas: int
    max_fee: int  # wei per gas
    tip: int  # wei per gas
    chain_id: int
    value: int = 0  # wei


@dataclass(frozen=True)
class Signature:
    """A signature, of which contracts and nodes take the one of two whose s is in the lower half.

    Attributes:
        r: As it is.
        s: As it is.
        parity: Of y, 0 or 1.
    """

    r: int
    s: int
    parity: int

    @classmethod
    def of_compact(cls, r: bytes, vs: bytes) -> "Signature":
        """Return one from its compact form (EIP-2098), 32 bytes each."""
        word = int.from_bytes(vs)
        return cls(int.from_bytes(r), word & (2**255 - 1), word >> 255)

    @property
    def compact(self) -> tuple[bytes, bytes]:
        """The compact form: r, and s with the parity in its top bit."""
        return self.r.to_bytes(32), (self.s | self.parity << 255).to_bytes(32)

    @property
    def v(self) -> int:
        """27 or 28."""
        return FIRST_V + self.parity

    @property
    def of_message(self) -> bytes:
        """The 65 bytes (r, s, v) that messages are signed with (EIP-191)."""
        return self.r.to_bytes(32) + self.s.to_bytes(32) + bytes([self.v])

    def low(self) -> "Signature":
        """This one, or the other that the same key can give."""
        return self if 2 * self.s <= ORDER else Signature(self.r, ORDER - self.s, 1 - self.parity)

    def signer_of(self, digest: bytes) -> str | None:
        """The address, lower-case hex, whose signature of a digest this is; None when it is nobody's."""
        try:
            signature = Recoverable(vrs=(self.parity, self.r, self.s))
            return signature.recover_public_key_from_msg_hash(digest).to_address()
        except (BadSignature, ValidationError):
            return None


class Signer:
    """A private key and its address."""

    def __init__(self, private_key: bytes) -> None:
        """Derive the address from a key of 32 bytes."""
        self._key = coincurve.PrivateKey(private_key)
        self.address = _address(self._key.public_key)

    def sign(self, transaction: Transaction) -> bytes:
        """The raw EIP-1559 transaction (EIP-2718 envelope, secp256k1 over keccak-256)."""
        fields = _fields(transaction)
        digest = keccak256(_DYNAMIC_FEE + _rlp(fields))
        signature = self._key.sign_recoverable(digest, hasher=None)
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
        return _DYNAMIC_FEE + _rlp([*fields, _word(signature[64]), _word(r), _word(s)])

    def sign_message(self, message: bytes) -> bytes:
        """The 65 bytes (r, s, v) of an EIP-191 signature, v 27 or 28."""
        return self._signature(encode_defunct(message)).of_message

    def sign_intent(self, message: SignableMessage) -> tuple[bytes, bytes]:
        """The compact signature (EIP-2098) of a message: r, and s with the parity in its top bit."""
        return self._signature(message).compact

    def _signature(self, message: SignableMessage) -> Signature:
        given = self._key.sign_recoverable(digest_of(message), hasher=None)
        return Signature(int.from_bytes(given[:32]), int.from_bytes(given[32:64]), given[64])


def recovered(message: SignableMessage, r: bytes, vs: bytes) -> str | None:
    """The address, lower-case hex, whose compact signature (EIP-2098) this is; None when it is nobody's."""
    signature = Signature.of_compact(r, vs)
    if signature.low() != signature:  # A second spelling, which contracts do not take.
        return None
    return signature.signer_of(digest_of(message))


def signed(transaction: Transaction, signature: Signature) -> bytes:
    """Return a raw transaction with a signature that somebody else gave."""
    words = (signature.parity, signature.r, signature.s)
    return _DYNAMIC_FEE + _rlp([*_fields(transaction), *map(_word, words)])


def unsigned(transaction: Transaction) -> bytes:
    """The bytes whose hash is signed."""
    return _DYNAMIC_FEE + _rlp(_fields(transaction))


def digest_of(message: SignableMessage) -> bytes:
    """Return the 32 bytes that are signed of a message."""
    return keccak256(b"\x19" + message.version + message.header + message.body)


def _address(key: coincurve.PublicKey) -> str:
    return "0x" + keccak256(key.format(compressed=False)[1:])[-20:].hex()


def _fields(t: Transaction) -> list[object]:
    head = [_word(value) for value in (t.chain_id, t.nonce, t.tip, t.max_fee, t.gas)]
    return [*head, t.to, _word(t.value), t.data, []]


def _word(value: int) -> bytes:
    """Big-endian without zeros in front, as RLP has integers."""
    return value.to_bytes((value.bit_length() + 7) // 8)


def _rlp(fields: Sequence[object]) -> bytes:
    # Bytes and lists only: finding out each field's type takes rlp twice as long as encoding it.
    return bytes(rlp.encode(fields, infer_serializer=False))
