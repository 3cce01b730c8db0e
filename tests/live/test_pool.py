"""What node programs say when they do not take a transaction: each in its own words, all understood."""
# ruff: noqa: E501  (a sentence a line)

import pytest

from offchain.live.access.pool import Objection, understood

GWEI = 10**9
CAP = 100 * GWEI

WORDS = [
    # names that are one word, pools that are full or limited in other words, balances and nonces in sentences
    ("NonceTooHigh", Objection.NOT_YET),
    ("TxPoolOverflow", Objection.NOT_YET),
    ("LackOfFundForMaxFee", Objection.NO_FUNDS),
    ("Transaction gas price bump is insufficient", Objection.REPLACES),
    ("bump fee by at least 10%", Objection.REPLACES),
    ("tx with nonce 5 already in pool and the new one doesn't pay enough", Objection.REPLACES),
    ("pool overloaded", Objection.NOT_YET),
    ("sender 0x already has 16 transactions in pool", Objection.NOT_YET),
    ("tx dropped due to limits", Objection.NOT_YET),
    ("nonce is not consecutive", Objection.NOT_YET),
    ("nonce is in the future", Objection.NOT_YET),
    ("the nonce has already been consumed", Objection.NONCE_USED),
    ("nonce 4 already used, next is 5", Objection.NONCE_USED),
    ("invalid transaction nonce", Objection.NONCE_USED),
    ("not enough gas money", Objection.NO_FUNDS),
    ("not enough ETH to cover gas", Objection.NO_FUNDS),
    ("balance 0 below required 100", Objection.NO_FUNDS),
    ("max fee is under base fee", Objection.BASE_FEE),
    # of pools that name the nonce, or what they want, where others name a replacement; of enumerations
    (
        "nonce 4 already in mpool, increase GasPremium to 126 from 100 to trigger replace by fee: replace by fee has too low GasPremium",
        Objection.REPLACES,
    ),
    ("gas price not enough to bump transaction", Objection.REPLACES),
    ("a transaction with the same nonce has already been submitted", Objection.REPLACES),
    ("priority fee must be at least 10% above that of the pending transaction", Objection.REPLACES),
    ("future transaction tries to replace pending", Objection.NOT_YET),
    (
        "the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 4",
        Objection.NONCE_USED,
    ),
    ("the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 7", Objection.NOT_YET),
    ("tx nonce 4 < account nonce 5", Objection.NONCE_USED),
    ("NONCE_EXPIRED", Objection.NONCE_USED),
    ("LOWER_NONCE_INVALID_TRANSACTION_EXISTS", Objection.NOT_YET),
    ("NONCE_TOO_FAR_IN_FUTURE_FOR_SENDER", Objection.NOT_YET),
    ("transaction is a duplicate", Objection.HAS_IT),
    ("cached transaction", Objection.HAS_IT),
    # geth, bor, bsc, op-geth
    ("already known", Objection.HAS_IT),
    ("nonce too low: next nonce 5, tx nonce 4", Objection.NONCE_USED),
    ("nonce too high: address 0x12, tx: 9 state: 5", Objection.NOT_YET),
    ("replacement transaction underpriced", Objection.REPLACES),
    ("replacement transaction underpriced: new tx gas fee cap 5 <= 7 queued", Objection.REPLACES),
    ("transaction underpriced", Objection.TIP),
    ("transaction underpriced: gas tip cap 1000000, minimum needed 1000000000", Objection.TIP),
    ("transaction underpriced: tip needed 3000000000, tip permitted 1000000000", Objection.TIP),
    ("transaction gas price below minimum: gas tip cap 1000000, minimum needed 25000000000", Objection.TIP),
    (
        "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 7",
        Objection.BASE_FEE,
    ),
    ("max priority fee per gas higher than max fee per gas", Objection.OTHER),
    ("tx fee (5.00 ether) exceeds the configured cap (1.00 ether)", Objection.OTHER),
    ("insufficient funds for gas * price + value: balance 0, tx cost 21, overshot 21", Objection.NO_FUNDS),
    ("in-flight transaction limit reached for delegated accounts", Objection.NOT_YET),
    ("gapped-nonce tx from delegated accounts", Objection.NOT_YET),
    ("txpool is full", Objection.NOT_YET),
    ("exceeds block gas limit", Objection.OTHER),
    ("intrinsic gas too low: gas 21000, minimum needed 53000", Objection.OTHER),
    ("only replay-protected (EIP-155) transactions allowed over RPC", Objection.OTHER),
    ("mempool is at capacity, please retry later", Objection.NOT_YET),
    # besu
    ("Known transaction", Objection.HAS_IT),
    ("Nonce too low", Objection.NONCE_USED),
    ("Gas price below configured minimum gas price", Objection.TIP),
    ("Transaction gas price is below current base fee", Objection.BASE_FEE),
    ("Upfront cost exceeds account balance", Objection.NO_FUNDS),
    # Nethermind
    ("AlreadyKnown", Objection.HAS_IT),
    ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", Objection.NONCE_USED),
    ("NonceGap, Future nonce. Expected nonce: 5", Objection.NOT_YET),
    ("FeeTooLow, EffectivePriorityFeePerGas too low 1 < 1000000000, BaseFee: 7", Objection.TIP),
    ("FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7", Objection.BASE_FEE),
    ("FeeTooLowToCompete", Objection.TIP),
    ("InsufficientFunds, Account balance: 0, cumulative cost: 21", Objection.NO_FUNDS),
    ("ReplacementNotAllowed", Objection.REPLACES),
    ("delegated sender already has a pending transaction", Objection.NOT_YET),
    # Erigon
    ("existing tx with same hash", Objection.HAS_IT),
    ("fee too low", Objection.TIP),
    ("could not replace existing tx", Objection.REPLACES),
    ("pending sub-pool is full", Objection.NOT_YET),
    # reth
    ("transaction priority fee below minimum required priority fee 1000000000", Objection.TIP),
    ("transaction already imported", Objection.HAS_IT),
    # others: Frontier, Cosmos
    ("submit transaction to pool failed: Pool(TooLowPriority { old: 1, new: 1 })", Objection.REPLACES),
    ("insufficient fee; got: 1 required: 20: insufficient fee", Objection.TIP),
    # zkSync, Avalanche, Parity, Hedera, Substrate, CometBFT and others
    (
        "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 100000000, MaxPriorityFeePerGas:1, Block number: 5",
        Objection.BASE_FEE,
    ),
    ("FeeTooLow", Objection.TIP),
    ("InsufficientFunds, Account balance: 0, cumulative cost: 21000", Objection.NO_FUNDS),
    ("NonceGap, Future nonce. Expected nonce: 1", Objection.NOT_YET),
    ("NotCurrentNonceForDelegation", Objection.NOT_YET),
    ("GasLimitExceeded", Objection.OTHER),
    ("SenderIsContract", Objection.OTHER),
    ("Transaction nonce is too distant from current sender nonce", Objection.NOT_YET),
    ("Max fee per gas below the current base fee", Objection.BASE_FEE),
    ("Gas price below current base fee", Objection.BASE_FEE),
    ("Max priority fee per gas exceeds max fee per gas", Objection.OTHER),
    ("Transaction fee cap exceeded", Objection.OTHER),
    ("An invalid transaction with a lower nonce exists", Objection.NOT_YET),
    ("nonce too high. allowed nonce range: 5 - 105, actual: 300", Objection.NOT_YET),
    ("nonce too low. allowed nonce range: 5 - 105, actual: 4", Objection.NONCE_USED),
    ("known transaction. transaction with hash 0xabc is already in the system", Objection.HAS_IT),
    ("not enough balance to cover the fee. max fee: 5, balance: 0", Objection.NO_FUNDS),
    (
        "max fee per gas less than block base fee: address 0xD0e5C3b3c4aD0a77a9B1c3b4E1d14a2aF5b0f1aa, maxFeePerGas: 100000000, baseFee: 103540000",
        Objection.BASE_FEE,
    ),
    ("transaction underpriced: tip needed 1000000, tip permitted 100", Objection.TIP),
    ("nonce too low: address 0xab current nonce (5) > tx nonce (4)", Objection.NONCE_USED),
    (
        "transaction underpriced: address 0xab have gas fee cap (1) < pool minimum fee cap (25000000000)",
        Objection.TIP,
    ),
    ("Transaction with the same hash was already imported.", Objection.HAS_IT),
    (
        "There are too many transactions in the queue. Your transaction was dropped due to limit. Try increasing the fee.",
        Objection.NOT_YET,
    ),
    (
        "Transaction gas price supplied is too low. There is another transaction with same nonce in the queue. Try increasing the gas price or incrementing the nonce.",
        Objection.REPLACES,
    ),
    (
        "Transaction gas price 1wei is too low; It does not satisfy your node's minimal gas price (minimal: 1000000000wei, got: 1wei). Try increasing the gas price.",
        Objection.TIP,
    ),
    ("Gas price '10' is below configured minimum gas price '710000000000'", Objection.TIP),
    ("Nonce too low. Provided nonce: 4, current nonce: 5", Objection.NONCE_USED),
    (
        "submit transaction to pool failed: InvalidTransaction(InvalidTransaction::Stale)",
        Objection.NONCE_USED,
    ),
    ("submit transaction to pool failed: InvalidTransaction(InvalidTransaction::Future)", Objection.NOT_YET),
    (
        "submit transaction to pool failed: InvalidTransaction(InvalidTransaction::Payment)",
        Objection.NO_FUNDS,
    ),
    ("submit transaction to pool failed: Pool(TemporarilyBanned)", Objection.NOT_YET),
    ("submit transaction to pool failed: Pool(AlreadyImported(0xab))", Objection.HAS_IT),
    ("invalid nonce; got 4, expected 5: invalid sequence: invalid sequence", Objection.NONCE_USED),
    ("invalid nonce; got 7, expected 5: invalid sequence: invalid sequence", Objection.NOT_YET),
    ("account sequence mismatch, expected 5, got 4: incorrect account sequence", Objection.NONCE_USED),
    ("mempool is full: number of txs 5000 (max: 5000)", Objection.NOT_YET),
    ("tx already exists in cache", Objection.HAS_IT),
    ("insufficient fee: got 1, required 10: insufficient fee", Objection.TIP),
    ("provided fee < minimum global fee (1 < 2)", Objection.TIP),
    ("err: max fee per gas (100) lower than base fee (200)", Objection.BASE_FEE),
    ("base fee (200) is higher than maxFeePerGas (100)", Objection.BASE_FEE),
    (
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas 5, maxFeePerGas 4",
        Objection.OTHER,
    ),
    ("tx fee (1.10 ether) exceeds the configured cap (1.00 ether)", Objection.OTHER),
    ("intrinsic gas too low: have 21000, want 53000", Objection.OTHER),
    ("transaction type not supported", Objection.OTHER),
    ("transaction would cause overdraft", Objection.NO_FUNDS),
    (
        "sender doesn't have enough funds to send tx. The max upfront cost is: 10 and the sender's balance is: 1",
        Objection.NO_FUNDS,
    ),
    ("insufficient funds for gas * price + value: balance 0, tx cost 5, overshot 5", Objection.NO_FUNDS),
    ("balance too low to pay for gas", Objection.NO_FUNDS),
    ("account has insufficient native token", Objection.NO_FUNDS),
    ("sender has exceeded the per-account slots of the pool", Objection.NOT_YET),
    ("too many transactions from this sender in mempool", Objection.NOT_YET),
    (
        "Transaction maxFeePerGas (5) is too low for the next block, which has a baseFeePerGas of 9",
        Objection.BASE_FEE,
    ),
    ("replacement fee too low: had 2, needs 3", Objection.REPLACES),
    ("Transaction is already pending", Objection.HAS_IT),
    ("transaction already submitted", Objection.HAS_IT),
    ("Already in the mempool", Objection.HAS_IT),
    ("duplicate transaction", Objection.HAS_IT),
    ("nonce 4 has already been used by this account", Objection.NONCE_USED),
    ("transaction nonce 4 is lower than the account's nonce 5", Objection.NONCE_USED),
    ("expected nonce 5, got 4", Objection.NONCE_USED),
    # Which one phrase alone tells
    ("in-flight transaction limit reached", Objection.NOT_YET),
    ("gapped transaction", Objection.NOT_YET),
    ("NonceGap", Objection.NOT_YET),
    ("FutureNonce", Objection.NOT_YET),
    ("account limit exceeded", Objection.NOT_YET),
    ("pending limit reached", Objection.NOT_YET),
    ("address already reserved", Objection.NOT_YET),
    ("too many pending", Objection.NOT_YET),
    ("OldNonce", Objection.NONCE_USED),
    ("invalid nonce", Objection.NONCE_USED),
    ("fee too high", Objection.OTHER),
    ("underpriced", Objection.TIP),
    ("tip below minimum", Objection.TIP),
    # Which the two numbers alone tell
    ("wrong nonce. Provided nonce: 7, current nonce: 5", Objection.NOT_YET),
    ("wrong nonce, Current nonce: 5, nonce of rejected tx: 7", Objection.NOT_YET),
    ("wrong nonce: next nonce 5, tx nonce 7", Objection.NOT_YET),
]


