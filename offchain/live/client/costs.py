"""What a round takes from a client on a rollup, beyond gas."""

from secrets import token_bytes

from offchain.chain.gateway import Deployed
from offchain.chain.signing import Transaction
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.rollup import data_fees, is_rollup
from offchain.live.deploying.deployment import LiveDeployment

_ETHER = 10**18
_GAS, _MAX_FEE, _TIP = 60_000, 10**9, 10**6
"""Their bytes count, not what they say."""


def data_cost(chain: Chain, deployment: LiveDeployment) -> str | None:
    """Return what a round's transactions take for their bytes on Ethereum, in words; None on other chains."""
    if not is_rollup(chain):
        return None
    to, told = bytes.fromhex(deployment.manager.address[2:]), []
    for who, calls in _round(deployment.manager).items():
        fee = data_fees(
            chain, [Transaction(0, to, each.data, _GAS, _MAX_FEE, _TIP, chain.chain_id) for each in calls]
        )
        if fee is None:
            return "takes a fee for data on Ethereum, not known: getL1Fee gives no answer"
        told.append(f"{fee / _ETHER:.9f} from {who}")
    return f"takes {' and '.join(told)} a round for data on Ethereum, beyond gas"


def _round(manager: Deployed) -> dict[str, list[Invocation]]:
    """What a client sends in its seat. Random bytes compress as little as the digests that they stand for."""
    commitment, root, salt = token_bytes(24), token_bytes(32), token_bytes(32)
    return {
        "a proposer": [
            Invocation(manager, "propose", (commitment,)),
            Invocation(manager, "publish", (root, 1, salt)),
        ],
        "a voter": [
            Invocation(manager, "commitBallot", (commitment,)),
            Invocation(manager, "revealBallot", (1, salt)),
        ],
    }
