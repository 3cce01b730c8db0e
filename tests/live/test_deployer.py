"""A deployment interrupted at every step goes on, deploys nothing twice, and knows its own book."""

import pytest
from eth_utils import to_checksum_address
from live import CONFIGURATION, FAST, RULES, node, signer, write_configuration

from offchain.live.access.chain import Chain, Creation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.deploying.book import read_book, write_book, writing_alone
from offchain.live.deploying.configuration import load_configuration, plain
from offchain.live.deploying.deployer import Deployer
from offchain.live.deploying.deployment import load_deployment
from offchain.live.deploying.parties import advice_on_parties
from offchain.live.errors import ConfigurationError, DeploymentError


class Killed(BaseException):
    pass


@pytest.fixture
def empty_chain():
    """A chain on which nothing stands, and coin for the founder."""
    with node() as running:
        for number in (1, 2):
            running.give(signer(number).address)
        yield Chain(Rpc([running.url]))


@pytest.fixture
def begin(empty_chain, compiled, tmp_path):
    """Makes a deployer anew from the files, as a process that starts does."""

    def deployer(path=None, rules=RULES):
        path = path or write_configuration(tmp_path)
        return Deployer(empty_chain, compiled, load_configuration(path), rules, path.with_suffix(".json"))

    return deployer


def hands(chain, number=1):
    return Sender(chain, signer(number), FAST)


def stood(book):
    return {name: entry.address for name, entry in book.contracts.items() if name != "StakePool"}


@pytest.mark.parametrize("after", range(8))
def test_killed_before_or_after_any_sending_it_goes_on(begin, empty_chain, monkeypatch, after):
    """Even cases die when the book notes what is to be sent, odd ones when it was mined and not noted."""
    sender, sends = hands(empty_chain), []
    original = Sender.send

    def send(self, message, until=None):
        sends.append(message)
        receipt = original(self, message, until)
        if 2 * len(sends) - 1 == after:
            raise Killed
        return receipt

    def broadcast(self, raw, real=Chain.broadcast):
        if 2 * (len(sends) - 1) == after:
            raise Killed
        real(self, raw)

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "send", send)
        patch.setattr(Chain, "broadcast", broadcast)
        with pytest.raises(Killed):
            begin().run(sender)
    book = begin().run(hands(empty_chain))
    assert book.complete and book.pending is None
    assert len(set(stood(book).values())) == len(stood(book)) == empty_chain.nonce(signer(1).address)
    assert all(entry.block for name, entry in book.contracts.items() if name != "StakePool")


def test_a_nonce_that_went_elsewhere_is_no_loss(begin, empty_chain, monkeypatch):
    def broadcast(self, raw):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Chain, "broadcast", broadcast)
        with pytest.raises(Killed):
            begin().run(hands(empty_chain))
    promised = begin().book.pending.address
    # The founder uses the account for something else before going on.
    interface = begin()._interfaces["BlockhashSeed"]
    assert hands(empty_chain).send(Creation(interface)).contract == promised
    with pytest.raises(DeploymentError, match=f"StakeToken stands at {promised}, and the node knows none"):
        begin().run(hands(empty_chain))


def test_of_two_that_deploy_at_once_one_is_refused_and_goes_on_later(begin, empty_chain, tmp_path):
    """Both read that nothing stands: without a lock each deployed a manager, and one book held both's."""
    first, second = begin(), begin()
    with writing_alone(tmp_path / "net.json"):
        with pytest.raises(ConfigurationError, match="another process deploys into .*net.json: let it end"):
            second.run(hands(empty_chain))
    assert empty_chain.nonce(signer(1).address) == 0
    book = first.run(hands(empty_chain))
    sent = empty_chain.nonce(signer(1).address)
    assert second.run(hands(empty_chain)) == book and empty_chain.nonce(signer(1).address) == sent
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.yaml"]


def test_a_complete_deployment_sends_nothing_more(begin, empty_chain, compiled, tmp_path):
    begin().run(hands(empty_chain))
    nonce = empty_chain.nonce(signer(1).address)
    assert begin().prices(signer(1).address) == []
    begin().run(hands(empty_chain))
    assert empty_chain.nonce(signer(1).address) == nonce
    assert load_deployment(str(tmp_path / "net.yaml"), compiled).relay is not None


def test_another_account_does_not_go_on(begin, empty_chain):
    begin().run(hands(empty_chain))
    with pytest.raises(
        DeploymentError, match=f"was begun by {signer(1).address}, not by {signer(2).address}"
    ):
        begin().run(hands(empty_chain, 2))


