"""Handing out tokens: as many as each is short of, so that doing it again gives nothing twice."""

from collections.abc import Mapping, Sequence

from offchain.errors import ChainError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Sender
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError
from offchain.live.purse.receiving import contracts_among, require_somebodys
from offchain.live.watching.view import read_view


def require_receivers(
    chain: Chain, deployment: LiveDeployment, giver: str, addresses: Sequence[str]
) -> list[str]:
    """Return those of some addresses that are contracts, which may not be able to use what they get.

    Raises:
        AccountError: For one that is the giver's, nobody's, or that of a contract of the deployment.
    """
    require_somebodys(deployment, addresses, "where tokens would be lost")
    if giver in addresses:
        raise AccountError(f"{giver} is the account that gives; name others; nothing was sent")
    return contracts_among(chain, addresses)


def missing(
    chain: Chain, deployment: LiveDeployment, addresses: Sequence[str], amount: int
) -> Mapping[str, int]:
    """Return, by address, the base units it lacks to own `amount` in wallet and deployment together."""
    view = read_view(chain, deployment, addresses)
    held = chain.read([Invocation(deployment.token, "balanceOf", (address,)) for address in addresses])
    owned = {
        address: wallet + view.clients[address].free + view.clients[address].escrow
        for address, wallet in zip(addresses, held, strict=True)
    }
    return {address: amount - has for address, has in owned.items() if has < amount}


def grant(
    sender: Sender, deployment: LiveDeployment, amounts: Mapping[str, int], wallet: int, unit: Unit
) -> None:
    """Send tokens from the sender's wallet.

    Args:
        sender: Of the account that gives.
        deployment: Whose token.
        amounts: Base units by address.
        wallet: What the account holds.
        unit: For messages.

    Raises:
        AccountError: When it holds too little; nothing is sent.
        ChainError: For the first transfer that failed, with how many took effect, before it and after it.
    """
    if (total := sum(amounts.values())) > wallet:
        raise AccountError(
            f"account {sender.address} holds {unit.named(wallet)}, {unit.text(total)} are "
            "needed; nothing was sent"
        )
    transfers = [Invocation(deployment.token, "transfer", (to, each)) for to, each in amounts.items()]
    outcomes = dict(zip(amounts, sender.send_all(transfers), strict=True))
    failed = {to: outcome for to, outcome in outcomes.items() if isinstance(outcome, ChainError)}
    for to, error in failed.items():
        raise ChainError(
            f"{to} was given nothing ({error}); {len(outcomes) - len(failed)} of {len(outcomes)} transfers "
            "took effect: the same command again gives what is missing, and nothing twice"
        ) from error
