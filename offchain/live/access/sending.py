"""How an account sends: settings, and what fees follow from a chain's state."""

import logging
from collections.abc import Callable
from statistics import median_low

from pydantic import BaseModel, ConfigDict, Field

from offchain.live.access.chain import Block, Chain
from offchain.live.access.rpc import host
from offchain.live.errors import FeeCapError

_log = logging.getLogger(__name__)

GWEI = 10**9
PLAIN_TIP = 3 * GWEI // 2
"""The most that is offered on one node's word, wei per gas: web3.py's bound. Where the base fee is more, a
tip as large as that is not unusual; chains with a least tip say so when they are offered less."""
LONE_TIP = 2 * PLAIN_TIP
"""The most that is paid where one node is all that says what a chain asks for, wei per gas: room to replace a
plain one, and no more, since fees, blocks and the time are what that node says they are."""
LEAST_TIP = 10**6  # wei per gas; a builder's own choice where blocks are empty
TRANSACTION_GAS = 2**24
"""The most gas that a transaction may execute (EIP-7825); what new state takes comes on top (EIP-8037)."""
_MARGIN = (5, 4)  # Gas beyond the estimate: storage may be colder by the time it is mined.
_STEP = (9, 8)  # Nodes take a replacement that pays 10 % more; 12.5 % is what geth asks of others' blobs.


class SendingSettings(BaseModel):
    """What one account may pay and how long it waits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fee_cap: int = Field(100 * GWEI, gt=0, description="Most that is ever paid, wei per gas.")
    tip_cap: int | None = Field(
        None,
        gt=0,
        description="Most of it that builders get; None: LONE_TIP on one node's word, else the fee cap.",
    )
    confirmations: int = Field(
        2, ge=1, le=100, description="Blocks, the transaction's own included, after which it counts as done."
    )
    patience: int = Field(
        45, ge=1, description="Seconds, of the chain, after which what was not mined is replaced."
    )
    outage: float = Field(
        3600, gt=0, description="Seconds without an answer from any node until waiting for a receipt ends."
    )
    poll: float = Field(1.0, gt=0, description="Seconds between two looks at the chain.")

    def largest_tip(self, nodes: int) -> int:
        """The most that builders get, wei per gas, on the word of so many nodes."""
        witnessed = self.fee_cap if nodes > 1 else LONE_TIP
        return min(self.tip_cap or witnessed, self.fee_cap)


class Fees(BaseModel):
    """What a transaction offers, wei per gas."""

    model_config = ConfigDict(frozen=True)

    max_fee: int
    tip: int

    def raised(self) -> "Fees":
        """The least fees with which nodes take a replacement."""
        return Fees(max_fee=_step(self.max_fee), tip=_step(self.tip))

    def tipping(self, asked: int | None, cap: int, largest: int) -> "Fees":
        """These with the tip that a node asks for, or twice the tip; within the cap and the largest tip."""
        tip = min(asked or 2 * self.tip, cap, max(largest, self.tip))
        return Fees(max_fee=min(self.max_fee + tip - self.tip, cap), tip=tip)

    def above_base(self, base: int | None, cap: int) -> "Fees":
        """These for a base fee that a node names, or twice the fee where it does not say; at most the cap."""
        return Fees(max_fee=min(2 * (base or self.max_fee) + self.tip, cap), tip=self.tip)

    def at_least(self, other: "Fees") -> "Fees":
        """The larger of both, part by part."""
        return Fees(max_fee=max(self.max_fee, other.max_fee), tip=max(self.tip, other.tip))


def current_fees(chain: Chain, head: Block, settings: SendingSettings) -> Fees:
    """Return fees that are mined soon, even when the base fee doubles.

    Args:
        chain: Where.
        head: Its latest block.
        settings: What may be offered.

    Raises:
        FeeCapError: When even the current base fee is above the cap.
    """
    cap = settings.fee_cap
    if head.base_fee + LEAST_TIP > cap:
        raise FeeCapError(
            f"gas costs {shown(head.base_fee)} gwei, above the cap of {shown(cap)}: wait, or raise --fee-cap"
        )
    tip = _tip(chain, head.base_fee, settings)
    max_fee = min(2 * head.base_fee + tip, cap)
    return Fees(max_fee=max_fee, tip=min(tip, max_fee))


def _tip(chain: Chain, base_fee: int, settings: SendingSettings) -> int:
    """What recent blocks' builders got, as a node tells it; of a large one all nodes' median, bounded."""
    told = chain.tip()
    if told <= PLAIN_TIP:
        return min(max(told, LEAST_TIP), settings.largest_tip(1))
    tips = chain.tips() or [told]
    # What one node says of the base fee bounds nothing that it says of tips.
    usual = max(PLAIN_TIP, base_fee if len(tips) > 1 or settings.tip_cap else 0)
    tip = min(median_low(tips), usual, settings.largest_tip(len(tips)))
    if tip < told:
        _log.warning(
            "%s tells of tips of %s gwei; %s is offered, more where that is too little",
            host(chain.rpc.urls[0]), shown(told), shown(tip),
        )  # fmt: skip
    return max(tip, min(LEAST_TIP, settings.largest_tip(1)))


def with_margin(estimate: int, block_gas: Callable[[], int]) -> int:
    """Return the gas to send with for an estimate, as much more as the chain allows.

    Args:
        estimate: What a node found to be enough.
        block_gas: Asked for a block's gas when one transaction may use more than EIP-7825 allows to execute,
            which is so where new state is paid for apart.

    >>> with_margin(100_000, lambda: 0), with_margin(16_000_000, lambda: 0)
    (125000, 16777216)
    >>> with_margin(40_000_000, lambda: 45_000_000)
    45000000
    """
    more, of = _MARGIN
    most = TRANSACTION_GAS if estimate <= TRANSACTION_GAS else max(estimate, block_gas())
    return min(estimate * more // of, most)


def shown(wei: int) -> str:
    """Wei per gas as gwei.

    >>> shown(1_500_000_000)
    '1.5'
    """
    return f"{wei / GWEI:.9g}"


def _step(fee: int) -> int:
    numerator, denominator = _STEP
    return fee * numerator // denominator + 1
