"""Sending on a real node: priced, confirmed, replaced when stuck, withdrawn when late, and never twice."""

from dataclasses import replace
from itertools import count

import pytest
from fake_node import Says, fake_node
from live import FAST, free_port, node, signer

from ml.updates.hashing import keccak256
from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.errors import CallRevertedError
from offchain.live.access.chain import Chain, Creation, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Receipt, Sender
from offchain.live.access.sending import GWEI, LEAST_TIP, LONE_TIP, PLAIN_TIP
from offchain.live.errors import (
    DeadlineMissedError,
    FeeCapError,
    InsufficientFundsError,
    NodeRefusedError,
    NodeUnavailableError,
    StaleDecisionError,
)

HOLDER, OTHER = signer(11), signer(12)
SUPPLY = 1000


@pytest.fixture
def manual():
    """A node that mines when told."""
    with node("--no-mining") as running:
        running.give(HOLDER.address)
        yield running


@pytest.fixture
def token(manual, compiled):
    """A token, all of it HOLDER's."""
    interface = Interface(compiled["StakeToken"])
    manual.rpc.request("evm_setAutomine", True)
    sender = Sender(Chain(Rpc([manual.url])), HOLDER, FAST)
    receipt = sender.send(Creation(interface, ("Stake", "STK", SUPPLY, HOLDER.address)))
    manual.rpc.request("evm_setAutomine", False)
    return Deployed(interface, receipt.contract)


@pytest.fixture
def sending_chain(manual, token):
    return Chain(Rpc([manual.url], tries=2, pause=0.01), [token.interface])


def transfer(token, amount=1, to=OTHER):
    return Invocation(token, "transfer", (to.address, amount))


def held(sending_chain, token):
    return sending_chain.read([Invocation(token, "balanceOf", (OTHER.address,))])[0]


