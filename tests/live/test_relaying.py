"""A relay on a live network: members without coin play whole rounds; what it does not do is done directly."""

import asyncio
import threading
from dataclasses import replace

import pytest
import requests
from aiohttp import web
from live import FAST, eventually, free_port, signer
from players import SALT, Players, relay_line, root_of
from serving import serving
from store_parts import answering

from offchain.errors import CallRevertedError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.client.client import Client, look
from offchain.live.client.decision import Wish
from offchain.live.deploying.amounts import Unit
from offchain.live.errors import RelayError
from offchain.live.keeping.keeper import Keeper
from offchain.live.relaying.acts import Acts
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.line import require_relay
from offchain.live.relaying.server import application
from offchain.live.watching.view import read_view
from offchain.reference import Phase, Seat, commitments

pytestmark = pytest.mark.usefixtures("snapshot")


@pytest.fixture
def desk(founded, anvil_node):
    deployment, chain = founded
    anvil_node.give(signer(50).address)
    own = Chain(Rpc([anvil_node.url]), deployment.interfaces)
    return Desk(chain, Sender(own, signer(50), FAST), deployment)


@pytest.fixture
def relay_url(desk, founded):
    """The relay's server, in a thread of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    port = free_port()

    async def serve():
        runner = web.AppRunner(application(desk, founded[0]))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ready.set()

    def run():
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def drawn(founded, anvil_node, members):
    """A round whose seats are known; proposers and voters."""
    deployment, chain = founded
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST))
    for _ in range(20):
        if read_view(chain, deployment).phase == Phase.PROPOSE:
            break
        keeper.step()
        anvil_node.mine()
    return Players(deployment, chain, members).seated()


def bound(founded, key):
    deployment, chain = founded
    return chain.chain_id, deployment.manager.address, 1, key.address


def update(founded, key):
    return (commitments.update_commitment(*bound(founded, key), root_of(key), 1, SALT),)


def ballot(founded, key, bits):
    return (commitments.ballot_commitment(*bound(founded, key), bits, SALT),)


def test_what_the_relay_sent_meanwhile_is_no_refusal(founded, relay_url, desk, drawn, caplog):
    deployment, chain = founded
    key = drawn[0][0]
    sender = Sender(chain, key, FAST)
    acts, unit = Acts(deployment, key), Unit.read(chain, deployment)
    client = Client(chain, deployment, sender, acts, None, None, Wish(), [], 1.0, unit)
    before = look(chain, deployment, key.address)
    until = before.view.deadline(Phase.PROPOSE)
    assert relay_line(relay_url, deployment, key).hand_over("propose", 1, update(founded, key))
    assert desk.flush()
    with caplog.at_level("INFO", "offchain"):
        client._play(before.view, until, "propose", *update(founded, key))
    assert "propose is on the chain already: somebody else, such as the relay, was faster" in caplog.text
    now = look(chain, deployment, key.address)
    assert now.view.seat_of(now.me) is Seat.COMMITTED
    with pytest.raises(CallRevertedError):
        client._play(now.view, until, "propose", *update(founded, key))


def test_members_without_coin_play_a_whole_round(founded, anvil_node, relay_url, desk, drawn, members):
    deployment, chain = founded
    proposers, voters = drawn
    for key in members:
        anvil_node.rpc.request("anvil_setBalance", key.address, "0x0")
    nonces = [chain.nonce(key.address) for key in members]
    lines = {key.address: relay_line(relay_url, deployment, key) for key in members}
    require_relay(relay_url, deployment)

    def hand_over(keys, function, arguments):
        for key in keys:
            assert lines[key.address].hand_over(function, 1, arguments(key))
        assert desk.flush()

    hand_over(proposers, "propose", lambda key: update(founded, key))
    hand_over(proposers, "publish", lambda key: (root_of(key), 1, SALT))
    hand_over(voters, "commitBallot", lambda key: ballot(founded, key, 0b11))
    hand_over(voters, "revealBallot", lambda key: (0b11, SALT))
    view = read_view(chain, deployment)
    assert (view.phase, view.published, view.ballots) == (Phase.CLOSE, 0b11, 4)
    assert [chain.nonce(key.address) for key in members] == nonces
    assert not desk.flush()


@pytest.mark.parametrize(("dearer", "batches"), [(0, 1), (400_000, 1), (9_000_000, 2)])
def test_a_batch_has_the_gas_that_its_entries_would_take_alone_and_no_more_than_a_transaction(
    founded, relay_url, desk, drawn, monkeypatch, dearer, batches
):
    """As where new storage is paid for apart (EIP-8037): a node asks for more than anything here knows."""
    deployment, chain = founded
    proposers, _ = drawn
    alone = []

    def gas_of(self, message, sender, code=None, real=Chain.gas_of):
        alone.append(real(self, message, sender) + dearer)
        return alone[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Chain, "gas_of", gas_of)
        for key in proposers:
            assert relay_line(relay_url, deployment, key).hand_over("propose", 1, update(founded, key))
        assert len(alone) == len(proposers) == 2
        before = chain.head().number
        for _ in range(batches):
            assert desk.flush()
        assert not desk.flush()
    sent = [
        int(each["gas"], 16)
        for number in range(before + 1, chain.head().number + 1)
        for each in chain.rpc.request("eth_getBlockByNumber", hex(number), True)["transactions"]
    ]
    assert len(sent) == batches and max(sent) <= 2**24 and sum(sent) > sum(alone)
    assert read_view(chain, deployment).updates == 2


def test_nothing_is_paid_for_that_the_contract_would_refuse(founded, relay_url, desk, drawn, caplog):
    deployment, _ = founded
    proposers, voters = drawn
    forged = relay_line(relay_url, deployment, voters[0], client=proposers[0].address)
    forged.hand_over("propose", 1, update(founded, proposers[0]))
    unseated = relay_line(relay_url, deployment, voters[0])
    unseated.hand_over("propose", 1, update(founded, voters[0]))
    early = relay_line(relay_url, deployment, proposers[0])
    early.hand_over("publish", 1, (root_of(proposers[0]), 1, SALT))
    refusals = [
        record.getMessage() for record in caplog.records if "the relay refused" in record.getMessage()
    ]
    assert [
        next(word for word in ("NotSigner", "NotSeated", "WrongPhase") if word in each) for each in refusals
    ]
    assert len(refusals) == 3 and not desk.flush()
    assert founded[1].nonce(signer(50).address) == 0


def test_an_operators_signature_is_its_clients_until_it_is_replaced(founded, relay_url, desk, drawn, caplog):
    deployment, chain = founded
    (first, second), _ = drawn
    operator, other = signer(51), signer(52)
    for key in (first, second):
        own = Sender(chain, key, FAST)
        own.send(Invocation(deployment.manager, "setOperator", (operator.address,)))
    line = relay_line(relay_url, deployment, operator, client=first.address)
    assert line.hand_over("propose", 1, update(founded, first)) and desk.flush()
    state = read_view(chain, deployment, [first.address, second.address]).clients
    assert (state[first.address].seat, state[second.address].seat) == (Seat.COMMITTED, Seat.NONE)

    own.send(Invocation(deployment.manager, "setOperator", (other.address,)))
    late = relay_line(relay_url, deployment, operator, client=second.address)
    assert late.hand_over("propose", 1, update(founded, second)) and not desk.flush()
    assert f"NotSigner(signer={operator.address}, client={second.address})" in caplog.text
    newest = relay_line(relay_url, deployment, other, client=second.address)
    assert newest.hand_over("propose", 1, update(founded, second)) and desk.flush()


def test_what_comes_a_block_too_early_is_handed_over_again(founded, relay_url, desk, drawn):
    deployment, chain = founded
    proposers, _ = drawn
    lines = [relay_line(relay_url, deployment, key) for key in proposers]
    assert lines[0].hand_over("publish", 1, (root_of(proposers[0]), 1, SALT))
    for line, key in zip(lines, proposers, strict=True):
        line.hand_over("propose", 1, update(founded, key))
    assert desk.flush()
    assert lines[0].hand_over("publish", 1, (root_of(proposers[0]), 1, SALT))
    assert desk.flush()
    assert read_view(chain, deployment).published


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "the body: Invalid JSON"),
        ("{}", "client: Field required"),
        ('{"client": "0x12"}', "client: Value error, '0x12' is no address"),
        (
            '{"client": "0x%s", "commitment": "0x00", "r": "0x", "vs": "0x"}' % ("1" * 40),
            "commitment: Value error",
        ),
    ],
)
def test_what_is_no_entry_is_refused_in_a_sentence(relay_url, body, words):
    answer = requests.post(f"{relay_url}/propose", data=body, timeout=10)
    assert answer.status_code == 400 and words in answer.text and len(answer.text) < 200


def test_a_request_too_large_and_an_unknown_function_are_refused(relay_url):
    assert requests.post(f"{relay_url}/propose", data=b"x" * 5000, timeout=10).status_code == 413
    assert requests.post(f"{relay_url}/withdraw", data=b"{}", timeout=10).status_code == 404


def test_an_act_that_is_not_carried_out_is_sent_directly(founded, relay_url, drawn):
    proposers, _ = drawn
    line = relay_line(relay_url, founded[0], proposers[0], patience=3.0)
    assert not line.carries("propose", 1)
    assert line.hand_over("propose", 1, update(founded, proposers[0]))
    assert line.carries("propose", 1) and not line.carries("propose", 2)
    assert line.hand_over("propose", 1, update(founded, proposers[0]))
    assert eventually(lambda: not line.hand_over("propose", 1, update(founded, proposers[0])))
    assert not line.carries("propose", 1)


def test_a_relay_that_is_gone_is_no_obstacle(founded, drawn):
    proposers, _ = drawn
    url = f"http://127.0.0.1:{free_port()}"
    line = relay_line(url, founded[0], proposers[0])
    with pytest.raises(RelayError, match="there is no relay at"):
        require_relay(url, founded[0])
    assert not line.hand_over("propose", 1, update(founded, proposers[0]))
    assert not line.hand_over("join", 1, ([],))


@pytest.mark.parametrize(("every", "fits"), [(1.9, True), (2.0, False), (15.0, False)])
def test_a_relay_that_clients_do_not_wait_for_is_said(founded, desk, members, every, fits, caplog):
    deployment = replace(founded[0], parameters=replace(founded[0].parameters, reveal_for=8))
    with serving(application(desk, deployment, every)) as url:
        require_relay(url, deployment)
    told = f"the relay sends every {every:g} seconds, and clients send by themselves after 2"
    assert (told in caplog.text) is not fits


def test_a_relay_of_another_deployment_is_noticed(founded, relay_url, members):
    deployment = founded[0]
    other = replace(deployment, manager=replace(deployment.manager, address="0x" + "12" * 20))
    with pytest.raises(RelayError, match=f"is for {deployment.manager.address} on chain 11155111, not for"):
        require_relay(relay_url, other)


def test_an_entry_that_was_overtaken_spoils_nothing(founded, relay_url, desk, drawn, caplog):
    deployment, chain = founded
    proposers, _ = drawn
    for key in proposers:
        assert relay_line(relay_url, deployment, key).hand_over("propose", 1, update(founded, key))
    direct = Sender(chain, proposers[0], FAST)
    direct.send(Invocation(deployment.manager, "propose", update(founded, proposers[0])))
    assert desk.flush()
    assert read_view(chain, deployment).updates == 2
    assert not desk.flush()


def test_a_keystore_signs_what_the_contract_takes(own_keystore, monkeypatch):
    from live import PASSPHRASE, keystore

    from offchain.chain import intents
    from offchain.live.access.account import unlock

    monkeypatch.setenv("APE_ACCOUNTS_member_PASSPHRASE", PASSPHRASE)
    keystore(own_keystore, member=(7).to_bytes(32))
    key = unlock("member")
    for round_ in range(8):  # Both parities come up.
        message = intents.message("Propose", 11_155_111, "0x" + "12" * 20, key.address, round_, bytes(24))
        assert key.sign_intent(message) == signer(7).sign_intent(message)


def test_a_deployment_without_relay_is_said_so(founded):
    from dataclasses import replace

    with pytest.raises(RelayError, match="has no Relay contract"):
        Desk(founded[1], None, replace(founded[0], relay=None))


def test_no_more_of_a_relays_answer_is_read_than_it_can_say(founded):
    async def talkative(request):
        return web.Response(text="[" + " " * 100_000 + "]")

    with serving(answering(talkative)) as url, pytest.raises(RelayError, match="there is no relay at"):
        require_relay(url, founded[0])


@pytest.mark.parametrize(
    "every",
    ["NaN", "Infinity", "-1", f"1{'0' * 400}", "[]", "null"],
    ids=["no number", "infinity", "negative", "beyond floats", "list", "null"],
)
def test_a_relays_pace_that_is_no_number_of_seconds_is_no_relays(founded, members, every):
    deployment = founded[0]
    place = f'"chainId": {deployment.book.chain_id}, "manager": "{deployment.manager.address}"'

    async def odd(request):
        return web.Response(text=f'{{{place}, "everySeconds": {every}}}')

    with serving(answering(odd)) as url, pytest.raises(RelayError, match="there is no relay at"):
        require_relay(url, deployment)