@pytest.mark.parametrize(("words", "objection"), WORDS)
def test_what_it_is_about_is_understood_in_any_case(words, objection):
    assert [understood(each).objection for each in (words, words.upper(), words.lower())] == [objection] * 3


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("gas tip cap 1000000, minimum needed 1000000000", GWEI),
        ("tip needed 3000000000, tip permitted 1000000", 3 * GWEI),
        ("EffectivePriorityFeePerGas too low 1000000 < 1000000000, BaseFee: 7", GWEI),
        ("gas price below the minimum of 0x3b9aca00", GWEI),
        ("min gas price is 25 gwei", 25 * GWEI),
        ("the least tip is 1.5 Gwei, got 0.001 gwei", GWEI * 3 // 2),
        ("tip must be at least 0.000000002 ether", 2 * GWEI),
        ("minimum gas price 1,000,000,000 wei", GWEI),
        ("minimum gas price 1_000_000_000", GWEI),
        ("minimum gas price 1e9", GWEI),
        ("minimum gas price 2.5e+09", GWEI * 5 // 2),
        ("gas price of 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed too low", None),
        ("underpriced", None),
        ("fee 200 gwei needed", None),  # above the cap
        ("tip 1000000 of tx 0xab12 too low: gas price at least 30gwei", 30 * GWEI),
    ],
)
def test_the_number_that_is_asked_for_is_read_in_any_unit(words, asked):
    assert understood(words).above(10**6, CAP) == asked


def test_a_long_text_is_read_in_time_and_without_an_error():
    understood("fee " + "1" * 100_000 + " 0x" + "f" * 100_000 + " 9e99 1,000" * 1000)
