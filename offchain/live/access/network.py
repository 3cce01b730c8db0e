"""The line to a public network: what Ape's `--network` names, checked, with other nodes behind it."""

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ape
from ape.exceptions import ApeException

from ml.messages import cleaned
from offchain.chain.abi import Interface
from offchain.errors import ChainError
from offchain.live.access.chain import Chain
from offchain.live.access.forms import chain_number
from offchain.live.access.rpc import Rpc, host
from offchain.live.errors import DeploymentError, NodeUnavailableError
from offchain.urls import shown, url_fault

if TYPE_CHECKING:
    from ape.api import ProviderAPI

_log = logging.getLogger(__name__)

_HTTP = ("http://", "https://")
_WANTED = "--network ethereum:sepolia:https://..., the URL alone, or --rpc https://..."


_URL = re.compile(r"(\w+://)(\S+)")
_BESIDE = re.compile(r"[^\s'\"]*@|(?<=[^\s'\"/]/)(?!/)[^\s'\"]+")
"""Of what should be a URL and is none: user and password before the host, and all after its first slash."""


@dataclass(frozen=True)
class Nodes:
    """The nodes of one chain.

    Attributes:
        network: As Ape has it: `ethereum:sepolia:node`, `ethereum:sepolia:https://...`, or a URL; None when
            the user named none.
        rpcs: URLs of other nodes of the same chain, tried in turn.
        log_range: Blocks whose logs to ask for at once, to begin with; None for the default.
    """

    network: str | None = None
    rpcs: tuple[str, ...] = ()
    log_range: int | None = None

    def or_else(self, network: str) -> "Nodes":
        """These nodes, or the one that Ape is configured with for a network when none is named."""
        return replace(self, network=self.network or f"{network}:node")


def connect(nodes: Nodes, chain_id: int | None = None, interfaces: Sequence[Interface] = ()) -> Chain:
    """Return a chain, through Ape's provider first and through other nodes when that fails.

    Args:
        nodes: Of which a network is named.
        chain_id: The chain that it must be; None for any.
        interfaces: Contracts whose errors may come up.

    Raises:
        DeploymentError: When a node is one of another chain.
        NodeUnavailableError: When no node is named, or none answers.
    """
    rpcs = nodes.rpcs
    for each in rpcs:
        if not _is_http(each):
            raise NodeUnavailableError(f"--rpc takes a URL, https://..., got {_shown(each)!r}")
    urls = list(dict.fromkeys([*_urls_of(nodes.network or "", alone=not rpcs), *rpcs]))
    for each in urls:
        if fault := url_fault(each):
            raise NodeUnavailableError(f"{shown(each)!r} is no URL of a node: {fault}; {_WANTED}")
    rpc = Rpc(urls)
    for url in urls:
        try:
            found = chain_number(rpc.only(url).request("eth_chainId"))
        except ChainError as error:
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
    return Chain(rpc, interfaces, nodes.log_range)


def _urls_of(network: str, alone: bool) -> list[str]:
    """The URL behind Ape's name of a network; none where that names none, but is not alone.

    Where none is configured Ape tries public nodes at random, ten of them, some with a stranger's key:
    whoever runs one sees whose addresses are asked for, and answers what it likes. Nobody is taken there
    unasked.
    """
    if _is_http(network):
        return [network]  # Not through Ape, which is particular about a scheme's capitals.
    try:
        url = _configured(ape.networks.get_provider_from_choice(network))
    except (ApeException, ValueError) as error:
        first = cleaned(str(error).strip().partition("\n")[0]).removesuffix(" Options:").rstrip(".")
        raise NodeUnavailableError(
            f"{_shown(network)!r} is no network that Ape knows: {_shown(first)}; {_WANTED}"
        ) from error
    if _is_http(url):
        return [url]
    if alone:
        raise NodeUnavailableError(
            f"{_shown(network)!r} names no HTTP node; give its URL: {_WANTED}. Ape's public nodes are asked "
            "only when you name one: whoever runs it sees what you ask and could answer falsely"
        )
    return []


def _configured(provider: "ProviderAPI") -> str:
    """The URL in a choice, in Ape's configuration or the environment, or of a plugin; empty for none."""
    choice: str = provider.network_choice
    configured = choice if _is_http(choice) else choice.split(":", 2)[-1]
    if _is_http(configured):
        return configured
    if provider.name == "node":
        return os.environ.get("WEB3_PROVIDER_URI", "")
    return provider.http_uri or ""


def _is_http(url: str) -> bool:
    return url.lower().startswith(_HTTP)


def _shown(words: str) -> str:
    """Words with the URLs in them cut down to what may be shown."""
    return _BESIDE.sub("…", _URL.sub(lambda found: found[1] + host(found[0]), words))
