"""What commands have in common that send something with an account to a deployment's contracts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from offchain.live.access.account import unlock
from offchain.live.access.chain import Chain
from offchain.live.access.network import Nodes
from offchain.live.access.sender import Sender
from offchain.live.access.sending import SendingSettings
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.logs import log_options
from offchain.live.options import account_option, chain_options, deployment_option, sending_options
from offchain.live.starting import connect_to, reach, require_funds


@dataclass(frozen=True)
class Acting:
    """Who sends, where to, and how.

    Attributes:
        deployment: Its name.
        nodes: Of its chain.
        account: Of Ape's keystore or a plugin.
        sending: What its owner decided about transactions.
    """

    deployment: str
    nodes: Nodes
    account: str
    sending: SendingSettings

    def reach(self) -> tuple[LiveDeployment, Chain]:
        """Return the deployment and its chain; see `offchain.live.starting.reach`."""
        return reach(self.deployment, self.nodes)

    def line(self, deployment: LiveDeployment) -> Chain:
        """Return another line to the chain, for another thread."""
        return connect_to(deployment, self.nodes)

    def sender(self, chain: Chain, **otherwise: Any) -> Sender:
        """Return the sender of the account, unlocked, that can pay for gas.

        Args:
            chain: Where.
            otherwise: Settings of sending in place of the owner's.

        Raises:
            AccountError: When there is no such account, or no passphrase, or a wrong one.
            InsufficientFundsError: When it has none of the native coin.
        """
        key = unlock(self.account)
        require_funds(chain, key.address)
        return Sender(chain, key, self.sending.model_copy(update=otherwise))


def acting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds options of deployment, node, account, sending and logs, which arrive together as `acting`."""

    @wraps(function)
    def with_acting(
        *args: Any, deployment: str, nodes: Nodes, account: str, sending: SendingSettings, **others: Any
    ) -> Any:
        return function(*args, acting=Acting(deployment, nodes, account, sending), **others)

    made: Callable[..., Any] = with_acting
    for option in (log_options, sending_options, account_option, chain_options, deployment_option):
        made = option(made)
    return made
