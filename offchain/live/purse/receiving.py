"""Whose address is given: of somebody who can use what is given to it, or allowed it."""

from collections.abc import Sequence

from offchain.chain.addresses import is_nobodys
from offchain.live.access.chain import Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError

_DELEGATION = bytes.fromhex("ef0100")
"""What the code of an account begins with that lets a contract act for it and keeps its key (EIP-7702)."""


def require_somebodys(deployment: LiveDeployment, addresses: Sequence[str], why: str) -> None:
    """Raise AccountError for an address that is nobody's, or that of a contract of the deployment.

    Args:
        deployment: Which.
        addresses: Lower-case hex.
        why: What would come of it, a clause.
    """
    own = {entry.address: f"the deployment's {name}" for name, entry in deployment.book.contracts.items()}
    for address in addresses:
        whose = own.get(address, "an address that nobody has the key of" if is_nobodys(address) else "")
        if whose:
            raise AccountError(f"{address} is {whose}, {why}; give a member's address; nothing was sent")


def contracts_among(chain: Chain, addresses: Sequence[str]) -> list[str]:
    """Return those of some addresses that are contracts, which have no key and can do what their code can."""
    codes = {address: chain.code(address) for address in addresses}
    return [address for address, code in codes.items() if code and not code.startswith(_DELEGATION)]
