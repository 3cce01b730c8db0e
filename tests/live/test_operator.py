"""A client whose own key is away from the network: it joins, its operators play, and one follows another."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from live import FAST, PASSPHRASE, keystore, signer
from live_game import game, keys_for

from offchain.errors import OffchainError
from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.client.choices import ClientOptions
from offchain.live.client.own_data import DataOptions
from offchain.live.client.start import prepare
from offchain.reference.state import NOBODY
from scripts.operator import cli as operator

COLD, OPERATOR, STRANGER = signer(100), signer(61), signer(62)
CLIENTS = 4


def named(network, key, operator_key):
    """What `ape run operator` sends with the client's key."""
    call = Invocation(network.deployment.manager, "setOperator", (operator_key.address,))
    Sender(network.chain, key, FAST).send(call)


def joined(member):
    """Let a client deposit its bond and join, by its own key, and end."""
    arguments = member.arguments
    member.arguments = [*arguments[: arguments.index("--share")], "--join"]
    member.start()
    member.process.join(60)
    assert member.process.exitcode == 0 and "Done: it is a member." in member.said, member.said
    member.arguments = arguments


def operated(member, by, secret):
    """Let a client be run with the key of another alias, and with salts from a file."""
    member.arguments[member.arguments.index("--account") + 1] = by.alias
    member.arguments += ["--client-address", member.key.address, "--salts", str(secret)]


def test_one_operator_opens_what_another_committed_to(tmp_path, compiled, tmp_path_factory):
    """The client's own key sends nothing after it joined; its second operator opens what the first locked."""
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path, compiled, clients=CLIENTS + 2, rows=600, salt=b"\x09" * 32, max_rounds=1) as network:
        *members, first, second = network.members
        cold, secret = members[0], tmp_path / "secret"
        network.members = members[1:]
        network.enrol()
        network.members = members
        network.fund([cold])
        joined(cold)
        named(network, cold.key, first.key)
        nonce = network.chain.nonce(cold.key.address)
        operated(cold, first, secret)
        for member in members:
            member.start()
        network.keeping.start()
        seat = ("UpdateCommitted", "BallotCommitted")
        of_cold = network.until(lambda _: acts(network, cold, *seat), 180) and acts(network, cold, *seat)
        cold.stop()

        named(network, cold.key, second.key)
        cold.arguments[cold.arguments.index("--account") + 1] = second.alias
        cold.start()
        network.until(lambda view: view.is_over, 240, may_end=True)
        opened = acts(network, cold, "UpdatePublished", "BallotRevealed")
        assert len(of_cold) == len(opened) == 1, network.logs()
        assert not network.events("MarkedAbsent") and len(network.events("BallotRevealed")) == CLIENTS - 1
        # Naming the second is all that the client's own key sent.
        assert network.chain.nonce(cold.key.address) == nonce + 1
        assert secret.stat().st_mode & 0o777 == 0o600


def acts(network, member, *names):
    return [e for e in network.events(*names) if e.values["client"] == member.key.address]


@pytest.fixture
def options(tmp_path):
    return ClientOptions(
        data=DataOptions(share=(0, 4)),
        stores=(str(tmp_path / "store"),),
        cache=tmp_path / "cache",
        sending=FAST,
        store_patience=0,
        client=COLD.address,
        salts=tmp_path / "secret",
    )


@pytest.fixture
def invoke(founded_path, anvil_node, own_keystore, monkeypatch):
    """Runs a command with the client's own key; what it says, on one line."""
    keystore(own_keystore, cold=(100).to_bytes(32), new=(63).to_bytes(32))
    for alias in ("cold", "new"):
        monkeypatch.setenv(f"APE_ACCOUNTS_{alias}_PASSPHRASE", PASSPHRASE)

    def run(command, *options, account="cold", fails=False):
        where = ["--deployment", str(founded_path), "--network", anvil_node.url, "--account", account]
        result = CliRunner().invoke(command, [*where, "--confirmations", "1", *map(str, options)])
        assert (result.exit_code != 0) == fails and "Traceback" not in result.output, result.output
        return " ".join(result.output.split())

    return run


