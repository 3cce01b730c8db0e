"""Permits to write to a consortium's store, or to read there: signatures of members' keys (EIP-191)."""

import re
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

_FORM = re.compile(r"([0-9]{1,12})\.([0-9a-f]{128}(?:00|01|1b|1c))")
"""Expiry, then r, s and the parity as accounts write it, in lower-case hex."""

Sign = Callable[[bytes], bytes]
"""An account: the 65 bytes of its signature on a message (EIP-191, version 0x45)."""


@dataclass(frozen=True)
class Place:
    """A deployment: the chain and the lower-case hex address of its round manager."""

    chain_id: int
    manager: str

    def __str__(self) -> str:
        return f"deployment {self.manager} on chain {self.chain_id}"


def message(place: Place, root: bytes | None, expires: int) -> bytes:
    """Return what is signed, for people to read.

    Args:
        place: Of the deployment.
        root: Of the artefact that may be written; None for reading all of them.
        expires: Unix time until which it holds.
    """
    what = "read artefacts" if root is None else "write one artefact"
    which = "" if root is None else f"Artefact: {root.hex()}\n"
    return (
        f"StakeFed store: {what}\nChain: {place.chain_id}\nDeployment: {place.manager}\n"
        f"{which}Expires: {expires}"
    ).encode()


def permit(place: Place, root: bytes | None, expires: int, sign: Sign) -> str:
    """Return a permit as the header `Authorization` carries it after the scheme; see `message`."""
    return f"{expires}.{sign(message(place, root, expires)).hex()}"


@dataclass(frozen=True)
class SentPermit:
    """A permit as it came from anyone.

    Attributes:
        expires: Unix time.
        signature: 65 bytes.
    """

    expires: int
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> "SentPermit":
        """Read what the header says; neither the chain nor a signature is looked at.

        Raises:
            StoreError: When it is no permit.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise StoreError("a permit is an expiry and a signature of 65 bytes, joined by a full stop")
        return cls(int(found[1]), bytes.fromhex(found[2]))

    def signer(self, place: Place, root: bytes | None) -> str:
        """Return the address, lower-case hex, that permits writing `root`, or reading with None.

        Raises:
            StoreError: When the signature is none.
        """
        signed = encode_defunct(message(place, root, self.expires))
        try:
            return str(Account.recover_message(signed, signature=self.signature)).lower()
        except (BadSignature, ValidationError, ValueError, TypeError):
            raise StoreError("the permit's signature is none") from None

    def require_valid(self, now: int) -> None:
        """Raise StoreError unless it is one for `now`, the chain's Unix time."""
        if not now < self.expires <= now + LONGEST:
            raise StoreError(
                f"the permit expires at {self.expires}; expected within {LONGEST} seconds after {now}"
            )
