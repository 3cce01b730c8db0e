"""From options to a client that can start: everything that can be wrong is found before anything is sent."""

import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ml.device import require_device
from ml.settings import AnyPolicy
from ml.updates.schema import Schema
from offchain.errors import BytesGoneError, CallRevertedError, ChainError, OffchainError, StoreError
from offchain.learning.apart import beside_key
from offchain.learning.common import Parameters
from offchain.learning.genesis import first_model, require_bound
from offchain.live.access.account import MessageKey, key_places
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Sender
from offchain.live.access.sending import SendingSettings
from offchain.live.client.apart import Limits, MemberLearning, member_learning
from offchain.live.client.apart_service import Opening
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.client import Client, Outlook, look
from offchain.live.client.commitments import Committer
from offchain.live.client.decision import Action, Wish, decide, spendable
from offchain.live.client.faults import Faults
from offchain.live.client.options import KEEP_ROUNDS
from offchain.live.client.own_data import DataOptions
from offchain.live.client.paying import Payer
from offchain.live.client.round_work import RoundWork
from offchain.live.client.salts import Salts, require_kept
from offchain.live.client.words import leaving
from offchain.live.continuing.origin import Origin, require_origin
from offchain.live.deploying.admission import shown
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.code_check import require_code
from offchain.live.deploying.deployment import LiveDeployment, place_of
from offchain.live.errors import (
    AccountError,
    ConfigurationError,
    DeploymentError,
    NodeRefusedError,
    RelayError,
)
from offchain.live.relaying.acts import Acts
from offchain.live.relaying.line import RelayLine, patience_of, require_relay
from offchain.live.starting import require_funds
from offchain.live.verifying.lineage import Lineage
from offchain.live.watching.history import history_of
from offchain.live.watching.log_cache import log_cache
from offchain.live.watching.own_votes import OwnVotes, own_folder
from offchain.reference import Seat
from offchain.reference.state import NOBODY
from offchain.stores.artefacts import Artefacts
from offchain.stores.http import Permit
from offchain.stores.opening import open_store
from offchain.stores.permits import LIFETIME, Place, permit
from offchain.worker.limits import START_SECONDS

_log = logging.getLogger(__name__)

STORE_SECONDS = 30.0
LEAST_SECONDS = 300.0
"""For which a worker may train or judge, however short a phase is: a late update costs a seat, no restart."""


