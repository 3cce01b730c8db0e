"""What `draw` needs to be shown: the anchor block's header in RLP, from what a node tells of the block."""

import rlp

from ml.updates.hashing import keccak256
from offchain.errors import ChainError
from offchain.live.access.chain import RawBlock

# In the order of their encoding; newer forks append fields.
_FIELDS = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"),
    *("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"),
    "requestsHash",
)
_NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}
_NUMBERS |= {"baseFeePerGas", "blobGasUsed", "excessBlobGas"}


def header_proof(block: RawBlock) -> bytes:
    """Return a block's header in RLP.

    Raises:
        ChainError: When it does not hash to the block's hash: the chain's headers have fields unknown here.
    """
    fields = [
        int(block[name], 16) if name in _NUMBERS else bytes.fromhex(block[name].removeprefix("0x"))
        for name in _FIELDS
        if block.get(name) is not None
    ]
    encoded: bytes = rlp.encode(fields)
    if "0x" + keccak256(encoded).hex() != block["hash"]:
        raise ChainError(
            f"the header of block {int(block['number'], 16)} does not hash to {block['hash']}; this chain's "
            "headers have fields that are not known here, use another seed source"
        )
    return encoded
