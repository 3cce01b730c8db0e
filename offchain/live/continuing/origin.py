"""The model that a deployment continues, computed again from the other one's chain and stores."""

from dataclasses import dataclass
from typing import Any

from ml.messages import counted
from ml.updates.canonical import digest, to_bytes
from ml.updates.schema import Schema
from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.errors import BytesGoneError, ChainError, LineageError, StoreError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.network import Nodes, connect
from offchain.live.deploying.configuration import Configuration, Continues
from offchain.live.deploying.parameters import parameters_read
from offchain.live.errors import DeploymentError, NodeUnavailableError
from offchain.live.verifying.lineage import Fetch, Lineage, Model
from offchain.live.watching.decisions import Inclusion
from offchain.live.watching.history import History
from offchain.live.watching.rounds import rounds_of
from offchain.reference import Parameters
from offchain.stores.opening import open_artefacts


@dataclass(frozen=True)
class Origin:
    """Where one asks for the deployment that another continues.

    Attributes:
        network: A node of its chain, as Ape has it; none for the own node where the chain is the same, else
            for the one that Ape is configured with.
        stores: URLs of its artefacts; none for the own stores.
        accepted: Whether its model is taken as the configuration has it, unseen.
    """

    network: str | None = None
    stores: tuple[str, ...] = ()
    accepted: bool = False

    def chain(self, network: str, chain_id: int, chain: Chain, interface: Interface) -> Chain:
        """Return the chain of a deployment, which may be another than `chain`, the own one.

        Raises:
            DeploymentError: When the node is one of another chain.
            NodeUnavailableError: When no node is named, or none answers.
        """
        if self.network is None and chain_id == chain.chain_id:
            return chain
        try:
            return connect(Nodes(self.network).or_else(network), chain_id, [interface])
        except (DeploymentError, NodeUnavailableError) as error:
            raise type(error)(
                f"the deployment to be continued is on chain {chain_id}, of which --old-network names a "
                f"node: {error}"
            ) from error

    def fetch(self, schema: Schema, own: Fetch | None = None) -> Fetch:
        """Return where artefacts come from: these stores, or `own` where none is named.

        Raises:
            StoreError: When there is neither, or nothing opens a store's URL.
        """
        if self.stores:
            return open_artefacts(self.stores, schema).get
        if own is None:
            raise StoreError(
                "no store of the deployment to be continued was named; give --old-store a folder, s3://…, "
                "https://… or ipfs+http://…"
            )
        return own


def require_origin(
    configuration: Configuration,
    manager: Interface,
    chain: Chain,
    origin: Origin,
    own: Fetch | None = None,
) -> None:
    """Compute the model again that a deployment continues, if it continues one, and compare its root.

    Args:
        configuration: The deployment's.
        manager: Interface of a round manager.
        chain: The deployment's.
        origin: Where the other one is asked for.
        own: Where the deployment's own artefacts come from, asked when `origin` names no store.

    Raises:
        StoreError: When no store is named.
        BytesGoneError: When an update of that model cannot be had.
        LineageError: When the first model is another, or the other's logs do not lead to it.
        DeploymentError: When the other one is not there.
        NodeUnavailableError: When no node of its chain answers.
    """
    continues, learning = configuration.continues, configuration.learning
    if continues is None or origin.accepted:
        return
    there = origin.chain(continues.network, continues.chain_id, chain, manager)
    at = Deployed(manager, continues.manager)
    lineage = lineage_of(there, at, continues.block, learning.schema_, origin.fetch(learning.schema_, own))
    root = root_of(model_of(lineage, inclusion_in(lineage, continues.round)), learning.schema_)
    if root != learning.genesis_root:
        raise LineageError(
            f"the configuration says that it continues {continues}, whose model has root {root}; its first "
            f"model has {learning.genesis_root}: get the founders' file, or do not join"
        )


@dataclass(frozen=True)
class Retraced:
    """Whether a first model is the one that the configuration says.

    Attributes:
        continues: What it says.
        unseen: Why that cannot be computed again; none when it was.
        fault: How it is another; none when it is not, as far as was seen.
    """

    continues: Continues
    unseen: str | None
    fault: LineageError | None

    def __str__(self) -> str:
        """In words."""
        if self.unseen is not None:
            return f"of {self.continues}, which was not computed again: {self.unseen}"
        return f"of {self.continues}, " + ("which it is not" if self.fault else "computed again")

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        seen = self.unseen is None and self.fault is None
        return {**self.continues.model_dump(mode="json"), "computed": seen, "unseen": self.unseen}


