"""From options to a client that can start: everything that can be wrong is found before anything is sent."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ml.device import require_device
from ml.updates.schema import Schema
from offchain.errors import StoreError
from offchain.learning.apart import beside_key
from offchain.learning.common import Parameters
from offchain.learning.genesis import first_model, require_bound
from offchain.live.access.account import MessageKey, key_places
from offchain.live.access.chain import Chain
from offchain.live.access.sender import Sender
from offchain.live.client.apart import Limits, MemberLearning, member_learning
from offchain.live.client.apart_service import Opening
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.choices import ClientOptions
from offchain.live.client.client import Client, Outlook, look
from offchain.live.client.commitments import Committer
from offchain.live.client.decision import Action, Wish, decide
from offchain.live.client.faults import Faults
from offchain.live.client.paying import Payer
from offchain.live.client.round_work import RoundWork
from offchain.live.client.salts import Salts, require_kept
from offchain.live.client.start_checks import (
    coin_of,
    proof_of,
    require_first_model,
    require_means,
    require_operator,
    require_own_code,
    require_rules,
    require_stores,
)
from offchain.live.client.words import leaving
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment, place_of
from offchain.live.errors import (
    ConfigurationError,
    RelayError,
)
from offchain.live.relaying.acts import Acts
from offchain.live.relaying.line import RelayLine, patience_of, require_relay
from offchain.live.verifying.lineage import Lineage
from offchain.live.watching.history import history_of
from offchain.live.watching.log_cache import log_cache
from offchain.live.watching.own_votes import OwnVotes, own_folder
from offchain.reference import Seat
from offchain.stores.artefacts import Artefacts
from offchain.stores.http import Permit
from offchain.stores.opening import open_store
from offchain.stores.permits import LIFETIME, Place, permit

_log = logging.getLogger(__name__)

STORE_SECONDS = 30.0
LEAST_SECONDS = 300.0
"""For which a worker may train or judge, however short a phase is: a late update costs a seat, no restart."""


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
    require_rules(deployment, options)
    unit = Unit.read(chain, deployment)
    client = options.client or address
    outlook = look(chain, deployment, client, address)
    joins = not outlook.me.is_member and not options.leave
    if joins:
        require_own_code(chain, deployment)
    wish = _wish(options, unit, operates=client != address)
    learning, native, proof, faults = None, 0, b"", Faults()
    artefacts = _artefacts(deployment, client, options, rules.schema_, permit_)
    with faults.noting():
        if wish.plays:
            learning = _learning(deployment, options)
    with faults.noting():
        if joins:
            require_first_model(chain, deployment, options.origin, artefacts)
    with faults.noting():
        if wish.operates:
            require_operator(deployment, outlook, address, options)
    with faults.noting():
        if not (wish.operates or wish.leave):
            proof = proof_of(chain, deployment, outlook, options.proof)
    with faults.noting():
        require_means(deployment, outlook, wish, unit)
    with faults.noting():
        native = coin_of(chain, outlook, address, options)
    with faults.noting():
        if options.salts is not None and not options.join:
            require_kept(options.salts)
    _note_servers(faults, deployment, options, artefacts if wish.plays else None, goes_on and not joins)
    faults.require_none()
    named = options.data.here(deployment.folder).named(rules.task, rules.task_options)
    task = f"{named.name}, digest {rules.task_digest}"
    return Prepared(task, learning, artefacts, proof, wish, outlook, native, unit)


def _note_servers(
    faults: Faults,
    deployment: LiveDeployment,
    options: ClientOptions,
    artefacts: ClientArtefacts | None,
    is_tolerant: bool,
) -> None:
    """Note what the relay refuses, and the stores of who plays; told alone where that keeps nobody out."""
    with faults.noting(), _told(is_tolerant):
        if options.relay is not None:
            require_relay(options.relay, deployment)
    with faults.noting(), _told(is_tolerant):
        if artefacts is not None:
            require_stores(options)
            artefacts.check(0.0 if faults.any or is_tolerant else options.store_patience)


@contextmanager
def _told(is_tolerant: bool) -> Iterator[None]:
    """Say what a relay, a store or the cache refuses, where that keeps nobody from playing."""
    try:
        yield
    except (RelayError, StoreError) as error:
        if not is_tolerant:
            raise
        _log.warning("%s; going on without it", error)


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
    plays = not options.join and (not options.leave or options.can_play)
    return Wish(options.leave, keep, plays, operates, options.join)


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


def _salts(options: ClientOptions, key: MessageKey, client: str, place: Place) -> Salts:
    if options.join:
        return Salts(secrets.token_bytes(32))  # Who joins and no more commits to nothing.
    return Salts.signed(key, place) if options.salts is None else Salts.kept(options.salts, client, place)


def _relay(url: str | None, deployment: LiveDeployment, acts: Acts) -> RelayLine | None:
    if url is None:
        return None
    return RelayLine(url, acts, patience_of(deployment.parameters))


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
