"""What a program that has nothing to do asks of its node, counted by the number of blocks, not by seconds."""

import loans_learning
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from fake_node import fake_node
from live import CONFIGURATION, FAST, found, node, signer, write_configuration

from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.client.choices import ClientOptions
from offchain.live.client.decision import Wait
from offchain.live.client.own_data import DataOptions
from offchain.live.client.start import make_client
from offchain.live.deploying.configuration import load_configuration
from offchain.live.keeping.keeper import Keeper
from offchain.live.relaying.desk import Desk
from offchain.live.service import Health
from offchain.live.watching.lookout import Lookout
from offchain.live.watching.view import read_view
from offchain.reference import Phase

BLOCK, HOURS = 12, 4 * 3600
LONG = {
    "propose_for": HOURS,
    "publish_for": HOURS,
    "vote_for": HOURS,
    "reveal_for": HOURS,
    "unbonding": 5 * HOURS,
}


class OwnerKey:
    """A key as Ape's keystore hands it out."""

    def __init__(self, number):
        self._signer, self._secret = signer(number), number.to_bytes(32)
        self.address = self._signer.address
        self.sign, self.sign_intent = self._signer.sign, self._signer.sign_intent

    def sign_message(self, text):
        return bytes(Account.sign_message(encode_defunct(text), self._secret).signature)


KEYS = [OwnerKey(100 + number) for number in range(6)]


@pytest.fixture(scope="module")
def consortium(compiled, tmp_path_factory):
    """A node with blocks every twelve seconds of its clock, and six members, in phases of four hours."""
    path = write_configuration(
        tmp_path_factory.mktemp("idle"),
        protocol=CONFIGURATION["protocol"] | LONG,
        learning=loans_learning.describe(inputs=88, rows=300),
    )
    with node() as running:
        rules = load_configuration(path).learning.rules
        deployment, chain = found(running, compiled, path, KEYS, rules=rules)
        running.mine(40, BLOCK)
        yield running, deployment, chain


@pytest.fixture
def before(consortium):
    running = consortium[0]
    number = running.rpc.request("evm_snapshot")
    yield
    running.rpc.request("evm_revert", number)


pytestmark = pytest.mark.usefixtures("before")


def member(deployment, url, tmp_path, **more):
    options = ClientOptions(
        DataOptions(share=(0, 6)),
        (str(tmp_path / "store"),),
        tmp_path / "cache",
        sending=FAST,
        **more,
    )
    return make_client(Chain(Rpc([url]), deployment.interfaces), deployment, KEYS[0], options)


def blocks_of(step, pause, running, number):
    """Let a program step as often as it would while the chain makes a number of blocks."""
    elapsed, mined = 0.0, 0
    while mined < number:
        step()
        elapsed += pause()
        due = min(int(elapsed // BLOCK), number) - mined
        if due > 0:
            running.mine(due, BLOCK)
            mined += due


def opened(running, deployment, chain):
    """A round on the chain, drawn."""
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST))
    for _ in range(20):
        if read_view(chain, deployment).drawn_at:
            return
        if not keeper.step():
            running.mine(1, BLOCK)
    raise AssertionError("no round was drawn")


@pytest.mark.parametrize("in_a_round", [False, True])
def test_an_idle_client_asks_for_three_things_a_block_at_most(consortium, tmp_path, in_a_round):
    running, deployment, chain = consortium
    if in_a_round:
        opened(running, deployment, chain)
    with fake_node(running.url) as (spy, url):
        client = member(deployment, url, tmp_path)
        while not isinstance(client.step(), Wait):  # It may have a proposer's seat.
            running.mine(1, BLOCK)
        client.step()
        spy.posts.clear()
        blocks_of(client.step, client._lookout.pause, running, 200)
        calls, posts = len(spy.calls) / 200, len(spy.posts) / 200
    assert calls <= 3 and posts <= 3, (calls, posts)


