"""The list of those who may join that an owner keeps: what of a wish is news to it, and who may change it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ethpm_types import ContractType

from ml.messages import counted, reason
from ml.private_files import opened
from ml.utf8 import decoded
from offchain.chain.abi import Interface
from offchain.chain.addresses import address
from offchain.chain.gateway import Deployed
from offchain.errors import ChainError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.admission import MERKLE, admission_name
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError, ConfigurationError, DeploymentError, NodeUnavailableError

_LARGEST = 2**20  # bytes of a file; ten thousand addresses have half of that
_AT_ONCE = 200  # addresses in a transaction, some 5 million gas
_COMMENT = "#"


def addresses_in(path: Path) -> list[str]:
    """Return the addresses of a file, one a line; what follows a # is a comment.

    Raises:
        ConfigurationError: For the first line that is no address, or when the file cannot be read.
    """
    try:
        with opened(path, follow=True) as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        lines = decoded(content).splitlines()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the addresses in {path} cannot be read: {reason(error)}") from error
    found = []
    for number, line in enumerate(lines, 1):
        if text := line.partition(_COMMENT)[0].strip():
            try:
                found.append(address(text))
            except ValueError as error:
                raise ConfigurationError(f"{path}, line {number}: {error}") from error
    return found


@dataclass(frozen=True)
class Registry:
    """A list of who may join.

    Attributes:
        contract: That holds it.
        owner: Who keeps it, lower-case hex.
    """

    contract: Deployed
    owner: str


def registry_of(chain: Chain, deployment: LiveDeployment, contract: ContractType) -> Registry:
    """Return a deployment's registry.

    Raises:
        DeploymentError: When nobody keeps a list of who may join.
    """
    name, admission = admission_name(deployment.configuration), deployment.admission
    if admission is None:
        raise DeploymentError(f"anyone may join deployment {deployment.name}: there is no list to be changed")
    if name == MERKLE:
        raise DeploymentError(
            f"who may join deployment {deployment.name} is fixed for ever by a tree of "
            f"{counted(len(deployment.configuration.listed), 'address')}; another list takes another "
            "deployment, which goes on from this one's model with `ape run deploy --continue`"
        )
    registry = Deployed(Interface(contract), admission.address)
    try:
        owner, _ = chain.read(
            [Invocation(registry, "owner"), Invocation(registry, "isListed", (admission.address,))]
        )
    except NodeUnavailableError:
        raise
    except (ChainError, ValueError) as error:
        raise DeploymentError(
            f"{admission.address}, which says who may join deployment {deployment.name}, is no "
            f"RegistryAdmission ({error}): ask whoever keeps it"
        ) from error
    return Registry(registry, str(owner).lower())


def require_owner(registry: Registry, account: str) -> None:
    """Raise AccountError unless an account keeps the registry."""
    if registry.owner != account:
        raise AccountError(
            f"the list at {registry.contract.address} is kept by {registry.owner}, not by "
            f"{account}: use that account, or, where it is a Safe or a governor, "
            "have it send what --calldata prints"
        )


def changes(chain: Chain, registry: Registry, wanted: Sequence[str], listed: bool) -> list[str]:
    """Return those of `wanted` that are not yet `listed`, or unlisted, each once."""
    each = list(dict.fromkeys(wanted))
    now = chain.read([Invocation(registry.contract, "isListed", (client,)) for client in each])
    return [client for client, is_listed in zip(each, now, strict=True) if is_listed != listed]


def calls(registry: Deployed, clients: Sequence[str], listed: bool) -> Iterator[Invocation]:
    """What the owner has to send, so many addresses at once that a transaction takes them."""
    for start in range(0, len(clients), _AT_ONCE):
        some = list(clients[start : start + _AT_ONCE])
        yield Invocation(registry, "list" if listed else "unlist", (some,))