class Script(Sender):
    """A sender that lets a test act between two looks at the chain."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.acts = []
        look = self._courier._look

        def look_and_act(flight, head):
            look(flight, head)
            if self.acts and flight.outcome is None:
                self.acts.pop(0)()

        self._courier._look = look_and_act


def give_up():
    pytest.fail("nothing came of it")


def script(sending_chain, *acts, **settings):
    sender = Script(sending_chain, HOLDER, FAST.model_copy(update=settings))
    sender.acts = list(acts)
    return sender


def test_it_waits_for_confirmations(manual, sending_chain, token):
    sender = script(sending_chain, manual.mine, lambda: None, manual.mine, manual.mine, confirmations=3)
    receipt = sender.send(transfer(token))
    assert not sender.acts
    assert sending_chain.head().number == receipt.block + 2
    assert [event.name for event in receipt.events(token)] == ["Transfer"]
    assert receipt.fee > 0 and receipt.gas_used > 21_000


def test_a_refusal_costs_nothing_and_says_why(sending_chain, token):
    sender = script(sending_chain)
    with pytest.raises(CallRevertedError) as refused:
        sender.send(transfer(token, SUPPLY + 1))
    assert refused.value.error == "ERC20InsufficientBalance"
    assert refused.value.values["needed"] == SUPPLY + 1
    assert sending_chain.nonce(HOLDER.address) == sender.next_nonce == 1


def test_what_is_refused_only_when_mined_says_why_and_keeps_nothing_back(manual, sending_chain, token):
    sender = script(sending_chain, manual.mine)
    first, second, third = sender.send_all([transfer(token, 700), transfer(token, 600), transfer(token, 1)])
    assert isinstance(first, Receipt) and isinstance(third, Receipt)
    assert isinstance(second, CallRevertedError)
    assert held(sending_chain, token) == 701
    sender.acts = [manual.mine]
    sender.send(transfer(token))


def without_status(sending_chain, monkeypatch):
    told = sending_chain.rpc.request

    def request(method, *parameters):
        found = told(method, *parameters)
        return {**found, "status": None} if method == "eth_getTransactionReceipt" and found else found

    monkeypatch.setattr(sending_chain.rpc, "request", request)


def test_what_a_receipt_does_not_say_its_traces_do(manual, sending_chain, token, monkeypatch):
    without_status(sending_chain, monkeypatch)
    sender = script(sending_chain, manual.mine)
    done, refused = sender.send_all([transfer(token, 700), transfer(token, 600)])
    assert isinstance(done, Receipt) and held(sending_chain, token) == 700
    assert isinstance(refused, CallRevertedError) and refused.error == "ERC20InsufficientBalance"
    sender.acts = [manual.mine]
    created = sender.send(Creation(token.interface, ("Stake", "STK", SUPPLY, HOLDER.address)))
    assert sending_chain.has_code(created.contract)


def test_a_stuck_transaction_is_replaced_by_one_that_pays_more(manual, sending_chain, token):
    sent = []

    def become_dear():
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(sending_chain.head().base_fee * 50))
        manual.mine()

    sender = script(sending_chain, become_dear, *[lambda: manual.mine(every=12)] * 12)
    sender.on_sent = lambda message, nonce, digest: sent.append((nonce, digest))
    receipt = sender.send(transfer(token))
    assert len({nonce for nonce, _ in sent}) == 1
    assert len(sent) > 1 and receipt.hash == sent[-1][1]
    assert held(sending_chain, token) == 1


def test_it_never_pays_more_than_the_cap(manual, sending_chain, token):
    manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(20 * GWEI))
    manual.mine()
    sender = script(sending_chain, fee_cap=10 * GWEI)
    with pytest.raises(FeeCapError, match="above the cap of 10: wait, or raise --fee-cap"):
        sender.send(transfer(token))
    assert sending_chain.nonce(HOLDER.address) == 1


def test_a_replacement_never_pays_more_than_the_cap_either(manual, sending_chain, token):
    offered = []

    def become_dear():
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(3 * GWEI))
        manual.mine()

    first = 2 * sending_chain.head().base_fee + 10**6
    sender = script(
        sending_chain, become_dear, *[lambda: manual.mine(every=12)] * 12, fee_cap=first * 11 // 10
    )
    original = sending_chain.broadcast

    def broadcast(raw):
        original(raw)
        offered.append(sending_chain.rpc.request("eth_getTransactionByHash", "0x" + keccak256(raw).hex()))

    sending_chain.broadcast = broadcast
    sender.send(transfer(token))
    assert offered and all(int(each["maxFeePerGas"], 16) <= first * 11 // 10 for each in offered if each)
    assert held(sending_chain, token) == 1


def test_an_account_without_coin_is_said_so_before_anything_is_sent(sending_chain, token):
    with pytest.raises(InsufficientFundsError, match=f"account {OTHER.address} has 0.000000"):
        Sender(sending_chain, OTHER, FAST).send(Invocation(token, "approve", (HOLDER.address, 1)))


def test_a_process_killed_after_sending_sends_nothing_twice(manual, sending_chain, token):
    class Killed(BaseException):
        pass

    def kill():
        raise Killed

    first = script(sending_chain, kill)
    with pytest.raises(Killed):
        first.send(transfer(token))
    # The next one starts while the first's transaction still waits, decides the same, and takes its place.
    second = script(sending_chain, manual.mine, manual.mine)
    second.send(transfer(token))
    manual.mine()
    assert held(sending_chain, token) == 1


def test_a_decision_made_before_another_process_sent_is_not_sent(manual, sending_chain, token):
    late = script(sending_chain)
    script(sending_chain, manual.mine).send(transfer(token))
    with pytest.raises(StaleDecisionError, match="stands at nonce 2, not 1"):
        late.send(transfer(token))
    late.acts = [manual.mine]
    late.send(transfer(token))
    assert held(sending_chain, token) == 2


def test_a_nonce_that_goes_to_another_process_is_noticed(manual, sending_chain, token):
    rich = Chain(Rpc([manual.url]), [token.interface])
    rich.tip = lambda: 10 * GWEI
    other = script(rich, manual.mine)
    sender = script(sending_chain, lambda: other.send(transfer(token, 5)))
    with pytest.raises(
        StaleDecisionError, match="went to another transaction than transfer: .* again decides"
    ):
        sender.send(transfer(token))
    assert held(sending_chain, token) == 5


def test_a_late_transaction_is_withdrawn_and_cannot_take_effect(manual, sending_chain, token):
    until = sending_chain.head().time + 100

    def pass_the_deadline():
        # Too dear a block: time passes, and the transaction waits.
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(500 * GWEI))
        manual.warp(200)
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(1))

    sender = script(sending_chain, pass_the_deadline, manual.mine, manual.mine)
    with pytest.raises(DeadlineMissedError):
        sender.send(transfer(token), until)
    manual.mine(3)
    assert held(sending_chain, token) == 0
    assert sending_chain.nonce(HOLDER.address) == sender.next_nonce == 2


AT_THE_CAP = {"tip_cap": LEAST_TIP}
"""The first offer's tip is the largest that builders get."""


