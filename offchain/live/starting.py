"""What commands begin with: a deployment and its chain, checked before anything is sent."""

import logging

from ml.messages import cleaned
from offchain.chain.compiled import compiled_contracts
from offchain.live.access.chain import Chain
from offchain.live.access.network import Nodes, connect
from offchain.live.deploying.amounts import in_tokens
from offchain.live.deploying.code_check import require_code
from offchain.live.deploying.deployment import LiveDeployment, load_deployment, require_deployed
from offchain.live.errors import DeploymentError, InsufficientFundsError, NodeRefusedError
from offchain.software import VERSION, lock_digest

_log = logging.getLogger(__name__)


def reach(name: str, nodes: Nodes) -> tuple[LiveDeployment, Chain]:
    """Return a deployment by its name, and the chain that it is on.

    Raises:
        ConfigurationError: When its files are missing, damaged, or do not belong together.
        DeploymentError: When it is not complete, or not there.
        NodeUnavailableError: When no node answers.
    """
    deployment = load_deployment(name, compiled_contracts())
    if (told := deployed_with_other(deployment)) is not None:
        _log.info("%s", told)
    return deployment, connect_to(deployment, nodes)


def deployed_with_other(deployment: LiveDeployment) -> str | None:
    """Return a sentence on the software that deployed, where it is another than this one; else None."""
    software = deployment.book.software
    if software is None or (software.version, software.lock) == (VERSION, lock_digest()):
        return None
    return (
        f"deployment {deployment.name} was made with stakefed {cleaned(software.version)}, lock "
        f"{software.lock[:12] or 'unknown'}; this is {VERSION}, lock {lock_digest()[:12] or 'unknown'}"
    )


def connect_to(deployment: LiveDeployment, nodes: Nodes) -> Chain:
    """Return the chain that a deployment is on, once its contracts were found there as they should be.

    Code that this version does not compile is only warned of.

    Args:
        deployment: Which.
        nodes: Where; the deployment's network at the node that Ape is configured with when none is named.

    Raises:
        DeploymentError: When a node is one of another chain, or the deployment is not there.
        NodeUnavailableError: When no node answers.
    """
    book = deployment.book
    chain = connect(nodes.or_else(book.network), book.chain_id, deployment.interfaces)
    require_deployed(chain, deployment)
    chain.amount = in_tokens(chain, deployment)
    try:
        require_code(chain, deployment)
    except DeploymentError as error:
        # No refusal: whoever is in must get out, whatever the version.
        _log.warning("%s", error)
    except NodeRefusedError as error:
        _log.info("the contracts' code was not compared: %s", error)
    return chain


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