def test_with_short_phases_too(consortium, tmp_path):
    running, deployment, chain = consortium
    with fake_node(running.url) as (spy, url):
        client = member(deployment, url, tmp_path)
        client._lookout._shortest = 60
        for _ in range(3):
            client.step()
        spy.posts.clear()
        blocks_of(client.step, client._lookout.pause, running, 200)
    assert len(spy.calls) / 200 <= 3
    whole = [post for post in spy.posts if any(name == "eth_call" for name, _ in post)]
    assert whole, "everything is read again now and then"


def test_an_idle_keeper_asks_for_three_things_a_block_at_most(consortium):
    running, deployment, chain = consortium
    opened(running, deployment, chain)
    with fake_node(running.url) as (spy, url):
        own = Chain(Rpc([url]), deployment.interfaces)
        keeper = Keeper(own, deployment, Sender(own, signer(1), FAST), health=Health(10**9))
        keeper.step()
        spy.posts.clear()
        blocks_of(keeper.step, keeper.pause, running, 200)
    assert len(spy.calls) / 200 <= 3


def test_a_relay_with_nothing_to_send_asks_nothing(consortium):
    running, deployment, chain = consortium
    with fake_node(running.url) as (spy, url):
        own = Chain(Rpc([url]), deployment.interfaces)
        desk = Desk(own, Sender(own, signer(1), FAST), deployment)
        spy.posts.clear()
        assert not any(desk.flush() for _ in range(50)) and not spy.posts


def test_a_poll_that_is_given_counts(consortium):
    _, deployment, chain = consortium
    lookout = Lookout(chain, deployment, poll=0.7)
    assert lookout.pause() == 0.7
    lookout.rest(read_view(chain, deployment))
    assert lookout.pause() == 0.7


def test_the_pause_follows_blocks_phases_and_deadlines(consortium):
    running, deployment, chain = consortium
    running.mine(40, BLOCK)  # More than are looked at: between what was mined before seconds may have passed.
    lookout = Lookout(chain, deployment)
    lookout.rest(read_view(chain, deployment))
    assert lookout.pause() == 60, "phases of hours"
    lookout._shortest = 640
    assert lookout.pause() == BLOCK, "no more often than there are blocks"
    opened(running, deployment, chain)
    running.mine(30, BLOCK)
    view = read_view(chain, deployment)
    lookout = Lookout(chain, deployment)
    lookout.rest(view, [view.now + 30])
    assert lookout.pause() == 30, "a deadline is not slept through"


def rested(consortium):
    _, deployment, chain = consortium
    lookout = Lookout(chain, deployment)
    lookout.rest(read_view(chain, deployment))
    return lookout


def test_what_changes_is_noticed_at_once(consortium):
    running, deployment, chain = consortium
    lookout = rested(consortium)
    running.mine(1, BLOCK)
    assert lookout.is_quiet() and lookout.is_quiet()
    running.mine(5, BLOCK)
    assert lookout.is_quiet() and lookout.head == chain.head()
    Sender(chain, signer(1), FAST).send(Invocation(deployment.manager, "openRound"))
    assert not lookout.is_quiet()
    assert not lookout.is_quiet(), "until it rests again"


@pytest.mark.parametrize(("gone", "more"), [(1, 0), (1, 1), (4, 4)])
def test_blocks_that_were_exchanged_are_a_change(consortium, gone, more):
    running, _, chain = consortium
    running.mine(6, BLOCK)
    lookout = rested(consortium)
    running.reorganise(chain.head().number - gone)
    if more:
        running.mine(more, BLOCK)
    assert not lookout.is_quiet()


def test_a_deadline_is_a_change(consortium):
    running, deployment, chain = consortium
    opened(running, deployment, chain)
    view, lookout = read_view(chain, deployment), rested(consortium)
    assert lookout.is_quiet()
    running.warp(view.deadline(Phase.PROPOSE) - view.now)
    assert not lookout.is_quiet()


def test_everything_is_read_again_now_and_then(consortium):
    running, *_ = consortium
    lookout, looks = rested(consortium), 0
    while lookout.is_quiet():
        running.mine(1, BLOCK)
        looks += 1
        assert looks < 100
    assert looks == 31
