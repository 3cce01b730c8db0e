"""Clients as processes where an owner keeps the list of who may join: nobody else stakes."""

import pytest
from click.testing import CliRunner
from live import PASSPHRASE, keystore
from live_game import FOUNDER, client_key, game, keys_for

from scripts.admit import cli as admit

CLIENTS = 5


@pytest.fixture(scope="module")
def keyed(tmp_path_factory, own_keystore):
    keys_for(8, tmp_path_factory.mktemp("ape"))
    keystore(own_keystore, founder=(1).to_bytes(32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APE_ACCOUNTS_founder_PASSPHRASE", PASSPHRASE)
        yield


def listing(network, *words):
    """`ape run admit` with the owner's account; what it says, on one line."""
    where = ["--deployment", str(network.path), "--network", network.node.url, "--account", "founder"]
    result = CliRunner().invoke(admit, [*words, *where, "--confirmations", "1"])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def refused(network, member):
    """Start a client that may not join: it ends, says why, and has sent nothing."""
    held, nonce = network.wallet(member), network.chain.nonce(member.key.address)
    member.start()
    member.process.join(60)
    assert member.process.exitcode == 1, network.logs()
    assert f"{member.key.address} is not among those that may join deployment net, says" in member.said
    assert "Traceback" not in member.said
    assert (network.wallet(member), network.chain.nonce(member.key.address)) == (held, nonce)


def test_who_is_listed_plays_and_keeps_its_rights_when_struck_off(tmp_path, compiled, keyed):
    listed = [client_key(number).address for number in range(CLIENTS - 1)]
    admission = {"owner": FOUNDER.address, "members": listed}
    with game(tmp_path, compiled, CLIENTS, rows=600, admission=admission, max_rounds=1) as network:
        network.fund()
        *others, late = network.members
        refused(network, late)
        for member in others:
            member.start()
        network.until(lambda view: view.member_count == CLIENTS - 1, may_end=True)

        assert "1 of 1 addresses came on the list" in listing(network, late.key.address)
        late.start()
        network.everyone_joined()
        struck = others[0]
        assert "1 of 1 addresses came off the list" in listing(network, "--remove", struck.key.address)
        network.keeping.start()
        view = network.until(lambda each: each.is_over, 240, may_end=True)

        # Struck off it sat, played and was paid as everyone (I20) ...
        acts = network.events("UpdatePublished", "BallotRevealed")
        assert {act.values["client"] for act in acts} == {member.key.address for member in network.members}
        assert not network.events("MarkedAbsent")
        own = view.clients[struck.key.address]
        for member in network.members:
            member.process.join(20)
            assert member.process.exitcode == 0, network.logs()
        # ... takes out everything, and only then is a stranger.
        struck.arguments.append("--leave")
        struck.start()
        struck.process.join(60)
        assert struck.process.exitcode == 0, struck.said
        assert network.wallet(struck) == own.free + own.escrow > 0
        struck.arguments.remove("--leave")
        refused(network, struck)


def test_who_is_struck_off_between_deposit_and_join_gets_its_tokens_back(tmp_path, compiled, keyed):
    admission = {"owner": FOUNDER.address, "members": [client_key(number).address for number in range(3)]}
    with game(tmp_path, compiled, 3, rows=600, admission=admission, max_rounds=1) as network:
        network.fund()
        member, held = network.members[0], network.wallet(network.members[0])
        deaths = tmp_path / "deaths"
        deaths.mkdir()
        (deaths / "depositWithPermit-after").touch()
        member.start(deaths=str(deaths))
        member.process.join(60)
        own = network.view().clients[member.key.address]
        assert own.free == held > 0 and network.wallet(member) == 0 and not own.is_member

        assert "1 of 1 addresses came off the list" in listing(network, "--remove", member.key.address)
        refused(network, member)
        member.arguments.append("--leave")
        member.start()
        member.process.join(60)
        assert member.process.exitcode == 0, member.said
        assert network.wallet(member) == held