def test_a_changed_configuration_is_noticed(begin, empty_chain, compiled, tmp_path):
    begin().run(hands(empty_chain))
    changed = write_configuration(
        tmp_path, protocol=CONFIGURATION["protocol"] | {"vote_for": 601, "unbonding": 9999}
    )
    with pytest.raises(ConfigurationError, match="is the address book of another configuration"):
        begin(changed)
    with pytest.raises(ConfigurationError, match="is not what .* was deployed from"):
        load_deployment(str(changed), compiled)
    with pytest.raises(ConfigurationError, match="was begun with other learning rules"):
        begin(write_configuration(tmp_path), rules=b"\x08" * 32)


def test_an_entry_that_there_was_not_yet_does_not_change_what_was_deployed(tmp_path):
    told = plain(load_configuration(write_configuration(tmp_path)))
    assert "proposer_reward" not in told["protocol"] and "continues" not in told
    assert told["protocol"]["bond"] == "64"


def test_an_existing_token_is_used_with_its_decimals(begin, empty_chain, tmp_path):
    token = begin().run(hands(empty_chain)).contracts["StakeToken"].address
    path = write_configuration(tmp_path, "other", token={"address": token})
    book = begin(path).run(hands(empty_chain))
    assert book.contracts["StakeToken"].address == token
    manager = write_configuration(
        tmp_path, "third", token={"address": book.contracts["RoundManager"].address}
    )
    with pytest.raises(DeploymentError, match="is no ERC-20"):
        begin(manager)
    nothing = write_configuration(tmp_path, "fourth", token={"address": "0x" + "34" * 20})
    with pytest.raises(DeploymentError, match="there is no token at 0x3434"):
        begin(nothing)


def test_a_party_that_nobody_can_act_for_is_refused_and_one_that_is_odd_is_said(begin, empty_chain, tmp_path):
    token = begin().run(hands(empty_chain)).contracts["StakeToken"].address
    sent, dead = empty_chain.nonce(signer(1).address), "0x" + "0" * 36 + "dead"
    odd = {
        "treasury is 0x0+dead, which nobody has the key of: .* leave it out": {"treasury": dead},
        f"treasury is {token}, which is token.address too: .* lost": {
            "treasury": to_checksum_address(token),
            "token": {"address": token},
        },
        "admission.owner is 0x0+dead, which nobody has the key of: nobody could ever change": {
            "admission": {"owner": dead}
        },
        f"admission.owner is {token}, which is token.address too": {
            "admission": {"owner": token},
            "token": {"address": token},
        },
    }
    for number, (told, changes) in enumerate(odd.items()):
        path = write_configuration(tmp_path, f"odd{number}", **changes)
        with pytest.raises(ConfigurationError, match=told):
            begin(path)
    assert empty_chain.nonce(signer(1).address) == sent
    # Code alone, as contracts have it that were there from a chain's first block on.
    empty_chain.rpc.request("anvil_setCode", "0x" + "c0" * 20, "0x60006000fd")
    parties = {"treasury": "0x" + "c0" * 20, "admission": {"owner": "0x" + "5a" * 20}}
    found = load_configuration(write_configuration(tmp_path, "safe", **parties))
    (note,) = advice_on_parties(found, empty_chain)
    assert note.startswith(f"admission.owner 0x{'5a' * 20} has no code on chain {empty_chain.chain_id}")


def test_a_damaged_or_unfinished_book_is_refused(begin, empty_chain, compiled, tmp_path):
    path = write_configuration(tmp_path)
    with pytest.raises(DeploymentError, match="there is no address book"):
        load_deployment(str(path), compiled)
    book = begin().run(hands(empty_chain))
    json_path = path.with_suffix(".json")
    write_book(json_path, book.model_copy(update={"complete": False}))
    with pytest.raises(DeploymentError, match="is not complete: run `ape run deploy` again"):
        load_deployment(str(path), compiled)
    whole = json_path.read_text()
    manager = book.contracts["RoundManager"].address
    mistyped = f"0x{to_checksum_address(manager)[2:].swapcase()}"
    json_path.write_text(whole.replace(manager, mistyped))
    with pytest.raises(ConfigurationError, match=f"RoundManager.address: .*'{mistyped}' is mistyped"):
        read_book(json_path)
    json_path.write_text(whole[:-40])
    with pytest.raises(ConfigurationError, match="is no address book"):
        read_book(json_path)


def test_the_wrong_chain_is_refused_before_anything_is_sent(begin, tmp_path):
    with pytest.raises(DeploymentError, match="this is chain 11155111, the configuration is for chain 5"):
        begin(write_configuration(tmp_path, chain_id=5))
