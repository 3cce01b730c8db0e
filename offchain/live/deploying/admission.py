"""Who may join: the contract that says so, and what a client shows it."""

from collections.abc import Sequence

from eth_abi.abi import encode

from ml.updates.hashing import keccak256
from offchain.live.deploying.configuration import Configuration, ExistingAdmission, Registry
from offchain.live.errors import ConfigurationError
from offchain.reference.commitments import digest

MERKLE, REGISTRY, EXISTING = "MerkleAdmission", "RegistryAdmission", "Admission"
"""Names in an address book: of contracts that are deployed, and of one that was there."""


def admission_name(configuration: Configuration) -> str | None:
    """Return the name in the address book of the contract that says who may join; None for anyone."""
    admission = configuration.admission
    if isinstance(admission, Registry):
        return REGISTRY
    if isinstance(admission, ExistingAdmission):
        return EXISTING
    return MERKLE if admission else None


def admission_arguments(configuration: Configuration) -> tuple[object, ...]:
    """Return what the constructor of such a contract takes, where one is deployed."""
    admission = configuration.admission
    if isinstance(admission, Registry):
        return admission.owner, list(admission.members)
    return (admission_root(configuration.listed),)


def admission_root(addresses: Sequence[str]) -> bytes:
    """Return the 32-byte root over addresses in hex, one at least (OpenZeppelin's tree, pairs sorted)."""
    return _layers(addresses)[-1][0]


def shown(configuration: Configuration, address: str, given: bytes | None) -> bytes:
    """Return what `join` shows of `address`: siblings in a tree, nothing to a registry, `given` to any other.

    Raises:
        ConfigurationError: When a tree has not the address, or nobody asks for what is `given`.
    """
    name = admission_name(configuration)
    if name == EXISTING:
        return given or b""
    if given is not None:
        raise ConfigurationError(
            "--admission-proof is what a contract of others asks for, and "
            f"{'anyone may join' if name is None else f'{name} asks for none'} here: leave it out"
        )
    if name != MERKLE:
        return b""
    return encode(["bytes32[]"], [admission_proof(configuration.listed, address)])


def admission_proof(addresses: Sequence[str], address: str) -> list[bytes]:
    """Return the siblings of `address` on its way to the root.

    Raises:
        ConfigurationError: When the address is not among those admitted.
    """
    layers, node = _layers(addresses), _leaf(address)
    if node not in layers[0]:
        raise ConfigurationError(f"{address} is not among the {len(addresses)} addresses that may join")
    place, proof = layers[0].index(node), []
    for layer in layers[:-1]:
        sibling = place ^ 1
        if sibling < len(layer):
            proof.append(layer[sibling])
        place //= 2
    return proof


def _layers(addresses: Sequence[str]) -> list[list[bytes]]:
    """All layers, leaves first; a node without a sibling moves up as it is."""
    layers = [sorted({_leaf(address) for address in addresses})]
    while len(layers[-1]) > 1:
        below = layers[-1]
        pairs = [below[i : i + 2] for i in range(0, len(below), 2)]
        layers.append([keccak256(b"".join(sorted(pair))) if len(pair) == 2 else pair[0] for pair in pairs])
    return layers


def _leaf(address: str) -> bytes:
    # Hashed twice: no inner node can pass for a leaf.
    return keccak256(digest(address.lower()))
