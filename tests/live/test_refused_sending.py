"""Sendings that a node refuses in its own words: paid more, sent later or given up; none twice."""

from collections import Counter
from itertools import count
from types import SimpleNamespace

import pytest
from dialects import Says, sent, speaking
from live import FAST, node, signer
from ports import free_port

from ml.updates.hashing import keccak256
from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.errors import CallRevertedError, ChainError
from offchain.live.access.chain import Chain, Creation, Invocation
from offchain.live.access.courier import Flight
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Receipt, Sender
from offchain.live.access.sending import GWEI, LONE_TIP, PLAIN_TIP, Fees
from offchain.live.deploying.amounts import Unit
from offchain.live.errors import (
    FeeCapError,
    InsufficientFundsError,
    NodeRefusedError,
    SigningError,
    StaleDecisionError,
)
from offchain.live.purse.granting import grant

HOLDER, OTHER = signer(11), signer(12)
SUPPLY = 1000
START = Fees(max_fee=4 * GWEI, tip=PLAIN_TIP)
INFLIGHT = "in-flight transaction limit reached for delegated accounts"


@pytest.fixture(scope="module", params=[()])
def upstream(request, compiled):
    """A node that mines at once, and a token, all of it HOLDER's."""
    with node(*request.param) as running:
        running.give(HOLDER.address)
        interface = Interface(compiled["StakeToken"])
        chain = Chain(Rpc([running.url]))
        made = Sender(chain, HOLDER, FAST).send(Creation(interface, ("S", "S", SUPPLY, HOLDER.address)))
        yield running, Deployed(interface, made.contract)


@pytest.fixture(autouse=True)
def taken_back(upstream):
    before = upstream[0].rpc.request("evm_snapshot")
    yield
    upstream[0].rpc.request("evm_revert", before)


@pytest.fixture
def dialect(upstream):
    with speaking(upstream[0].url) as (dialect, url):
        dialect.url, dialect.token = url, upstream[1]
        dialect.chain = Chain(Rpc([url], tries=2, pause=0.01), [upstream[1].interface])
        yield dialect


def send(dialect, *amounts, key=HOLDER, **settings):
    sender = Sender(dialect.chain, key, FAST.model_copy(update={"outage": 20} | settings))
    return sender, sender.send_all([transfer(dialect, amount) for amount in amounts])


def transfer(dialect, amount):
    return Invocation(dialect.token, "transfer", (OTHER.address, amount))


def held(dialect):
    return dialect.chain.read([Invocation(dialect.token, "balanceOf", (OTHER.address,))])[0]


def mined(upstream):
    return upstream[0].rpc.request("eth_getTransactionCount", HOLDER.address, "latest")


def asking_for(dialect, words, floor=GWEI):
    """Let the node ask for a least tip in some words; the tips that it was offered."""
    offered = []

    def refuse(raw):
        offered.append(sent(raw)["maxPriorityFeePerGas"])
        if offered[-1] < floor:
            raise Says(words.format(tip=offered[-1]))
        return NotImplemented

    dialect.answers |= {"eth_sendRawTransaction": refuse, "eth_feeHistory": lambda *_: {"reward": [["0x0"]]}}
    return offered


@pytest.mark.parametrize(
    ("words", "sendings"),
    [
        ("transaction gas price below minimum: gas tip cap {tip}, minimum needed 1000000000", 2),
        ("transaction underpriced: gas tip cap {tip}, minimum needed 1000000000", 2),
        ("transaction underpriced: tip needed 1000000000, tip permitted {tip}", 2),
        ("FeeTooLow, EffectivePriorityFeePerGas too low {tip} < 1000000000, BaseFee: 7", 2),
        ("transaction priority fee below minimum required priority fee 1000000000", 2),
        ("min tip is 0x3b9aca00", 2),
        ("gas price below the minimum of 1.0 gwei", 2),
        ("Gas price below configured minimum gas price", 11),
        ("fee too low", 11),
        ("transaction underpriced", 11),
    ],
)
def test_a_least_tip_is_paid_whatever_the_words(dialect, words, sendings):
    offered = asking_for(dialect, words)
    _, (receipt,) = send(dialect, 5)
    assert isinstance(receipt, Receipt) and held(dialect) == 5
    assert len(offered) == sendings and GWEI <= offered[-1] < 2 * GWEI + 10**8