@pytest.mark.usefixtures("snapshot")
class TestNaming:
    def test_it_is_sent_once_and_taken_back(self, founded, invoke):
        deployment, chain = founded

        def now():
            (address,) = chain.read([Invocation(deployment.manager, "operatorOf", (COLD.address,))])
            return address.lower()

        told = invoke(operator, OPERATOR.address)
        assert f"The operator of {COLD.address} is {OPERATOR.address}, was {NOBODY}" in told
        assert now() == OPERATOR.address
        nonce = chain.nonce(COLD.address)
        assert "nothing was sent" in invoke(operator, OPERATOR.address)
        assert chain.nonce(COLD.address) == nonce
        invoke(operator, "--none")
        assert now() == NOBODY

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ((), "name one address, or nobody with --none"),
            ((OPERATOR.address, "--none"), "name one address, or nobody with --none"),
            ((NOBODY,), "expected 0x and 40 hexadecimal digits, not all zero"),
            ((COLD.address,), "is the account itself, which signs anyway"),
            (("0x12",), "0x12"),
            (("bank.eth",), "names are not looked up here"),
            (("hot",), "`ape accounts list` shows its address"),
            (("0x" + "0" * 38 + "01",), "is an address that nobody has the key of, which signs nothing"),
            (("manager",), "is the deployment's RoundManager, which signs nothing"),
            (("0x" + "c0" * 20,), "is a contract, and an operator signs with a key"),
        ],
        ids=["none", "both", "zero", "self", "no address", "name", "alias", "nobody", "manager", "contract"],
    )
    def test_whom_to_name_must_be_clear(self, founded, invoke, anvil_node, given, told):
        anvil_node.rpc.request("anvil_setCode", "0x" + "c0" * 20, "0x60006000fd")
        given = [founded[0].manager.address if each == "manager" else each for each in given]
        nonce = founded[1].nonce(COLD.address)
        assert told in invoke(operator, *given, fails=True)
        assert founded[1].nonce(COLD.address) == nonce


@pytest.mark.usefixtures("snapshot")
class TestStarting:
    """By the rules of another network: what is wrong with keys is found before rows are looked at."""

    def refusal(self, founded, options, key=OPERATOR):
        deployment, chain = founded
        rules = deployment.configuration.learning.rules
        there = replace(deployment, parameters=replace(deployment.parameters, rules=rules))
        with pytest.raises(OffchainError) as refused:
            prepare(chain, there, key.address, options, None)
        return str(refused.value)

    @pytest.fixture(autouse=True)
    def named(self, founded, anvil_node):
        deployment, chain = founded
        for key in (OPERATOR, STRANGER):
            anvil_node.give(key.address)
        call = Invocation(deployment.manager, "setOperator", (OPERATOR.address,))
        Sender(chain, COLD, FAST).send(call)

    def test_another_key_is_refused(self, founded, options):
        told = self.refusal(founded, options, key=STRANGER)
        assert (
            f"{STRANGER.address} is not the operator of {COLD.address}, which has {OPERATOR.address}" in told
        )
        assert f"`ape run operator {STRANGER.address}`" in told

    def test_salts_of_its_own_are_asked_for(self, founded, options):
        assert "give --salts FILE, a secret" in self.refusal(founded, replace(options, salts=None))

    @pytest.mark.parametrize(
        ("option", "changed"),
        [("--leave", {"leave": True}), ("--join", {"join": True})],
    )
    def test_what_takes_the_clients_key_is_refused(self, founded, options, option, changed):
        told = self.refusal(founded, replace(options, **changed))
        assert told == (
            f"{option} takes the client's own key, not its operator's: leave out {option}, or "
            "--client-address"
        )

    def test_joining_and_leaving_exclude_each_other(self, founded, options):
        own = replace(options, client=None, join=True, leave=True)
        assert "--join and --leave exclude each other" in self.refusal(founded, own)
