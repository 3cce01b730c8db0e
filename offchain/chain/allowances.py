"""What a holder of tokens signs so that another may take some: a permit of ERC-2612."""

from eth_account.messages import SignableMessage

from ml.updates.hashing import keccak256
from offchain.reference.commitments import digest as hashed

_PERMIT = keccak256(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


def message(
    domain: bytes, owner: str, spender: str, value: int, nonce: int, deadline: int
) -> SignableMessage:
    """Return what the owner signs (EIP-712).

    Args:
        domain: The token's domain separator, 32 bytes.
        owner: Whose tokens, address in hex.
        spender: Who may take them, address in hex.
        value: Base units.
        nonce: The owner's next, at the token.
        deadline: Unix time.
    """
    return SignableMessage(b"\x01", domain, hashed(_PERMIT, owner, spender, value, nonce, deadline))
