"""What a client or its operator signs so that a relay may send it: EIP-712, as `Intents.sol` hashes it."""

from typing import Literal

from eth_account.messages import SignableMessage

from ml.updates.hashing import keccak256
from offchain.reference.commitments import digest as hashed

Kind = Literal["Propose", "CommitBallot"]

NAME = "StakeFed"
VERSION = "1"
_DOMAIN = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def message(
    kind: Kind, chain_id: int, manager: str, client: str, round_: int, commitment: bytes
) -> SignableMessage:
    """Return what any account signs for a client's `commitment`, 24 bytes, in a round of a manager.

    Addresses are in hex.
    """
    domain = hashed(_DOMAIN, keccak256(NAME.encode()), keccak256(VERSION.encode()), chain_id, manager)
    struct = hashed(keccak256(_type(kind)), client, round_, commitment.ljust(32, b"\0"))
    return SignableMessage(b"\x01", domain, struct)


def _type(kind: Kind) -> bytes:
    return f"{kind}(address client,uint256 round,bytes24 commitment)".encode()