def offers(manual, sender):
    """What was sent, as the node has it."""
    found = []
    sender.on_sent = lambda message, nonce, digest: found.append(digest)
    return lambda: [manual.rpc.request("eth_getTransactionByHash", digest) for digest in found]


def test_a_late_transaction_is_withdrawn_though_its_tip_stands_at_the_cap(manual, sending_chain, token):
    looks, head = count(), sending_chain.head
    until = head().time + 30
    sending_chain.head = lambda: replace(head(), time=head().time + 20 * next(looks))
    sender = script(sending_chain, *[lambda: None] * 3, manual.mine, manual.mine, give_up, **AT_THE_CAP)
    offered = offers(manual, sender)
    with pytest.raises(DeadlineMissedError):
        sender.send(transfer(token), until)
    assert held(sending_chain, token) == 0
    tips = [int(each["maxPriorityFeePerGas"], 16) for each in offered() if each]
    assert LEAST_TIP < tips[-1] < 3 * LEAST_TIP, "its 21,000 gas pay builders no more than the transfer's"


def test_a_base_fee_that_outgrew_the_offer_is_followed_though_its_tip_stands_at_the_cap(
    manual, sending_chain, token
):
    def become_dear():
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(3 * GWEI))
        manual.mine()
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(3 * GWEI))
        manual.mine(every=12)

    def mine():
        manual.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(3 * GWEI))
        manual.mine()

    sender = script(sending_chain, become_dear, mine, mine, give_up, **AT_THE_CAP)
    offered = offers(manual, sender)
    sender.send(transfer(token))
    first, second = offered()
    assert first is None and held(sending_chain, token) == 1
    assert LEAST_TIP < int(second["maxPriorityFeePerGas"], 16) <= LEAST_TIP * 9 // 8 + 1


