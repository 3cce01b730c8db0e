"""`ape run admit`: the list of those who may join, kept by its owner; what clients and status make of it."""

import json

import pytest
from click.testing import CliRunner
from eth_abi import encode
from live import FAST, PASSPHRASE, found, keystore, signer, write_configuration

from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.errors import OffchainError
from offchain.live.access.chain import Invocation
from offchain.live.client.choices import ClientOptions
from offchain.live.client.own_data import DataOptions
from offchain.live.client.start import prepare
from offchain.live.deploying.code_check import require_code
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deployment import load_deployment
from offchain.live.errors import ConfigurationError, DeploymentError
from offchain.live.purse.admitting import addresses_in, calls
from scripts.admit import cli as admit
from scripts.status import cli as status

FOUNDER, NEW, OTHER = signer(1), signer(71), signer(72)


@pytest.fixture(scope="module")
def kept(anvil_node, compiled, members, tmp_path_factory, own_keystore):
    """A deployment whose founder keeps the list, with the six members on it, and its chain."""
    anvil_node.forget_hashes()
    keystore(own_keystore, founder=(1).to_bytes(32), stranger=(71).to_bytes(32))
    anvil_node.give(NEW.address)
    registry = {"owner": FOUNDER.address, "members": [key.address for key in members]}
    path = write_configuration(tmp_path_factory.mktemp("kept"), admission=registry)
    rules = load_configuration(path).learning.rules
    deployment, chain = found(anvil_node, compiled, path, members, rules=rules)
    with pytest.MonkeyPatch.context() as patch:
        for alias in ("founder", "stranger"):
            patch.setenv(f"APE_ACCOUNTS_{alias}_PASSPHRASE", PASSPHRASE)
        yield deployment, chain, path


@pytest.fixture
def run(kept, anvil_node):
    def command(*words, path=None, account="founder"):
        where = ["--deployment", str(path or kept[2]), "--network", anvil_node.url, "--account", account]
        result = CliRunner().invoke(admit, [*map(str, words), *where, "--confirmations", "1"])
        return result.exit_code, " ".join(result.output.split())

    return command


def is_listed(kept, key):
    deployment, chain, _ = kept
    (answer,) = chain.read([Invocation(deployment.admission, "isListed", (key.address,))])
    return answer


@pytest.mark.usefixtures("snapshot")
def test_the_owner_adds_from_a_file_and_removes_and_nothing_is_sent_twice(kept, run, tmp_path, members):
    path = tmp_path / "members.txt"
    path.write_text(f"# the newcomers\n{NEW.address}  # bank\n\n{members[0].address}\n{NEW.address}\n")
    code, told = run("--file", path, OTHER.address)
    assert code == 0 and "2 of 3 addresses came on the list" in told
    assert is_listed(kept, NEW) and is_listed(kept, OTHER)
    assert "All 3 are on the list already; nothing was sent" in run("--file", path, OTHER.address)[1]
    assert "1 of 1 addresses came off the list" in run("--remove", NEW.address)[1]
    assert not is_listed(kept, NEW) and is_listed(kept, members[0])


@pytest.mark.usefixtures("snapshot")
def test_what_a_safe_has_to_send_is_printed(kept, run):
    code, told = run("--calldata", NEW.address)
    (call,) = calls(kept[0].admission, [NEW.address], listed=True)
    assert code == 0 and told == f"to {kept[0].admission.address} data 0x{call.data.hex()}"
    assert not is_listed(kept, NEW)


def test_who_cannot_join_is_not_listed_and_can_be_taken_off(kept, run):
    deployment, chain, _ = kept
    token, nonce = deployment.token.address, chain.nonce(FOUNDER.address)
    code, told = run(token)
    assert code == 1 and f"{token} is the deployment's StakeToken, which cannot join" in told
    code, told = run(NEW.address, "0x" + "ee" * 20)
    assert code == 1 and "is an address that nobody has the key of, which cannot join" in told
    assert chain.nonce(FOUNDER.address) == nonce and not is_listed(kept, NEW)
    code, told = run("--remove", token)
    assert code == 0 and "off the list already; nothing was sent" in told