@dataclass(frozen=True)
class ClientOptions:
    """What a client's owner chooses.

    Attributes:
        data: Its rows.
        stores: URLs, at least one.
        origin: Where the deployment that this one continues is asked for.
        cache: Folder of its own; none for the user's cache folder.
        training: Where it trains otherwise than the task says, by the names of `TrainingSettings`.
        leave: Whether it wants to leave.
        keep: Tokens below which free ones are topped up from the wallet; empty for never.
        poll: Seconds between two looks at the chain; None for what blocks and phases ask for.
        sending: What it pays.
        salts: File of the secret behind its salts; none for a signature of its key.
        client: Address of the client whose operator the account is; none for the account's own.
        join: Whether it joins and does nothing after that.
        relay: URL of a relay that sends what it plays; none to send itself.
        device: Where models compute.
        keep_rounds: Rounds of which the cache keeps every update.
        shadow: Policy that is computed beside the one that decides; none for none.
        proof: What an admission contract of others is shown; None for nothing.
        store_patience: Seconds for which a store that does not answer at the start is asked again.
        start_seconds: For which a task's code that is not the project's may load and read rows.
    """

    data: DataOptions
    stores: tuple[str, ...]
    origin: Origin = field(default_factory=Origin)
    cache: Path | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    leave: bool = False
    keep: str = ""
    poll: float | None = None
    sending: SendingSettings = field(default_factory=SendingSettings)
    salts: Path | None = None
    client: str | None = None
    join: bool = False
    relay: str | None = None
    device: str = "cpu"
    keep_rounds: int = KEEP_ROUNDS
    shadow: AnyPolicy | None = None
    proof: bytes | None = None
    store_patience: float = 30.0
    start_seconds: float = START_SECONDS

    @property
    def told(self) -> dict[str, Any]:
        """What of it decides what is learned, by name, for who compares clients."""
        return {"data": self.data.path or self.data.share, "train": self.data.train, **self.training}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A client's parts after they were checked.

    Attributes:
        task: Where the deployment's task is here, with its digest.
        learning: Its rows and what it computes; None for one that leaves without rows.
        artefacts: Its cache and the stores.
        proof: What joining needs.
        wish: What its owner wants.
        outlook: Its situation when it was checked.
        native: Its native coin, wei.
        unit: The deployment's token.
    """

    task: str
    learning: MemberLearning | None
    artefacts: ClientArtefacts
    proof: bytes
    wish: Wish
    outlook: Outlook
    native: int
    unit: Unit

    @property
    def next_action(self) -> Action:
        """What the client would do now."""
        return decide(self.outlook.view, self.outlook.me, self.outlook.wallet, self.wish)

    @property
    def forgoes_seats(self) -> bool:
        """Whether it leaves without playing what is, or may yet be, its to play."""
        view, me = self.outlook.view, self.outlook.me
        owes = me.is_member or view.seat_of(me) in (Seat.COMMITTED, Seat.VOTED)
        return self.wish.leave and not self.wish.plays and owes


def prepare(
    chain: Chain,
    deployment: LiveDeployment,
    address: str,
    options: ClientOptions,
    permit_: Permit | None,
    goes_on: bool = False,
) -> Prepared:
    """Check everything that a client needs, sending nothing: its own files before its tokens.

    Args:
        chain: Where.
        deployment: Which.
        address: The account's.
        options: What its owner chose.
        permit_: Makes permits for stores; None for none.
        goes_on: Whether who is in plays in spite of what its relay, stores and cache refuse: most of a seat
            needs none of them, and they may be back before it ends.

    Raises:
        OffchainError: With a sentence on each thing that is wrong.
        MLError: When that is only the rows, which cannot be read or scored.
    """
    rules = deployment.configuration.learning
    _require_rules(deployment, options)
    unit = Unit.read(chain, deployment)
    client = options.client or address
    outlook = look(chain, deployment, client, address)
    joins = not outlook.me.is_member and not options.leave
    if joins:
        _require_own_code(chain, deployment)
    wish = _wish(options, unit, operates=client != address)
    learning, native, proof, faults = None, 0, b"", Faults()
    artefacts = _artefacts(deployment, client, options, rules.schema_, permit_)
    with faults.noting():
        if wish.plays:
            learning = _learning(deployment, options)
    with faults.noting():
        if joins:
            _require_origin(chain, deployment, options.origin, artefacts)
    with faults.noting():
        if wish.operates:
            _require_operator(deployment, outlook, address, options)
    with faults.noting():
        if not (wish.operates or wish.leave):
            proof = _proof(chain, deployment, outlook, options.proof)
    with faults.noting():
        _require_means(deployment, outlook, wish, unit)
    with faults.noting():
        native = _coin(chain, outlook, address, options)
    with faults.noting():
        if options.salts is not None and not options.join:
            require_kept(options.salts)
    is_tolerant = goes_on and not joins
    with faults.noting(), _told(is_tolerant):
        if options.relay is not None:
            require_relay(options.relay, deployment)
    with faults.noting(), _told(is_tolerant):
        if wish.plays:
            _require_stores(options)
            artefacts.check(0.0 if faults.any or is_tolerant else options.store_patience)
    faults.require_none()
    named = options.data.here(deployment.folder).named(rules.task, rules.task_options)
    task = f"{named.name}, digest {rules.task_digest}"
    return Prepared(task, learning, artefacts, proof, wish, outlook, native, unit)


@contextmanager
def _told(is_tolerant: bool) -> Iterator[None]:
    """Say what a relay, a store or the cache refuses, where that keeps nobody from playing."""
    try:
        yield
    except (RelayError, StoreError) as error:
        if not is_tolerant:
            raise
        _log.warning("%s; going on without it", error)


def _require_rules(deployment: LiveDeployment, options: ClientOptions) -> None:
    """Require the founders' file; who leaves and plays no more needs its key alone."""
    if deployment.configuration.learning.rules == deployment.parameters.rules:
        return
    told = f"the learning rules in deployment {deployment.name}'s configuration are not those of the contract"
    if not options.leave or _can_play(options):
        raise ConfigurationError(f"{told}: get the founders' file")
    _log.warning("%s; who leaves and plays no more does not need them", told)


