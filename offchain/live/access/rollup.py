"""What a rollup of the OP Stack takes beyond gas: a fee for a transaction's bytes on Ethereum."""

from collections.abc import Sequence

from ethpm_types import ContractType

from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.chain.signing import Transaction, unsigned
from offchain.live.access.chain import Chain, Invocation
from offchain.live.errors import NodeRefusedError

# On every chain of the OP Stack, at the same address; it adds what a signature takes itself.
# https://github.com/ethereum-optimism/optimism, packages/contracts-bedrock/src/L2/GasPriceOracle.sol
_ORACLE = Deployed(
    Interface(
        ContractType.model_validate(
            {
                "contractName": "GasPriceOracle",
                "abi": [
                    {
                        "type": "function",
                        "name": "getL1Fee",
                        "stateMutability": "view",
                        "inputs": [{"name": "data", "type": "bytes"}],
                        "outputs": [{"name": "", "type": "uint256"}],
                    }
                ],
            }
        )
    ),
    "0x420000000000000000000000000000000000000f",
)


def is_rollup(chain: Chain) -> bool:
    """Return whether a chain takes such a fee."""
    return chain.has_code(_ORACLE.address)


def data_fees(chain: Chain, transactions: Sequence[Transaction]) -> int | None:
    """Return the fee of transactions together at Ethereum's prices of now, wei; None when it is not told.

    No fee cap bounds it: it is taken when a transaction is mined, at the price of that moment.
    """
    calls = [Invocation(_ORACLE, "getL1Fee", (unsigned(each),)) for each in transactions]
    try:
        return sum(map(int, chain.read(calls)))
    except NodeRefusedError:
        return None
