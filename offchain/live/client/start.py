"""From options to a client that can start: everything that can be wrong is found before anything is sent."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from ml.settings import TrainingSettings
from ml.updates.schema import Schema
from offchain.errors import OffchainError
from offchain.live.access.account import KeystoreKey
from offchain.live.access.chain import Chain
from offchain.live.access.sender import Sender
from offchain.live.access.sending import SendingSettings
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.client import Client, Outlook, look
from offchain.live.client.commitments import Committer
from offchain.live.client.decision import Action, Wish, decide, spendable
from offchain.live.client.local_learning import LocalLearning
from offchain.live.client.own_data import DataOptions, own_rows
from offchain.live.client.round_work import RoundWork
from offchain.live.client.salts import Salts
from offchain.live.deploying.admission import admission_proof
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.code_check import require_code
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.deploying.rules import rules_of
from offchain.live.errors import AccountError, ConfigurationError, NodeRefusedError
from offchain.live.relaying.line import RelayLine
from offchain.live.starting import require_funds
from offchain.live.verifying.lineage import Lineage
from offchain.live.watching.history import History
from offchain.stores.artefacts import Artefacts
from offchain.stores.http import Permit
from offchain.stores.opening import open_store
from offchain.stores.permits import LIFETIME, Place, permit

_log = logging.getLogger(__name__)

STORE_SECONDS = 30.0
RELAY_SECONDS = 60.0
"""How long a relay may take before the client sends by itself."""


@dataclass(frozen=True)
class ClientOptions:
    """What a client's owner chooses.

    Attributes:
        data: Its rows.
        stores: URLs, at least one.
        cache: Folder of its own; none for the user's cache folder.
        training: How it trains.
        leave: Whether it wants to leave.
        keep: Tokens below which free ones are topped up from the wallet; empty for never.
        sending: What it pays.
        relay: URL of a relay that sends what it plays; none to send itself.
        device: Where models compute.
    """

    data: DataOptions
    stores: tuple[str, ...]
    cache: Path | None = None
    training: TrainingSettings = field(default_factory=TrainingSettings)
    leave: bool = False
    keep: str = ""
    sending: SendingSettings = field(default_factory=SendingSettings)
    relay: str | None = None
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A client's parts after they were checked.

    Attributes:
        learning: Its rows and what it computes.
        artefacts: Its cache and the stores.
        proof: What joining needs.
        wish: What its owner wants.
        outlook: Its situation when it was checked.
        native: Its native coin, wei.
    """

    learning: LocalLearning
    artefacts: ClientArtefacts
    proof: list[bytes]
    wish: Wish
    outlook: Outlook
    native: int

    @property
    def next_action(self) -> Action:
        """What the client would do now."""
        return decide(self.outlook.view, self.outlook.me, self.outlook.wallet, self.wish)


def place_of(deployment: LiveDeployment) -> Place:
    """Return where a deployment is, as commitments, salts and permits name it."""
    return Place(deployment.book.chain_id, deployment.manager.address)


def prepare(
    chain: Chain, deployment: LiveDeployment, address: str, options: ClientOptions, permit_: Permit | None
) -> Prepared:
    """Check everything that a client needs, sending nothing.

    Raises:
        OffchainError: With one sentence on the first thing that is wrong.
        MLError: When the rows cannot be read or scored.
    """
    learning_rules = deployment.configuration.learning
    if rules_of(learning_rules) != deployment.parameters.rules:
        raise ConfigurationError(
            f"the learning rules in deployment {deployment.name}'s configuration are not those of the "
            "contract: get the founders' file"
        )
    proof = admission_proof(deployment.configuration.admission, address)
    outlook = look(chain, deployment, address)
    keep = Unit.read(chain, deployment).base_units(options.keep) if options.keep else 0
    wish = Wish(options.leave, keep)
    _require_means(deployment, outlook, wish)
    if not outlook.me.is_member and not options.leave:
        _require_own_code(chain, deployment)
    # What a member plays a relay sends and pays for; joining and leaving it does not.
    free_rider = options.relay is not None and outlook.me.is_member and not options.leave
    native = chain.balance(address) if free_rider else require_funds(chain, address)
    learning = LocalLearning(
        learning_rules, own_rows(options.data, learning_rules, address), options.training, options.device
    )
    artefacts = _artefacts(deployment, address, options, learning.schema, permit_)
    artefacts.check()
    return Prepared(learning, artefacts, proof, wish, outlook, native)


