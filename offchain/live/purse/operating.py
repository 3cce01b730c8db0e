"""The second key of a client, which plays its seats while the first stays away from the network."""

from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError
from offchain.reference.state import NOBODY


def operator_now(chain: Chain, deployment: LiveDeployment, client: str) -> str:
    """Return the address that may sign for a client, lower-case hex; NOBODY when there is none."""
    (operator,) = chain.read([Invocation(deployment.manager, "operatorOf", (client,))])
    return str(operator).lower()


def require_operator(address: str | None, nobody: bool, client: str) -> str:
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
    return address or NOBODY
