"""Whether the code that stands is what this version compiles: parameters alone say nothing about it."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from offchain.chain.gateway import Deployed, create_address
from offchain.errors import CallRevertedError
from offchain.live.access.chain import Chain, Creation
from offchain.live.deploying.admission import EXISTING, admission_arguments, admission_name
from offchain.live.deploying.configuration import NewToken
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.deploying.parameters import NEW_TOKEN_DECIMALS, base_units
from offchain.live.errors import DeploymentError
from offchain.reference.state import NOBODY

_POOL_NONCE = 1  # The manager's first and only creation.
_LENGTH_BYTES = 2


@dataclass(frozen=True)
class _Made:
    """A contract, and how it was made."""

    contract: Deployed
    arguments: tuple[object, ...]
    creator: str
    nonce: int
    makes: tuple[str, ...] = ()  # what its constructor creates in turn


def require_code(chain: Chain, deployment: LiveDeployment) -> None:
    """Raise DeploymentError unless every contract's code is what its constructor makes here.

    The node runs each constructor again, at the same address and with the same arguments, without sending
    anything; what it returns, immutable values included, is compared with what stands. A token and an
    admission that were there before are left out.

    Raises:
        DeploymentError: For the first contract that is another.
        NodeRefusedError: When the node cannot imagine other states.
    """
    for made in _contracts(chain, deployment):
        name, address = made.contract.interface.name, made.contract.address
        if create_address(made.creator, made.nonce) != address:
            raise DeploymentError(f"{name} at {address} was not created as the address book says")
        try:
            expected = _run_again(chain, made)
        except CallRevertedError as error:
            raise DeploymentError(f"{name} could not be deployed by this version: {error}") from error
        if _code(expected) != _code(chain.code(address, due=True)):
            raise DeploymentError(
                f"the code of {name} at {address} is not what this version compiles: use the version that "
                "it was deployed with, and do not stake on it unless you know why it differs"
            )


def _contracts(chain: Chain, deployment: LiveDeployment) -> Iterator[_Made]:
    book, configuration = deployment.book, deployment.configuration
    manager, pool, token = deployment.manager, deployment.pool, deployment.token
    source = deployment.source
    salt = bytes.fromhex(configuration.seed_salt[2:])
    arguments: dict[str, tuple[object, ...]] = {
        source.interface.name: (salt,) if configuration.seed_source == "simulated" else (),
        manager.interface.name: (
            token.address,
            source.address,
            NOBODY if deployment.admission is None else deployment.admission.address,
            astuple(deployment.parameters),
        ),
    }
    standing = [source, manager]
    if (admission := deployment.admission) is not None and admission_name(configuration) != EXISTING:
        arguments[admission.interface.name] = admission_arguments(configuration)
        standing.append(admission)
    if isinstance(configuration.token, NewToken):
        new = configuration.token
        supply = base_units("token.supply", new.supply, NEW_TOKEN_DECIMALS)
        arguments[token.interface.name] = (new.name, new.symbol, supply, book.deployer)
        standing.append(token)
    if deployment.relay is not None:
        arguments[deployment.relay.interface.name] = (manager.address,)
        standing.append(deployment.relay)
    for contract in standing:
        name = contract.interface.name
        makes = (pool.address,) if contract is manager else ()
        nonce = _nonce(chain, name, book.contracts[name].transaction)
        yield _Made(contract, arguments[name], book.deployer, nonce, makes)
    yield _Made(pool, (token.address,), manager.address, _POOL_NONCE)


def _nonce(chain: Chain, name: str, transaction: str | None) -> int:
    found = None if transaction is None else chain.transaction(transaction)
    if not found:
        raise DeploymentError(
            f"the node does not know the transaction that deployed {name}; try another with --rpc"
        )
    return int(found["nonce"], 16)


def _run_again(chain: Chain, made: _Made) -> bytes:
    """What the constructor returns, as if nothing stood yet at any address that it creates."""
    empty = {"code": "0x", "nonce": "0x0"}
    imagined = {address: empty for address in (made.contract.address, *made.makes)}
    imagined[made.creator] = {"code": "0x", "nonce": hex(made.nonce)}
    return chain.imagine(Creation(made.contract.interface, made.arguments), made.creator, imagined)


def _code(runtime: bytes) -> bytes:
    """Without the compiler's note on the source's text, in which a comment would count."""
    note = int.from_bytes(runtime[-_LENGTH_BYTES:]) + _LENGTH_BYTES
    return runtime[:-note] if note <= len(runtime) else runtime
