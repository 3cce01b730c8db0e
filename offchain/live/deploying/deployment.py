"""A deployment that stands: its configuration, its addresses, its contracts, checked against the chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ethpm_types import ContractType

from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.errors import ChainError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.admission import EXISTING, admission_name
from offchain.live.deploying.book import AddressBook, configuration_digest, named_files, read_book
from offchain.live.deploying.configuration import SOURCES, Configuration, load_configuration
from offchain.live.deploying.parameters import named, parameters_read
from offchain.live.errors import ConfigurationError, DeploymentError, NodeUnavailableError
from offchain.reference import Parameters
from offchain.reference.state import NOBODY
from offchain.stores.permits import Place

_INTERFACES = {EXISTING: "IAdmission"}
"""Of contracts whose name in a book is not their own."""


@dataclass(frozen=True)
class LiveDeployment:
    """A complete deployment.

    Attributes:
        name: Its name, that of its files.
        folder: Of its files, beside which those that learning names are looked for.
        configuration: What its founders wrote.
        book: Where it stands.
        manager: The RoundManager.
        pool: The StakePool, which holds the tokens.
        token: The staked token.
        source: The seed source.
        admission: What says who may join; None where anyone may.
        relay: What batches signed calls; None where it is not deployed.
        parameters: The round manager's, base units and seconds.
    """

    name: str
    folder: Path
    configuration: Configuration
    book: AddressBook
    manager: Deployed
    pool: Deployed
    token: Deployed
    source: Deployed
    admission: Deployed | None
    relay: Deployed | None
    parameters: Parameters

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Of all its contracts."""
        contracts = (self.manager, self.pool, self.token, self.source, self.admission, self.relay)
        return tuple(each.interface for each in contracts if each is not None)

    @property
    def first_block(self) -> int:
        """The earliest block of which logs can matter."""
        return self.book.first_block


def load_deployment(name: str, contracts: Mapping[str, ContractType]) -> LiveDeployment:
    """Return a deployment from its two files, `deployments/NAME.yaml` and `deployments/NAME.json`.

    Args:
        name: Its name, or the path of either file.
        contracts: Compiled contracts by name.

    Raises:
        ConfigurationError: When a file is missing or damaged, or both do not belong together.
        DeploymentError: When the deployment is not complete.
    """
    yaml_path, json_path = named_files(name)
    configuration, book = load_configuration(yaml_path), _require_book(json_path)
    if book.configuration != configuration_digest(configuration):
        raise ConfigurationError(
            f"{yaml_path} is not what {json_path} was deployed from: restore it, or deploy under another name"
        )
    if not book.complete:
        raise DeploymentError(f"the deployment in {json_path} is not complete: run `ape run deploy` again")

    def at(contract: str, interface: str) -> Deployed:
        return Deployed(Interface(contracts[interface]), book.contracts[contract].address)

    admission = admission_name(configuration)
    try:
        return LiveDeployment(
            name=Path(name).stem,
            folder=yaml_path.parent,
            configuration=configuration,
            book=book,
            manager=at("RoundManager", "RoundManager"),
            pool=at("StakePool", "StakePool"),
            token=at("StakeToken", "StakeToken"),
            source=at(
                SOURCES[configuration.seed_source],
                SOURCES[configuration.seed_source],
            ),
            admission=None if admission is None else at(admission, _INTERFACES.get(admission, admission)),
            relay=at("Relay", "Relay") if "Relay" in book.contracts else None,
            parameters=_parameters(json_path, book),
        )
    except KeyError as error:
        raise ConfigurationError(f"{json_path} is complete and lacks {error}; restore it") from error


def place_of(deployment: LiveDeployment) -> Place:
    """Return where a deployment is, as commitments, salts and permits name it."""
    return Place(deployment.book.chain_id, deployment.manager.address)


def require_deployed(chain: Chain, deployment: LiveDeployment) -> None:
    """Raise DeploymentError unless the contracts stand on this chain with the parameters of the book."""
    if chain.chain_id != deployment.book.chain_id:
        raise DeploymentError(
            f"this is chain {chain.chain_id}, deployment {deployment.name} is on chain "
            f"{deployment.book.chain_id}; check --network and --rpc"
        )
    address = deployment.manager.address
    if not chain.has_code(address, due=True):
        raise DeploymentError(
            f"there is no contract at {address} on chain {chain.chain_id}; check the address book of "
            f"deployment {deployment.name}"
        )
    calls = ("parameters", "POOL", "SEED_SOURCE", "ADMISSION")
    try:
        found, pool, source, admission = chain.read([Invocation(deployment.manager, call) for call in calls])
    except NodeUnavailableError:
        raise
    except (ChainError, ValueError) as error:
        raise DeploymentError(f"the contract at {address} is no RoundManager ({error})") from error
    require_same(deployment.parameters, parameters_read(found))
    if (pool.lower(), source.lower()) != (deployment.pool.address, deployment.source.address):
        raise DeploymentError(
            f"the RoundManager at {address} belongs to pool {pool} and seed source {source}, the address "
            f"book says {deployment.pool.address} and {deployment.source.address}"
        )
    expected = NOBODY if deployment.admission is None else deployment.admission.address
    if admission.lower() != expected:
        raise DeploymentError(
            f"the RoundManager at {address} asks {admission} who may join, the address book says {expected}"
        )


def require_same(expected: Parameters, found: Parameters) -> None:
    """Raise DeploymentError for the first parameter on the chain that is another than expected."""
    on_chain = named(found)
    for name, value in named(expected).items():
        if on_chain[name] != value:
            raise DeploymentError(f"the deployed {name} is {on_chain[name]}, expected {value}")


def _parameters(path: Path, book: AddressBook) -> Parameters:
    values = {
        name: bytes.fromhex(str(value)[2:]) if name == "rules" else value
        for name, value in book.parameters.items()
    }
    try:
        return Parameters(**values)  # type: ignore[arg-type]
    except TypeError as error:
        raise ConfigurationError(
            f"{path} was deployed with other parameters than this version has ({error}): use the version "
            "that deployed it, or deploy anew, with --continue to keep what was learned"
        ) from error


def _require_book(path: Path) -> AddressBook:
    book = read_book(path)
    if book is None:
        raise DeploymentError(f"there is no address book {path}: deploy first, or fetch the founders' file")
    return book
