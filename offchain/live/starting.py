"""What is checked when a program starts, before anything is sent."""

from offchain.live.access.chain import Chain
from offchain.live.errors import InsufficientFundsError


def require_funds(chain: Chain, address: str) -> int:
    """Return an account's native coin, wei.

    Raises:
        InsufficientFundsError: When it has none.
    """
    balance = chain.balance(address)
    if not balance:
        raise InsufficientFundsError(
            f"account {address} has none of the native coin of chain {chain.chain_id}, which gas is paid in; "
            "send it some"
        )
    return balance
