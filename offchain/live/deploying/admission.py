"""Who may join: the Merkle tree behind a deployment's `admissionRoot` (OpenZeppelin's, pairs sorted)."""

from collections.abc import Sequence

from ml.updates.hashing import keccak256
from offchain.live.errors import ConfigurationError
from offchain.reference.commitments import digest

OPEN = bytes(32)
"""The root of a deployment that anyone may join."""


def admission_root(addresses: Sequence[str]) -> bytes:
    """Return the 32-byte root over addresses in hex; OPEN when there are none."""
    return _layers(addresses)[-1][0] if addresses else OPEN


def admission_proof(addresses: Sequence[str], address: str) -> list[bytes]:
    """Return what `join` needs of `address`: the siblings on its way to the root; none when all may join.

    Raises:
        ConfigurationError: When the address is not among those admitted.
    """
    if not addresses:
        return []
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