def make_client(chain: Chain, deployment: LiveDeployment, key: MessageKey, options: ClientOptions) -> Client:
    """Return a client that can run.

    Raises:
        OffchainError: With one sentence on the first thing that is wrong; nothing was sent.
        MLError: When the rows cannot be read or scored.
    """
    place, acts = place_of(deployment), Acts(deployment, key, options.client)

    def permits(root: bytes | None) -> str:
        return permit(place, root, chain.head().time + LIFETIME, key.sign_message)

    prepared = prepare(chain, deployment, key.address, options, permits, goes_on=True)
    learning, parameters, rules = prepared.learning, deployment.parameters, deployment.configuration.learning
    most = parameters.max_samples
    first = partial(_first_model, deployment, options, learning)
    work = RoundWork(
        history=history_of(chain, deployment, log_cache(deployment, options.cache)),
        lineage=Lineage(first, parameters, rules.schema_, prepared.artefacts.get, rules.memory),
        memory=rules.memory,
        learning=learning,
        artefacts=prepared.artefacts,
        committer=Committer(place, acts.client, _salts(options, key, acts.client, place)),
        samples=[min(most, learning.samples)] if learning else range(1, most + 1),
        votes=OwnVotes(own_folder(deployment, acts.client, options.cache)),
    )
    relay = _relay(options.relay, deployment, acts)
    sender = Sender(chain, key, options.sending)
    if prepared.forgoes_seats:
        _log.warning("%s", leaving(deployment.parameters, prepared.unit))
    return Client(
        chain,
        deployment,
        sender,
        acts,
        Payer(chain, deployment, key, acts.client),
        work,
        prepared.wish,
        prepared.proof,
        options.poll,
        prepared.unit,
        relay,
    )


def _wish(options: ClientOptions, unit: Unit, operates: bool) -> Wish:
    for option, given in (("--leave", options.leave), ("--join", options.join)):
        if operates and given:
            raise ConfigurationError(
                f"{option} takes the client's own key, not its operator's: leave out {option}, or "
                "--client-address"
            )
    if options.leave and options.join:
        raise ConfigurationError("--join and --leave exclude each other: give one of them")
    keep = unit.base_units(options.keep) if options.keep else 0
    plays = not options.join and (not options.leave or _can_play(options))
    return Wish(options.leave, keep, plays, operates, options.join)


def _can_play(options: ClientOptions) -> bool:
    return options.data.is_given and bool(options.stores)


def _learning(deployment: LiveDeployment, options: ClientOptions) -> MemberLearning:
    parameters, folder = deployment.parameters, deployment.folder
    opening = Opening(
        rules=deployment.configuration.learning,
        folder=folder,
        data=options.data,
        training=dict(options.training),
        device=require_device(options.device),
        shadow=options.shadow,
    )
    train, judge = (max(LEAST_SECONDS, each) for each in (parameters.propose_for, parameters.vote_for))
    limits = Limits(train, judge, options.start_seconds, _hidden(options))
    learning = member_learning(opening, limits)
    for sentence in learning.told:
        _log.info("rows: %s", sentence)
    return learning


def _first_model(
    deployment: LiveDeployment, options: ClientOptions, learning: MemberLearning | None
) -> Parameters:
    """The first model, which who has rows has checked; no task runs beside the key for who has none."""
    if learning is not None:
        return learning.genesis
    rules, here = deployment.configuration.learning, options.data.here(deployment.folder)
    if rules.genesis is not None:
        return first_model(rules, here)
    found: Parameters = beside_key(first_model, rules, here, _hidden(options))
    require_bound(rules, found, "the seed's")
    return found


def _hidden(options: ClientOptions) -> tuple[Path, ...]:
    """What the task's code is not to see."""
    return (*key_places(), *([options.salts] if options.salts else []))


def _require_stores(options: ClientOptions) -> None:
    if not options.stores:
        raise OffchainError("no store was named; give --store a folder, s3://…, https://… or ipfs+http://…")


def _require_operator(
    deployment: LiveDeployment, outlook: Outlook, address: str, options: ClientOptions
) -> None:
    """Require the account to be the client's operator, and salts that outlive it."""
    client = outlook.me.address
    if outlook.operator != address:
        has = "has none" if outlook.operator == NOBODY else f"has {outlook.operator}"
        raise AccountError(
            f"{address} is not the operator of {client}, which {has} in deployment {deployment.name}: the "
            f"client's own key names it with `ape run operator {address}`"
        )
    if options.salts is None:
        raise ConfigurationError(
            "an operator's key may be replaced, and the next one must open what this one committed to: give "
            "--salts FILE, a secret that is made where there is none and kept through all keys"
        )


