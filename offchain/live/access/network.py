"""The line to a public network: what Ape's `--network` names, checked, with other nodes behind it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ape import networks
from ape.exceptions import ApeException

from offchain.chain.abi import Interface
from offchain.live.access.chain import Chain
from offchain.live.access.rpc import Rpc, host
from offchain.live.errors import DeploymentError, NodeUnavailableError

_log = logging.getLogger(__name__)

_HTTP = ("http://", "https://")


@dataclass(frozen=True)
class Nodes:
    """The nodes of one chain.

    Attributes:
        network: As Ape has it: `ethereum:sepolia:node`, `ethereum:sepolia:https://...`, or a URL; None when
            the user named none.
        rpcs: URLs of other nodes of the same chain, tried in turn.
    """

    network: str | None = None
    rpcs: tuple[str, ...] = ()

    def or_else(self, network: str) -> "Nodes":
        """These nodes, or the one that Ape is configured with for a network when none is named."""
        return Nodes(self.network or f"{network}:node", self.rpcs)


def connect(nodes: Nodes, chain_id: int | None = None, interfaces: Sequence[Interface] = ()) -> Chain:
    """Return a chain, through Ape's provider first and through other nodes when that fails.

    Args:
        nodes: Of which a network is named.
        chain_id: The chain that it must be; None for any.
        interfaces: Contracts whose errors may come up.

    Raises:
        DeploymentError: When a node is one of another chain.
        NodeUnavailableError: When no node answers.
    """
    rpcs = nodes.rpcs
    urls = list(dict.fromkeys([*_urls_of(nodes.network or "", alone=not rpcs), *rpcs]))
    rpc = Rpc(urls)
    for url in urls:
        try:
            found = int(rpc.only(url).request("eth_chainId"), 16)
        except NodeUnavailableError as error:
            _log.warning("node %s does not answer now: %s", host(url), error)
            continue
        if chain_id is not None and found != chain_id:
            raise DeploymentError(
                f"{host(url)} is a node of chain {found}, the deployment is on chain {chain_id}; "
                "check --network and --rpc"
            )
        chain_id = found
    if chain_id is not None:
        rpc.require_chain(chain_id)
    return Chain(rpc, interfaces)


def _urls_of(network: str, alone: bool) -> list[str]:
    """The URL behind Ape's name of a network.

    Where Ape has none configured it tries public nodes at random, which is left to it when there is no other.
    """
    try:
        provider = networks.get_provider_from_choice(network)
        choice = provider.network_choice
        configured = choice if choice.startswith(_HTTP) else choice.split(":", 2)[-1]
        if configured.startswith(_HTTP):
            return [configured]
        url = provider.http_uri if alone else None
    except (ApeException, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise NodeUnavailableError(f"{network!r} is no network that Ape knows: {first}") from error
    if url and url.startswith(_HTTP):
        return [url]
    if alone:
        raise NodeUnavailableError(
            f"{network!r} names no HTTP node; give its URL, as in ethereum:sepolia:https://..., or --rpc"
        )
    return []