def make_client(chain: Chain, deployment: LiveDeployment, key: KeystoreKey, options: ClientOptions) -> Client:
    """Return a client that can run.

    Raises:
        OffchainError: With one sentence on the first thing that is wrong; nothing was sent.
        MLError: When the rows cannot be read or scored.
    """
    place = place_of(deployment)

    def permits(root: bytes) -> str:
        return permit(place, root, chain.head().time + LIFETIME, key.sign_message)

    prepared = prepare(chain, deployment, key.address, options, permits)
    learning, parameters = prepared.learning, deployment.parameters
    work = RoundWork(
        history=History(chain, [deployment.manager], deployment.first_block),
        lineage=Lineage(learning.genesis, parameters, learning.schema, prepared.artefacts.get),
        learning=learning,
        artefacts=prepared.artefacts,
        committer=Committer(place, key.address, Salts(key, place)),
        samples=min(parameters.max_samples, learning.samples),
    )
    relay = _relay(options.relay, deployment, key)
    sender = Sender(chain, key, options.sending)
    return Client(chain, deployment, sender, work, prepared.wish, prepared.proof, options.sending.poll, relay)


def _relay(url: str | None, deployment: LiveDeployment, key: KeystoreKey) -> RelayLine | None:
    if url is None:
        return None
    p = deployment.parameters
    shortest = min(p.propose_for, p.publish_for, p.vote_for, p.reveal_for)
    relay = RelayLine(url, deployment, key, min(RELAY_SECONDS, shortest / 4))
    relay.check()
    return relay


def _require_own_code(chain: Chain, deployment: LiveDeployment) -> None:
    """Whoever is in gets out with any version; nobody new stakes on code that it did not compile."""
    try:
        require_code(chain, deployment)
    except NodeRefusedError as error:
        _log.warning("the contracts' code could not be compared, try another node with --rpc: %s", error)


def _require_means(deployment: LiveDeployment, outlook: Outlook, wish: Wish) -> None:
    me, wallet, bond = outlook.me, outlook.wallet, deployment.parameters.bond
    if wish.leave or me.is_member:
        return
    if me.is_removed:
        raise AccountError(
            f"{me.address} was removed from deployment {deployment.name} for good; --leave takes out the rest"
        )
    missing = bond - spendable(outlook.view, me)
    if wallet.balance < missing:
        raise AccountError(
            f"{me.address} is no member, and joining takes {bond} base units of the token "
            f"{deployment.token.address}: {missing} are missing and it has {wallet.balance}"
        )


def _artefacts(
    deployment: LiveDeployment, address: str, options: ClientOptions, schema: Schema, permit_: Permit | None
) -> ClientArtefacts:
    if not options.stores:
        raise OffchainError("no store was named; give --store a folder, s3://…, https://… or ipfs+http://…")
    p, place = deployment.parameters, place_of(deployment)
    # A store that hangs must leave time for the next, twice over, in half of the vote phase.
    seconds = min(STORE_SECONDS, p.vote_for / (4 * len(options.stores)))
    shared = Artefacts(
        [open_store(url, schema, place, permit_) for url in options.stores],
        schema,
        seconds=seconds,
        attempts=2,
    )
    folder = options.cache or Path.home() / ".cache" / "stakefed" / "live"
    return ClientArtefacts(folder / f"{place.chain_id}-{place.manager}" / address, shared, schema)