@pytest.mark.parametrize(
    "words", ["minimum needed 25000000000 of gas tip", "Gas price below minimum gas price"]
)
def test_a_least_tip_above_the_cap_is_said_with_the_nodes_words_and_nothing_is_mined(
    dialect, upstream, words
):
    offered, nonce = asking_for(dialect, words, floor=25 * GWEI), mined(upstream)
    sender, (refused,) = send(dialect, 5, fee_cap=10 * GWEI, tip_cap=10 * GWEI)
    assert isinstance(refused, FeeCapError) and words in str(refused)
    assert "within the cap of 10 gwei: wait, or raise --fee-cap" in str(refused)
    assert max(offered) == 10 * GWEI and mined(upstream) == nonce
    dialect.answers.clear()
    assert isinstance(sender.send(transfer(dialect, 5)), Receipt) and held(dialect) == 5


def tips_of(dialect, rewards, **settings):
    """The tips that a node was offered which tells of such tips."""
    offered = []

    def look(raw):
        offered.append(sent(raw)["maxPriorityFeePerGas"])
        return NotImplemented

    history = {"reward": [[hex(reward)] for reward in rewards]}
    dialect.answers |= {"eth_sendRawTransaction": look, "eth_feeHistory": lambda *_: history}
    _, (receipt,) = send(dialect, 5, **settings)
    assert isinstance(receipt, Receipt) and held(dialect) == 5
    return offered