def test_who_is_not_the_owner_is_told_whose_list_it_is(run):
    code, told = run(OTHER.address, account="stranger")
    assert code == 1 and f"is kept by {FOUNDER.address}, not by {NEW.address}" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [("0x12\n", "line 1: "), (f"\n{OTHER.address}\n{NEW.address}0\n", "line 3: "), ("\x00\x01", "line 1: ")],
)
def test_a_line_that_is_no_address_is_named(tmp_path, text, told):
    path = tmp_path / "members.txt"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        addresses_in(path)


def test_a_file_that_is_not_there_and_no_address_at_all_are_told(run, tmp_path):
    assert "cannot be read" in run("--file", tmp_path / "none.txt")[1]
    assert "name addresses, or a file of them" in run()[1]


def test_lists_that_nobody_keeps_are_told(run, anvil_node, compiled, members, tmp_path):
    path = write_configuration(tmp_path, "tree", admission=[key.address for key in members])
    deployment, chain = found(anvil_node, compiled, path, [])
    assert "is fixed for ever by a tree of 6 addresses" in run(NEW.address, path=path)[1]
    require_code(chain, deployment)
    told = asked(status, "--deployment", path, "--network", anvil_node.url)["who_joins"]
    assert told == "one of 6 addresses, which nobody can change"

    there = {"address": deployment.source.address}  # A contract that is no admission.
    path = write_configuration(tmp_path, "other", admission=there)
    found(anvil_node, compiled, path, [])
    assert "is no RegistryAdmission" in run(NEW.address, path=path)[1]
    path = write_configuration(tmp_path, "nothing", admission={"address": NEW.address})
    with pytest.raises(DeploymentError, match=f"no contract at {NEW.address}"):
        found(anvil_node, compiled, path, [])


def asked(command, *options):
    result = CliRunner().invoke(command, [*map(str, options), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_status_says_who_keeps_the_list_and_the_code_is_compared(kept, anvil_node):
    deployment, chain, path = kept
    told = asked(status, "--deployment", path, "--network", anvil_node.url)["who_joins"]
    assert told == f"who is on the list at {deployment.admission.address}, kept by {FOUNDER.address}"
    require_code(chain, deployment)


@pytest.mark.usefixtures("snapshot")
def test_a_client_asks_before_it_joins(kept, run, tmp_path):
    deployment, chain, _ = kept
    options = ClientOptions(DataOptions(share=(0, 8)), (), cache=tmp_path, join=True, sending=FAST)
    sentence = f"{NEW.address} is not among those that may join deployment net, says RegistryAdmission"
    with pytest.raises(OffchainError, match=sentence):
        prepare(chain, deployment, NEW.address, options, None)
    run(NEW.address)
    with pytest.raises(OffchainError) as other:  # Its wallet is empty.
        prepare(chain, deployment, NEW.address, options, None)
    assert "may join" not in str(other.value)


@pytest.mark.usefixtures("snapshot")
def test_a_book_with_another_admission_than_the_contracts_is_refused(kept, compiled, anvil_node):
    deployment, chain, path = kept
    book = path.with_suffix(".json")
    before = book.read_text()
    try:
        book.write_text(before.replace(deployment.admission.address, deployment.source.address))
        result = CliRunner().invoke(status, ["--deployment", str(path), "--network", anvil_node.url])
        assert result.exit_code == 1 and "who may join" in " ".join(result.output.split())
        book.write_text(before.replace('"treasury"', '"admission_root"'))
        with pytest.raises(ConfigurationError, match="deployed with other parameters than this version has"):
            load_deployment(str(path), compiled)
    finally:
        book.write_text(before)


def test_ten_thousand_addresses_take_fifty_transactions(compiled):
    registry = Deployed(Interface(compiled["RegistryAdmission"]), "0x" + 40 * "1")
    clients = [f"0x{number:040x}" for number in range(1, 10_001)]
    sent = list(calls(registry, clients, listed=False))
    assert len(sent) == 50 and all(len(each.arguments[0]) == 200 for each in sent)
    assert sent[0].data[4:] == encode(["address[]"], [clients[:200]])