def retraced(
    configuration: Configuration, manager: Interface, chain: Chain, origin: Origin, own: Fetch
) -> Retraced | None:
    """Return what came of `require_origin`, whose arguments these are; None when nothing is continued."""
    unseen = fault = None
    if configuration.continues is None:
        return None
    try:
        require_origin(configuration, manager, chain, origin, own)
    except (BytesGoneError, ChainError, DeploymentError, StoreError) as error:
        unseen = str(error)
    except LineageError as error:
        fault = error
    return Retraced(configuration.continues, unseen, fault)


def lineage_of(chain: Chain, manager: Deployed, first_block: int, schema: Schema, fetch: Fetch) -> Lineage:
    """Return the lineage of a deployment of which no more is known than its manager; all decisions checked.

    Args:
        chain: Its chain.
        manager: The contract.
        first_block: From which on it has logs.
        schema: The models'.
        fetch: Where artefacts come from; none is asked for yet.

    Raises:
        LineageError: When the logs do not lead to what the contract has.
        DeploymentError: When no round manager is there.
        NodeUnavailableError: When nodes do not answer.
    """
    parameters = _parameters(chain, manager)
    history = History(chain, [manager], first_block)
    head = history.advance().head
    (model,) = chain.read([Invocation(manager, "model")], head.number)
    lineage = Lineage(_unasked, parameters, schema, fetch)
    lineage.advance(rounds_of(history.events))
    if lineage.head.id != model:
        raise LineageError(
            f"the logs of manager {manager.address} lead to global model {lineage.head.id.hex()}, the "
            f"contract has {model.hex()}"
        )
    return lineage


def inclusion_in(lineage: Lineage, number: int | None) -> Inclusion:
    """Return what the model of a round is made of, by default of the last round that included anything.

    Raises:
        LineageError: When that round is not over, or included nothing.
    """
    last = lineage.head
    if not last.inclusion.round:
        raise LineageError(
            f"the deployment to be continued has included no update in {counted(last.round, 'round')}, so "
            "that nothing was learned: begin with its first model"
        )
    if number is None:
        return last.inclusion
    if number > last.round:
        raise LineageError(
            f"round {number} of the deployment to be continued has no outcome yet; the last that has is "
            f"{last.round}"
        )
    inclusion = next(each for each in lineage.inclusions if each.round <= number)
    if inclusion.round != number:
        earlier = f"its model is that of round {inclusion.round}" if inclusion.round else "nor did one before"
        raise LineageError(f"round {number} of the deployment to be continued included no update; {earlier}")
    return inclusion


def model_of(lineage: Lineage, inclusion: Inclusion) -> Model:
    """Return the model that an inclusion makes, int32 [size].

    Raises:
        BytesGoneError: When an update cannot be had.
    """
    try:
        return lineage.model(inclusion)
    except BytesGoneError as error:
        raise BytesGoneError(
            f"the model of the deployment to be continued cannot be made, {error}; name its stores with "
            "--old-store"
        ) from error


def root_of(model: Model, schema: Schema) -> str:
    """Return a model's Merkle root in hex."""
    return "0x" + digest(to_bytes(model), schema).hex()


def _parameters(chain: Chain, manager: Deployed) -> Parameters:
    where = f"{manager.address} on chain {chain.chain_id}"
    if not chain.has_code(manager.address, due=True):
        raise DeploymentError(f"there is no contract at {where}, whose model is to be continued")
    try:
        (found,) = chain.read([Invocation(manager, "parameters")])
        return parameters_read(found)
    except NodeUnavailableError:
        raise
    except (ChainError, TypeError, ValueError) as error:
        raise DeploymentError(
            f"the contract at {where}, whose model is to be continued, is no RoundManager of this version "
            f"({error}): export its model with the version that deployed it, `ape run verify --out`, and "
            "describe the task with --genesis"
        ) from error


def _unasked() -> Model:
    raise LineageError("the first model of a deployment that is continued is none to continue")