@pytest.mark.parametrize("tip_cap", [LEAST_TIP, LEAST_TIP // 10])
def test_for_time_alone_builders_get_no_more_than_the_cap(manual, sending_chain, token, caplog, tip_cap):
    looks, head = count(), sending_chain.head
    sending_chain.head = lambda: replace(head(), time=head().time + 20 * next(looks))
    sender = script(sending_chain, *[lambda: None] * 5, manual.mine, give_up, tip_cap=tip_cap)
    offered = offers(manual, sender)
    sender.send(transfer(token))
    assert {int(each["maxPriorityFeePerGas"], 16) for each in offered()} == {tip_cap}
    assert "gwei of tip that --tip-cap allows: wait, or raise it" in caplog.text


def test_a_single_nodes_user_is_told_what_to_give_where_a_replacement_would_pay_too_much(
    manual, sending_chain, token, caplog
):
    looks, head = count(), sending_chain.head
    sending_chain.tip = lambda: PLAIN_TIP
    sending_chain.head = lambda: replace(head(), time=head().time + 20 * next(looks))
    sender = script(sending_chain, *[lambda: None] * 9, manual.mine, give_up)
    offered = offers(manual, sender)
    sender.send(transfer(token))
    assert max(int(each["maxPriorityFeePerGas"], 16) for each in offered() if each) <= LONE_TIP
    assert "ask another too, by --rpc, or give the chain's least tip by --tip-cap" in caplog.text


def test_a_late_transaction_that_the_pool_lost_is_withdrawn_at_the_fee_cap_too(manual, sending_chain, token):
    head = sending_chain.head()

    def lose():
        for digest in digests:
            manual.rpc.request("anvil_dropTransaction", digest)
        manual.warp(200)

    digests = []
    cap = 2 * head.base_fee + LEAST_TIP
    sender = script(sending_chain, lose, manual.mine, manual.mine, give_up, fee_cap=cap)
    sender.on_sent = lambda message, nonce, digest: digests.append(digest)
    with pytest.raises(DeadlineMissedError):
        sender.send(transfer(token), head.time + 100)
    assert held(sending_chain, token) == 0 and sending_chain.nonce(HOLDER.address) == 2


def test_what_the_pool_lost_is_sent_again_though_a_clock_was_far_ahead_once(manual, sending_chain, token):
    head, looks = sending_chain.head, count()
    sending_chain.head = lambda: replace(head(), time=head().time + (10**9 if next(looks) < 2 else 0))

    def lose():
        for digest in digests:
            manual.rpc.request("anvil_dropTransaction", digest)

    digests = []
    sender = script(
        sending_chain,
        lambda: None,
        lambda: None,
        lose,
        lambda: manual.warp(9),
        manual.mine,
        manual.mine,
        give_up,
    )
    sender.on_sent = lambda message, nonce, digest: digests.append(digest)
    sender.send(transfer(token))
    assert held(sending_chain, token) == 1


def test_what_a_reorganisation_takes_back_is_sent_again(manual, sending_chain, token):
    fork = sending_chain.head().number

    def reorganise():
        assert held(sending_chain, token) == 1
        manual.reorganise(fork)
        assert held(sending_chain, token) == 0

    sender = script(
        sending_chain,
        manual.mine,
        manual.mine,
        reorganise,
        *[manual.mine] * 8,
        confirmations=4,
    )
    receipt = sender.send(transfer(token))
    assert held(sending_chain, token) == 1
    assert sending_chain.block(receipt.block).number <= sending_chain.head().number - 3


def test_after_a_reorganisation_that_took_an_earlier_one_back_it_is_decided_again(
    manual, sending_chain, token
):
    fork = sending_chain.head().number
    sender = script(sending_chain, manual.mine)
    sender.send(transfer(token))

    def reorganise():
        manual.reorganise(fork)
        manual.warp(10)

    sender.acts = [reorganise, manual.mine, manual.mine]
    with pytest.raises(StaleDecisionError, match="an earlier transaction .* is no longer on the chain"):
        sender.send(transfer(token))
    sender.acts = [manual.mine] * 3
    sender.send(transfer(token))
    assert sender.next_nonce >= 2 and held(sending_chain, token) >= 1


def test_the_next_node_is_asked_when_the_first_is_gone(manual, sending_chain, token):
    dead = f"http://127.0.0.1:{free_port()}"
    rpc = Rpc([dead, manual.url], tries=1)
    sender = script(Chain(rpc), manual.mine)
    sender.send(transfer(token))
    assert rpc.urls == (manual.url, dead)


def test_no_node_at_all_is_said_with_their_names_and_without_their_keys():
    rpc = Rpc([f"http://127.0.0.1:{free_port()}/v3/secret"], tries=2, pause=0.01)
    with pytest.raises(
        NodeUnavailableError, match="no node answered \\(127.0.0.1:.*asked 2 times"
    ) as refused:
        rpc.request("eth_chainId")
    assert "secret" not in str(refused.value)


def test_a_node_gone_while_waiting_is_waited_for(manual, sending_chain, token):
    def vanish():
        working, sending_chain.rpc._urls[:] = (
            list(sending_chain.rpc.urls),
            [f"http://127.0.0.1:{free_port()}"],
        )
        sender.gone = working

    sender = script(sending_chain, vanish)
    original = sending_chain.head

    def head():
        if getattr(sender, "gone", None):
            try:
                return original()
            finally:
                sending_chain.rpc._urls[:], sender.gone = sender.gone, None
                manual.mine()
        return original()

    sending_chain.head = head
    sender.send(transfer(token))
    assert held(sending_chain, token) == 1


@pytest.mark.parametrize("with_another", [True, False])
def test_a_receipt_of_a_block_that_is_not_to_come_is_waited_for_no_longer(manual, token, with_another):
    manual.rpc.request("evm_setAutomine", True)
    ahead = Says("eth_getTransactionReceipt", lambda told: told and {**told, "blockNumber": "0xffffffff"})
    with fake_node(manual.url, ahead) as (_, url):
        urls = [url, manual.url] if with_another else [url]
        sender = Sender(
            Chain(Rpc(urls, tries=1, pause=0.01)), HOLDER, FAST.model_copy(update={"outage": 0.3})
        )
        if with_another:
            assert sender.send(transfer(token)).block < 100
        else:
            with pytest.raises(NodeUnavailableError, match="a receipt of block 4294967295, and .*--rpc"):
                sender.send(transfer(token))


@pytest.mark.parametrize("words", ["insufficient funds for gas", "sender is blacklisted", "fee too low"])
def test_a_replacement_that_is_refused_does_not_end_the_wait(manual, sending_chain, token, words):
    original, offered = sending_chain.broadcast, []

    def broadcast(raw):
        offered.append(raw)
        if len(offered) > 1:
            raise NodeRefusedError("eth_sendRawTransaction", words)
        original(raw)

    looks, head = count(), sending_chain.head
    sending_chain.head = lambda: replace(head(), time=head().time + 20 * next(looks))
    sending_chain.broadcast = broadcast
    sender = script(sending_chain, *[lambda: None] * 3, manual.mine)
    receipt = sender.send(transfer(token))
    assert receipt.hash == "0x" + keccak256(offered[0]).hex() and len(offered) > 1
    assert held(sending_chain, token) == 1