def _coin(chain: Chain, outlook: Outlook, address: str, options: ClientOptions) -> int:
    """The account's coin, wei; whoever needs some has it."""
    # What a member plays a relay sends and pays for; joining and leaving it does not.
    free_rider = options.relay is not None and outlook.me.is_member and not options.leave
    return chain.balance(address) if free_rider else require_funds(chain, address)


def _salts(options: ClientOptions, key: MessageKey, client: str, place: Place) -> Salts:
    if options.join:
        return Salts(secrets.token_bytes(32))  # Who joins and no more commits to nothing.
    return Salts.signed(key, place) if options.salts is None else Salts.kept(options.salts, client, place)


def _relay(url: str | None, deployment: LiveDeployment, acts: Acts) -> RelayLine | None:
    if url is None:
        return None
    return RelayLine(url, acts, patience_of(deployment.parameters))


def _require_own_code(chain: Chain, deployment: LiveDeployment) -> None:
    """Whoever is in gets out with any version; nobody new stakes on code that it did not compile."""
    try:
        require_code(chain, deployment)
    except NodeRefusedError as error:
        _log.warning("the contracts' code could not be compared, try another node with --rpc: %s", error)


def _require_origin(
    chain: Chain, deployment: LiveDeployment, origin: Origin, artefacts: ClientArtefacts
) -> None:
    """Nobody new stakes on a first model that is said to be another deployment's and is not."""
    try:
        require_origin(deployment.configuration, deployment.manager.interface, chain, origin, artefacts.get)
    except (BytesGoneError, ChainError, DeploymentError) as error:
        raise ConfigurationError(
            f"{error}; where that is gone for good, --accept-genesis takes the first model as the founders "
            "hand it out"
        ) from error


def _proof(chain: Chain, deployment: LiveDeployment, outlook: Outlook, given: bytes | None) -> bytes:
    """What joining shows, once the contract was asked what it would make of that."""
    client = outlook.me.address
    proof, admission = shown(deployment.configuration, client, given), deployment.admission
    if admission is None or outlook.me.is_member:
        return proof
    who = f"{admission.interface.name} at {admission.address}"
    try:
        # Not the admission itself: the manager asks with less gas, and takes fewer answers, than this would.
        chain.simulate(Invocation(deployment.manager, "join", (proof,)), client)
    except CallRevertedError as error:
        if error.error == "AdmissionFailed":
            raise ConfigurationError(
                f"{who}, which says who may join deployment {deployment.name}, gives no answer about "
                f"{client}: ask whoever keeps it, and what --admission-proof is to hold"
            ) from error
        if error.error == "NotAdmitted":
            raise ConfigurationError(
                f"{client} is not among those that may join deployment {deployment.name}, says {who}: "
                "ask whoever keeps it"
                + (", or show it with --admission-proof what it asks for" if not proof else "")
            ) from error
        # Whatever else it refuses, the bond that is not there yet, comes after that question.
    return proof


def _require_means(deployment: LiveDeployment, outlook: Outlook, wish: Wish, unit: Unit) -> None:
    me, wallet, bond = outlook.me, outlook.wallet, deployment.parameters.bond
    if wish.leave or wish.operates or me.is_member:
        return
    if me.is_removed:
        raise AccountError(
            f"{me.address} was removed from deployment {deployment.name} for good; --leave takes out the rest"
        )
    missing = bond - spendable(outlook.view, me)
    if wallet.balance < missing:
        raise AccountError(
            f"{me.address} is no member, and joining takes {unit.named(bond)} (token "
            f"{deployment.token.address}): {unit.text(missing)} are missing and its wallet has "
            f"{unit.text(wallet.balance)}"
        )


def _artefacts(
    deployment: LiveDeployment, address: str, options: ClientOptions, schema: Schema, permit_: Permit | None
) -> ClientArtefacts:
    p, place = deployment.parameters, place_of(deployment)
    # A store that hangs must leave time for the next, twice over, in half of the vote phase.
    seconds = min(STORE_SECONDS, p.vote_for / (4 * max(1, len(options.stores))))
    shared = Artefacts(
        [open_store(url, schema, place, permit_) for url in options.stores],
        schema,
        seconds=seconds,
        attempts=2,
    )
    own = own_folder(deployment, address, options.cache)
    return ClientArtefacts(own, shared, schema, options.keep_rounds)
