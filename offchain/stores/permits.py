"""Permits to write to a consortium's store: signatures of members' keys (EIP-191)."""

from collections.abc import Callable
from dataclasses import dataclass

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from offchain.errors import StoreError

SCHEME = "StakeFed"
LIFETIME = 600
"""Seconds, by the chain's clock, for which a client makes a permit."""
LONGEST = 3600
"""Seconds for which a store accepts one."""

Sign = Callable[[bytes], bytes]
"""An account: the 65 bytes of its signature on a message (EIP-191, version 0x45)."""


@dataclass(frozen=True)
class Place:
    """A deployment: the chain and the lower-case hex address of its round manager."""

    chain_id: int
    manager: str

    def __str__(self) -> str:
        return f"deployment {self.manager} on chain {self.chain_id}"


def message(place: Place, root: bytes, expires: int) -> bytes:
    """Return what is signed, for people to read: this artefact may be written here until `expires`."""
    return (
        f"StakeFed store: write one artefact\nChain: {place.chain_id}\nDeployment: {place.manager}\n"
        f"Artefact: {root.hex()}\nExpires: {expires}"
    ).encode()


def permit(place: Place, root: bytes, expires: int, sign: Sign) -> str:
    """Return a permit as the header `Authorization` carries it after the scheme."""
    return f"{expires}.{sign(message(place, root, expires)).hex()}"


def permitted(place: Place, root: bytes, text: str, now: int) -> str:
    """Return the address, lower-case hex, that permits writing `root`; `text` may come from anyone.

    Raises:
        StoreError: When it is no permit, or not one for now.
    """
    try:
        first, _, last = text.partition(".")
        expires, signature = int(first), bytes.fromhex(last)
    except ValueError:
        raise StoreError("a permit is an expiry and a signature, joined by a full stop") from None
    if not now < expires <= now + LONGEST:
        raise StoreError(f"the permit expires at {expires}; expected within {LONGEST} seconds after {now}")
    try:
        signed = encode_defunct(message(place, root, expires))
        return str(Account.recover_message(signed, signature=signature)).lower()
    except (BadSignature, ValidationError, ValueError, TypeError):
        raise StoreError("the permit's signature is none") from None
