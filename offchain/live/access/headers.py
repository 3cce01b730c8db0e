"""A block's header in RLP, which a contract takes for proof: what `draw` needs to be shown."""

import rlp

from ml.updates.hashing import keccak256
from offchain.errors import ChainError
from offchain.live.access.chain import Chain, RawBlock
from offchain.live.errors import HeaderError

_FIELDS = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"),
    "baseFeePerGas",  # London
    "withdrawalsRoot",  # Shanghai
    *("blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"),  # Cancun
    "requestsHash",  # Prague
    *("blockAccessListHash", "slotNumber"),  # Amsterdam: EIP-7928, EIP-7843
)
"""In the order of their encoding, which every fork so far has appended to."""
_FRONTIER = 15
_NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"}
_NUMBERS |= {"blobGasUsed", "excessBlobGas", "slotNumber"}


def header_proof(chain: Chain, which: int | str) -> bytes:
    """Return a block's header in RLP: as the node has it, or put together from what it tells of the block.

    Args:
        chain: Where.
        which: The block's number, or `latest`.

    Raises:
        HeaderError: When neither hashes to the block's hash: nobody here could prove this chain's headers.
        NodeUnavailableError: When no node answers, or none has the block.
    """
    block = chain.raw_block(which)
    try:
        # Whatever fields a fork to come appends, this has them, and the contract reads by position.
        return _checked(block, _raw_header(chain, block))
    except ChainError:
        return assembled(block)


def assembled(block: RawBlock) -> bytes:
    """Return the header in RLP from the fields that a node tells of its block.

    The known fields of every fork are tried in order, for a node may tell more than its chain's headers have.

    Raises:
        HeaderError: When the fields of no fork hash to the block's hash.
    """
    for count in range(_FRONTIER, len(_FIELDS) + 1):
        try:
            return _checked(block, rlp.encode([_field(block, name) for name in _FIELDS[:count]]))
        except HeaderError:
            continue
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            break  # The node does not tell the next field: its chain has no later fork.
    raise HeaderError(
        f"the header of block {block.get('number')} cannot be proved: its hash {block.get('hash')} is not "
        "that of the fields known here (Frontier to Amsterdam), and the node has no raw header with it; "
        "try a node with debug_getRawHeader (--rpc) or a newer version, or deploy with seed_source blockhash"
    )


def _raw_header(chain: Chain, block: RawBlock) -> bytes:
    answer = chain.rpc.request("debug_getRawHeader", block.get("number"))
    try:
        return bytes.fromhex(answer.removeprefix("0x"))
    except (AttributeError, TypeError, ValueError):
        raise HeaderError("what the node hands out as raw header is no hexadecimal text") from None


def _checked(block: RawBlock, encoded: bytes) -> bytes:
    if "0x" + keccak256(encoded).hex() != str(block.get("hash")).lower():
        raise HeaderError("this is another header than the block's")
    return encoded


def _field(block: RawBlock, name: str) -> int | bytes:
    value: str = block[name]
    return int(value, 16) if name in _NUMBERS else bytes.fromhex(value.removeprefix("0x"))
