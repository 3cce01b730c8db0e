"""The engine that a run asked for, ready to start."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from offchain import told_to_end
from offchain.chain.compiled import compiled_contracts
from offchain.chain.gateway import Gateway
from offchain.chain.network_option import NetworkUnavailableError, connected
from offchain.chain.nodes import Node, node_of
from offchain.engines.chain_engine import ChainEngine
from offchain.engines.deployment import Deployment
from offchain.engines.engine import Engine
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import SimulationSettings


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
        with _interruptible():
            yield ReferenceEngine(deployment)
        return
    with connected(network) as provider, _interruptible():
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


@contextmanager
def _interruptible() -> Iterator[None]:
    # Ape's provider makes Ctrl-C end the process on the spot; a run wants to say how to continue it. On
    # SIGTERM it waits for processes that train, which wait for work.
    if threading.current_thread() is not threading.main_thread():
        yield  # A cluster's worker, in whose threads no signal can be handled.
        return
    before = {each: signal.signal(each, signal.default_int_handler) for each in told_to_end.signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_fresh(node: Node) -> None:
    # Ape picks anvil's port at random and takes whatever chain answers there for its own.
    number, _, _ = node.head()
    if number:
        raise NetworkUnavailableError(
            f"the chain that answered is not new, it is at block {number}; a run needs a chain of its own"
        )
