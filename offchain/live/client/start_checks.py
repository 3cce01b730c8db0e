"""What a client's start checks beside its rows: founders' file, contracts, account, who may join."""

import logging

from offchain.errors import BytesGoneError, CallRevertedError, ChainError, OffchainError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.choices import ClientOptions
from offchain.live.client.client import Outlook
from offchain.live.client.decision import Wish, spendable
from offchain.live.continuing.origin import Origin, require_origin
from offchain.live.deploying.admission import shown
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.code_check import require_code
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError, ConfigurationError, DeploymentError, NodeRefusedError
from offchain.live.starting import require_funds
from offchain.reference.state import NOBODY

_log = logging.getLogger(__name__)


def require_rules(deployment: LiveDeployment, options: ClientOptions) -> None:
    """Require the founders' file; who leaves and plays no more needs its key alone.

    Raises:
        ConfigurationError: When its rules are not the contract's.
    """
    if deployment.configuration.learning.rules == deployment.parameters.rules:
        return
    told = f"the learning rules in deployment {deployment.name}'s configuration are not those of the contract"
    if not options.leave or options.can_play:
        raise ConfigurationError(f"{told}: get the founders' file")
    _log.warning("%s; who leaves and plays no more does not need them", told)


def require_own_code(chain: Chain, deployment: LiveDeployment) -> None:
    """Require contracts of this version: nobody new stakes on code that it did not compile.

    Raises:
        DeploymentError: When a contract has other code.
    """
    try:
        require_code(chain, deployment)
    except NodeRefusedError as error:
        _log.warning("the contracts' code could not be compared, try another node with --rpc: %s", error)


def require_first_model(
    chain: Chain, deployment: LiveDeployment, origin: Origin, artefacts: ClientArtefacts
) -> None:
    """Require a first model that is another deployment's, where that is said: nobody new stakes on another.

    Raises:
        ConfigurationError: When it is not, or nobody can tell any more.
    """
    try:
        require_origin(deployment.configuration, deployment.manager.interface, chain, origin, artefacts.get)
    except (BytesGoneError, ChainError, DeploymentError) as error:
        raise ConfigurationError(
            f"{error}; where that is gone for good, --accept-genesis takes the first model as the founders "
            "hand it out"
        ) from error


def require_operator(
    deployment: LiveDeployment, outlook: Outlook, address: str, options: ClientOptions
) -> None:
    """Require the account to be the client's operator, and salts that outlive it.

    Raises:
        AccountError: When it is not.
        ConfigurationError: When salts follow from a key that may be replaced.
    """
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


def proof_of(chain: Chain, deployment: LiveDeployment, outlook: Outlook, given: bytes | None) -> bytes:
    """Return what joining shows, once the contract was asked what it would make of that.

    Raises:
        ConfigurationError: When the client may not join, or nobody can tell.
    """
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


def require_means(deployment: LiveDeployment, outlook: Outlook, wish: Wish, unit: Unit) -> None:
    """Require the tokens that joining takes.

    Raises:
        AccountError: When some are missing, or the client was removed for good.
    """
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


def coin_of(chain: Chain, outlook: Outlook, address: str, options: ClientOptions) -> int:
    """Return the account's coin, wei; whoever needs some has it.

    Raises:
        InsufficientFundsError: When it has none and needs some.
    """
    # What a member plays a relay sends and pays for; joining and leaving it does not.
    free_rider = options.relay is not None and outlook.me.is_member and not options.leave
    return chain.balance(address) if free_rider else require_funds(chain, address)


def require_stores(options: ClientOptions) -> None:
    """Raise OffchainError when no store was named."""
    if not options.stores:
        raise OffchainError("no store was named; give --store a folder, s3://…, https://… or ipfs+http://…")
