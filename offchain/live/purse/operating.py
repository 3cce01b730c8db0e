"""The second key of a client, which plays its seats while the first stays away from the network."""

from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError
from offchain.live.purse.receiving import contracts_among, require_somebodys
from offchain.reference.state import NOBODY


def operator_now(chain: Chain, deployment: LiveDeployment, client: str) -> str:
    """Return the address that may sign for a client, lower-case hex; NOBODY when there is none."""
    (operator,) = chain.read([Invocation(deployment.manager, "operatorOf", (client,))])
    return str(operator).lower()


def require_operator(
    chain: Chain, deployment: LiveDeployment, address: str | None, nobody: bool, client: str
) -> str:
    """Return whom to name: `address`, or NOBODY.

    Raises:
        AccountError: When it is not clear whom, or no second key would be named.
    """
    if nobody == (address is not None):
        raise AccountError("name one address, or nobody with --none: expected exactly one of both")
    if address == client:
        raise AccountError(
            f"{address} is the account itself, which signs anyway: name another key, or --none"
        )
    if address is None:
        return NOBODY
    require_somebodys(deployment, [address], "which signs nothing")
    if contracts_among(chain, [address]):
        raise AccountError(
            f"{address} is a contract, and an operator signs with a key: name an account that has one; "
            "nothing was sent"
        )
    return address