@pytest.mark.parametrize(
    ("rewards", "most"),
    [
        ([GWEI] * 10, GWEI),
        ([90 * GWEI] * 10, 3 * GWEI // 2),
        ([GWEI] * 7 + [90 * GWEI] * 3, GWEI),
        ([2**200], 3 * GWEI // 2),
    ],
)
def test_a_tip_that_one_node_tells_is_believed_within_bounds_and_what_is_not_is_said(
    dialect, rewards, most, caplog
):
    assert tips_of(dialect, rewards) == [most]
    assert ("tells of tips of" in caplog.text) == (max(rewards[:5]) > 3 * GWEI // 2)


def test_of_a_large_tip_other_nodes_are_asked(dialect, upstream):
    dialect.chain = Chain(Rpc([dialect.url, upstream[0].url]), [dialect.token.interface])
    (offered,) = tips_of(dialect, [90 * GWEI] * 10)
    assert offered < 3 * GWEI // 2


def test_a_large_tip_that_a_node_asks_for_is_paid_only_where_no_other_takes_less(dialect, upstream, caplog):
    words = "transaction underpriced: minimum needed 25000000000"
    offered = asking_for(dialect, words, floor=25 * GWEI)
    dialect.chain = Chain(Rpc([dialect.url, upstream[0].url]), [dialect.token.interface])
    _, (receipt,) = send(dialect, 5)
    assert len(offered) == 1 and isinstance(receipt, Receipt) and receipt.fee < receipt.gas_used * 5 * GWEI
    with speaking(upstream[0].url) as (second, url):
        second.answers = dict(dialect.answers)
        dialect.chain = Chain(Rpc([dialect.url, url]), [dialect.token.interface])
        _, (receipt,) = send(dialect, 6)
    assert offered[-1] == 25 * GWEI and isinstance(receipt, Receipt)
    assert [record.levelname for record in caplog.records if "pays more" in record.message] == ["WARNING"]


@pytest.mark.parametrize("words", ["minimum needed 25000000000 of gas tip", "transaction underpriced"])
def test_a_single_node_gets_no_large_tip_by_asking_for_it(dialect, upstream, words):
    offered, nonce = asking_for(dialect, words, floor=25 * GWEI), mined(upstream)
    sender, (refused,) = send(dialect, 5)
    assert isinstance(refused, FeeCapError) and words in str(refused)
    assert "within the 3 gwei of tip that are paid on a single node's word: ask another too" in str(refused)
    assert max(offered) == LONE_TIP and mined(upstream) == nonce
    _, (refused,) = send(dialect, 5, tip_cap=20 * GWEI)
    assert "within the 20 gwei of tip that --tip-cap allows: wait, or raise it" in str(refused)
    _, (receipt,) = send(dialect, 5, tip_cap=50 * GWEI)
    assert isinstance(receipt, Receipt) and 25 * GWEI <= offered[-1] <= 50 * GWEI and held(dialect) == 5


def test_a_single_node_gets_no_large_tip_by_telling_of_a_large_base_fee(dialect, upstream):
    def dear(*parameters):
        return dialect.ask("eth_getBlockByNumber", *parameters) | {"baseFeePerGas": hex(40 * GWEI)}

    dialect.answers["eth_getBlockByNumber"] = dear
    assert tips_of(dialect, [40 * GWEI] * 10) == [PLAIN_TIP]


@pytest.mark.parametrize(("settings", "most"), [({}, LONE_TIP), ({"tip_cap": 9 * GWEI}, 9 * GWEI)])
def test_a_single_node_gets_no_large_tip_by_saying_that_something_holds_the_nonce(dialect, settings, most):
    offered = []

    def refuse(raw):
        offered.append(sent(raw)["maxPriorityFeePerGas"])
        if len(offered) < 60:
            raise Says("replacement transaction underpriced")
        return NotImplemented

    dialect.answers["eth_sendRawTransaction"] = refuse
    sender = Sender(dialect.chain, HOLDER, FAST.model_copy(update={"outage": 2} | settings))
    flight = Flight(transfer(dialect, 5), sender.next_nonce, sender.next_nonce, 10**5, None, START, 0)
    sender._courier.launch(flight)
    assert PLAIN_TIP < max(offered) <= most and len(offered) < 30


WORDS = [
    "replacement transaction underpriced",
    "txpool is full",
    "sender is blacklisted",
    "insufficient funds",
]


@pytest.mark.parametrize("words", WORDS)
def test_what_one_node_refuses_another_is_asked_for_before_that_counts(dialect, upstream, words):
    offered = []

    def refuse(raw):
        offered.append(sent(raw)["maxPriorityFeePerGas"])
        raise Says(words)

    dialect.answers["eth_sendRawTransaction"] = refuse
    dialect.chain = Chain(Rpc([dialect.url, upstream[0].url]), [dialect.token.interface])
    _, (receipt,) = send(dialect, 5, outage=3)
    assert isinstance(receipt, Receipt) and held(dialect) == 5
    assert len(offered) == 1 and offered[0] <= PLAIN_TIP


def test_what_no_node_takes_yet_is_offered_to_each_in_turn(dialect, upstream):
    left = Counter(second=1)

    def refuse(raw):
        raise Says("txpool is full")

    def full_at_first(raw):
        left["second"] -= 1
        if left["second"] >= 0:
            raise Says("txpool is full")
        return NotImplemented

    dialect.answers["eth_sendRawTransaction"] = full_at_first
    with speaking(upstream[0].url) as (liar, url):
        liar.answers["eth_sendRawTransaction"] = refuse
        dialect.chain = Chain(Rpc([dialect.url, url]), [dialect.token.interface])
        _, (receipt,) = send(dialect, 5, outage=3)
    assert isinstance(receipt, Receipt) and held(dialect) == 5


@pytest.mark.parametrize(
    "words", ["gas tip: minimum needed 25000000000", "replacement transaction underpriced"]
)
def test_a_node_beside_one_that_is_gone_is_a_single_one(dialect, words):
    offered = asking_for(dialect, words, floor=25 * GWEI)
    dialect.answers["eth_feeHistory"] = lambda *_: {"reward": [[hex(90 * GWEI)]]}
    gone = f"http://127.0.0.1:{free_port()}"
    dialect.chain = Chain(Rpc([dialect.url, gone], tries=1), [dialect.token.interface])
    sender = Sender(dialect.chain, HOLDER, FAST)
    flight = Flight(transfer(dialect, 5), sender.next_nonce, sender.next_nonce, 10**5, None, START, 0)
    try:
        sender._courier.launch(flight)
    except FeeCapError as refused:
        assert "single node's word" in str(refused)
    assert PLAIN_TIP < max(offered) <= LONE_TIP


def test_what_a_single_node_gains_by_lying_at_every_step_is_bounded(dialect):
    """It asks for a tip, keeps all back, says that time and base fee run away, and hands on the last."""
    kept, looks = [], count(1)

    def keep(raw):
        kept.append(raw)
        if sent(raw)["maxPriorityFeePerGas"] < LONE_TIP:
            raise Says("transaction underpriced: minimum needed 99000000000")
        return "0x" + keccak256(bytes.fromhex(raw[2:])).hex()

    def run_away(*parameters):
        block, offered = dialect.ask("eth_getBlockByNumber", *parameters), GWEI
        if kept and (look := next(looks)) < 15:
            block["timestamp"] = hex(int(block["timestamp"], 16) + 60 * look)
            offered = sent(kept[-1])["maxFeePerGas"]
        elif kept and look == 15:
            dialect.ask("eth_sendRawTransaction", kept[-1])
        return block | {"baseFeePerGas": hex(min(offered, 99 * GWEI))}

    dialect.answers |= {"eth_sendRawTransaction": keep, "eth_getBlockByNumber": run_away}
    _, (receipt,) = send(dialect, 5)
    assert isinstance(receipt, Receipt) and held(dialect) == 5
    tips = [sent(raw)["maxPriorityFeePerGas"] for raw in kept]
    assert LONE_TIP < tips[-1] == max(tips) < 5.5 * GWEI


def test_what_a_node_keeps_to_itself_goes_to_another_before_it_pays_much(upstream, compiled):
    kept = []
    with node("--block-time", "1") as running, speaking(running.url) as (dialect, url):
        running.give(HOLDER.address)

        def keep(raw):
            kept.append(sent(raw)["maxPriorityFeePerGas"])
            if len(kept) > 3:
                return NotImplemented
            return "0x" + keccak256(bytes.fromhex(raw[2:])).hex()

        dialect.answers["eth_sendRawTransaction"] = keep
        made = Creation(upstream[1].interface, ("S", "S", SUPPLY, HOLDER.address))
        receipt = Sender(Chain(Rpc([url, running.url])), HOLDER, FAST).send(made)
    assert len(kept) == 1 and receipt.contract


@pytest.mark.parametrize("status", [True, "true", "0x01", 1, "1", False, "0x00", 0, "reverted"])
def test_a_receipt_says_in_many_ways_what_became_of_a_transaction(dialect, status):
    def told(digest):
        found = dialect.ask("eth_getTransactionReceipt", digest)
        return found and found | {"status": status}

    dialect.answers["eth_getTransactionReceipt"] = told
    _, (outcome,) = send(dialect, 5)
    is_good = status not in (False, "0x00", "reverted")
    assert isinstance(outcome, Receipt if is_good else CallRevertedError)


def test_a_base_fee_that_the_node_names_raises_the_largest_fee_and_not_the_tip(dialect):
    offered = []

    def refuse(raw):
        offered.append(sent(raw))
        fee = offered[-1]["maxFeePerGas"]
        if fee < 50 * GWEI:
            raise Says(f"max fee per gas less than block base fee: maxFeePerGas: {fee}, baseFee: {50 * GWEI}")
        return NotImplemented

    dialect.answers["eth_sendRawTransaction"] = refuse
    _, (receipt,) = send(dialect, 5)
    assert isinstance(receipt, Receipt) and len(offered) == 2
    assert offered[0]["maxPriorityFeePerGas"] == offered[1]["maxPriorityFeePerGas"]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("words", ["exceeds block gas limit", "sender is blacklisted", "insufficient funds"])
def test_one_that_is_refused_keeps_none_of_the_others_back(dialect, upstream, place, words):
    amounts = [1, 20, 300]
    bad, seen, nonce = transfer(dialect, amounts[place]).data, Counter(), int(mined(upstream), 16)

    def refuse(raw):
        seen[bytes(sent(raw)["data"])] += 1
        if bytes(sent(raw)["data"]) == bad:
            raise Says(words)
        return NotImplemented

    dialect.answers["eth_sendRawTransaction"] = refuse
    sender, outcomes = send(dialect, *amounts)
    kind = InsufficientFundsError if "funds" in words else NodeRefusedError
    assert [isinstance(each, Receipt) for each in outcomes] == [i != place for i in range(3)]
    assert isinstance(outcomes[place], kind) and words in str(outcomes[place])
    assert held(dialect) == sum(amounts) - amounts[place]
    assert int(mined(upstream), 16) == sender.next_nonce == nonce + 2
    assert set(seen.values()) == {1}


def test_a_grant_that_is_refused_in_part_says_what_took_effect(dialect):
    third = signer(13).address
    bad = Invocation(dialect.token, "transfer", (third, 20)).data

    def refuse(raw):
        if bytes(sent(raw)["data"]) == bad:
            raise Says("sender is blacklisted")
        return NotImplemented

    dialect.answers["eth_sendRawTransaction"] = refuse
    sender = Sender(dialect.chain, HOLDER, FAST)
    amounts = {third: 20, OTHER.address: 1, signer(14).address: 300}
    with pytest.raises(
        ChainError, match=f"{third} was given nothing .*blacklisted.*; 2 of 3 transfers took effect"
    ):
        grant(sender, SimpleNamespace(token=dialect.token), amounts, SUPPLY, Unit(0, "S"))
    assert held(dialect) == 1


def test_one_that_the_account_does_not_sign_keeps_none_of_the_others_back(dialect):
    class Declines:
        address = HOLDER.address

        def sign(self, transaction):
            if transaction.data == transfer(dialect, 20).data:
                raise SigningError("declined on the device")
            return HOLDER.sign(transaction)

    _, (first, second, third) = send(dialect, 1, 20, 300, key=Declines())
    assert isinstance(first, Receipt) and isinstance(third, Receipt) and isinstance(second, SigningError)
    assert held(dialect) == 301


def test_a_pool_that_is_full_for_a_while_is_asked_again(dialect):
    left = [3]

    def refuse(raw):
        left[0] -= 1
        if left[0] >= 0:
            raise Says("txpool is full")
        return NotImplemented

    dialect.answers["eth_sendRawTransaction"] = refuse
    _, outcomes = send(dialect, 1, 20)
    assert all(isinstance(each, Receipt) for each in outcomes) and held(dialect) == 21


def test_a_pool_that_stays_full_is_given_up_after_an_outage(dialect, upstream):
    def refuse(raw):
        raise Says("txpool is full")

    dialect.answers["eth_sendRawTransaction"] = refuse
    nonce = mined(upstream)
    sender, (outcome,) = send(dialect, 1, outage=0.3)
    assert isinstance(outcome, NodeRefusedError) and "txpool is full" in str(outcome)
    dialect.answers.clear()
    assert mined(upstream) == nonce and isinstance(sender.send(transfer(dialect, 1)), Receipt)


@pytest.mark.parametrize("words", ["already known", "AlreadyKnown", "Known transaction"])
def test_what_a_node_has_already_is_waited_for(dialect, words):
    def known(raw):
        dialect.ask("eth_sendRawTransaction", raw)
        raise Says(words)

    dialect.answers["eth_sendRawTransaction"] = known
    _, outcomes = send(dialect, 1, 20)
    assert all(isinstance(each, Receipt) for each in outcomes) and held(dialect) == 21


def test_a_nonce_that_was_used_is_decided_again(dialect):
    def used(raw):
        raise Says("nonce too low: next nonce 9, tx nonce 1")

    sender = Sender(dialect.chain, HOLDER, FAST)
    dialect.answers |= {
        "eth_sendRawTransaction": used,
        "eth_getTransactionCount": lambda *_: hex(sender.next_nonce),
    }

    def later(*_):
        return hex(sender.next_nonce + (dialect.asked["eth_sendRawTransaction"] > 0))

    dialect.answers["eth_getTransactionCount"] = later
    with pytest.raises(
        StaleDecisionError, match="went to another transaction than transfer: .* again decides"
    ):
        sender.send(transfer(dialect, 1))
    assert held(dialect) == 0


class TestInTurn:
    """On a node that mines by time, where what was sent waits for a block."""

    @pytest.fixture(scope="module")
    def upstream(self, compiled):
        with node("--block-time", "1") as running:
            running.give(HOLDER.address)
            interface = Interface(compiled["StakeToken"])
            sender = Sender(Chain(Rpc([running.url])), HOLDER, FAST)
            made = sender.send(Creation(interface, ("S", "S", SUPPLY, HOLDER.address)))
            yield running, Deployed(interface, made.contract)

    @pytest.fixture(autouse=True)
    def taken_back(self):
        """Blocks come by themselves: nothing to take back."""

    @pytest.mark.parametrize(
        "words",
        [
            INFLIGHT,
            "gapped-nonce tx from delegated accounts",
            "delegated sender already has a pending transaction",
            "DelegatorHasPendingTx",
            "nonce too high: tx: 9 state: 8",
            "NonceGap, Future nonce. Expected nonce: 5",
        ],
    )
    def test_an_account_that_may_have_one_in_flight_sends_one_after_another(self, dialect, upstream, words):
        before, nonce = held(dialect), int(mined(upstream), 16)

        def refuse(raw):
            if sent(raw)["nonce"] > int(dialect.ask("eth_getTransactionCount", HOLDER.address, "latest"), 16):
                raise Says(words)
            return NotImplemented

        dialect.answers["eth_sendRawTransaction"] = refuse
        sender, outcomes = send(dialect, 1, 2, 3)
        assert all(isinstance(each, Receipt) for each in outcomes), outcomes
        blocks = [each.block for each in outcomes]
        assert blocks == sorted(set(blocks)), "two of them were in flight at once"
        assert held(dialect) == before + 6
        assert int(mined(upstream), 16) == sender.next_nonce == nonce + 3
