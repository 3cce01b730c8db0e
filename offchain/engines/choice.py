"""The engine that a run asked for, ready to start."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from offchain.chain.compiled import compiled_contracts
from offchain.chain.gateway import Gateway
from offchain.chain.network_option import NetworkUnavailableError, connected
from offchain.chain.nodes import Node, node_of
from offchain.engines.chain_engine import ChainEngine
from offchain.engines.deployment import Deployment
from offchain.engines.engine import Engine
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import SimulationSettings
from offchain.told_to_end import interrupting


@contextmanager
def engine_for(name: str, deployment: Deployment, network: str) -> Iterator[Engine]:
    """Enter the engine "chain", on a local chain started for it, or "reference".

    Args:
        name: Which.
        deployment: Keys, seeds and parameters.
        network: The chain in full, as `network_option` passes it; unused by the reference.

    Raises:
        NetworkUnavailableError: When the chain does not start, does not answer or is somebody else's.
    """
    if name == "reference":
        with interrupting():
            yield ReferenceEngine(deployment)
        return
    # Within what Ape does, whose provider makes Ctrl-C end the process on the spot: a run wants to say how to
    # continue it. On SIGTERM Ape waits for processes that train, which wait for work.
    with connected(network) as provider, interrupting():
        # Not closed when interrupted: the chain, which heard the same Ctrl-C, no longer answers.
        node = node_of(provider)
        _require_fresh(node)
        engine = ChainEngine(Gateway(node), compiled_contracts(), deployment)
        yield engine
        engine.close()


def engine_on(
    network: str, settings: SimulationSettings
) -> Callable[[Deployment], AbstractContextManager[Engine]]:
    """Return what enters the engine that a run's settings name, with `network` for its chain."""
    return partial(engine_for, settings.engine, network=network)


def _require_fresh(node: Node) -> None:
    # Ape picks anvil's port at random and takes whatever chain answers there for its own.
    number, _, _ = node.head()
    if number:
        raise NetworkUnavailableError(
            f"the chain that answered is not new, it is at block {number}; a run needs a chain of its own"
        )
