"""A contract of others says who may join, and asks for a proof of its own: here an issuer's signature."""

import pytest
from click.testing import CliRunner
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak
from live import FAST, PASSPHRASE, SEPOLIA, deploy, keystore, signer, write_configuration

from offchain.chain.abi import Interface
from offchain.live.access.chain import Chain, Creation, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.deploying.configuration import load_configuration
from scripts.client import cli as client

FOUNDER, NEW = signer(1), signer(73)
BOND = 64 * 10**18


@pytest.fixture(scope="module")
def place(anvil_node, compiled, tmp_path_factory, own_keystore):
    """A deployment that asks a VoucherAdmission of the founder's, its chain, and its configuration."""
    anvil_node.forget_hashes()
    chain = Chain(Rpc([anvil_node.url]), [Interface(each) for each in compiled.values()])
    keystore(own_keystore, newcomer=(73).to_bytes(32))
    for key in (FOUNDER, NEW):
        anvil_node.give(key.address)
    asked = Creation(Interface(compiled["VoucherAdmission"]), (FOUNDER.address,))
    admission = Sender(chain, FOUNDER, FAST).send(asked).contract
    folder = tmp_path_factory.mktemp("foreign")
    path = write_configuration(folder, admission={"address": admission})
    rules = load_configuration(path).learning.rules
    deployment = deploy(chain, compiled, path, FOUNDER, rules=rules)
    grant = Invocation(deployment.token, "transfer", (NEW.address, BOND))
    Sender(chain, FOUNDER, FAST).send(grant)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APE_ACCOUNTS_newcomer_PASSPHRASE", PASSPHRASE)
        yield deployment, chain, path


@pytest.fixture
def joining(place, anvil_node, tmp_path):
    """Joins with `ape run client --join`, or does `what` instead; exit code, and what it says on one line.

    Where it is to be refused it gets `--dry-run`: one that is not would try again for ever.
    """

    def run(*options, what="--join"):
        where = ["--deployment", str(place[2]), "--network", anvil_node.url, "--account", "newcomer"]
        where += ["--cache", str(tmp_path / "cache"), "--confirmations", "1", "--poll", "0.2"]
        result = CliRunner().invoke(client, [*where, what, *map(str, options)])
        return result.exit_code, " ".join(result.output.split())

    return run


def voucher(admission, address):
    """What the issuer hands out to a client."""
    content = keccak(encode(["uint256", "address", "address"], [SEPOLIA, admission, address]))
    return Account.sign_message(encode_defunct(content), (1).to_bytes(32)).signature


def is_member(place):
    deployment, chain, _ = place
    (found,) = chain.read([Invocation(deployment.manager, "clientOf", (NEW.address,))])
    return found[0]


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize("form", ["hex", "file of bytes", "file of hex"])
def test_a_client_shows_what_the_contract_asks_for(place, joining, tmp_path, form):
    proof, path = voucher(place[0].admission.address, NEW.address), tmp_path / "proof"
    path.write_bytes(f"0x{proof.hex()}\n".encode() if form == "file of hex" else bytes(proof))
    code, told = joining("--admission-proof", f"0x{proof.hex()}" if form == "hex" else path)
    assert code == 0 and "it is a member" in told, told
    assert is_member(place)


@pytest.mark.usefixtures("snapshot")
def test_without_it_a_client_is_told_before_it_stakes(place, joining):
    deployment, chain, _ = place
    nonce = chain.nonce(NEW.address)
    other = voucher(deployment.admission.address, FOUNDER.address)
    for options in ([], ["--admission-proof", f"0x{other.hex()}"]):
        code, told = joining("--dry-run", *options)
        assert code == 1 and f"{NEW.address} is not among those that may join deployment net" in told
        assert ("show it with --admission-proof" in told) == (not options)
    assert chain.nonce(NEW.address) == nonce and not is_member(place)


@pytest.mark.usefixtures("snapshot")
def test_what_one_deposited_that_may_not_join_comes_out_again(place, joining):
    """Struck off between deposit and joining: nothing more is sent for it, and its tokens are its own."""
    deployment, chain, _ = place
    own = Sender(chain, NEW, FAST)
    for call in (
        Invocation(deployment.token, "approve", (deployment.pool.address, BOND)),
        Invocation(deployment.pool, "deposit", (BOND,)),
    ):
        own.send(call)
        own.refresh()
    nonce = chain.nonce(NEW.address)
    assert joining("--dry-run")[0] == 1 and chain.nonce(NEW.address) == nonce
    code, told = joining(what="--leave")
    assert code == 0, told
    assert chain.read([Invocation(deployment.token, "balanceOf", (NEW.address,))]) == [BOND]


@pytest.mark.usefixtures("snapshot")
def test_what_takes_the_contract_more_gas_than_it_is_asked_with_is_told(place, joining, anvil_node):
    """Asked itself it says yes; the manager asks in 200,000 gas, and so does the client."""
    deployment, chain, _ = place
    nonce = chain.nonce(NEW.address)
    # Counts down from 100,000, then answers 1.
    anvil_node.rpc.request(
        "anvil_setCode", deployment.admission.address, "0x620186a05b60019003806004575060015f5260205ff3"
    )
    (alone,) = chain.read([Invocation(deployment.admission, "isAdmitted", (NEW.address, b""))])
    assert alone is True
    code, told = joining("--dry-run")
    assert code == 1 and f"gives no answer about {NEW.address}: ask whoever keeps it" in told
    assert chain.nonce(NEW.address) == nonce


def parsed(proof):
    """What the command makes of the option, before it looks for a deployment."""
    result = CliRunner().invoke(client, ["--deployment", "nowhere", "--admission-proof", str(proof)])
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("0x1", "'0x1' is no hex"),
        ("0xzz", "'0xzz' is no hex"),
        ("0x" + "é" * 2, "is no hex"),
        ("0x" + "00" * 100_001, "a proof of more than 100,000 bytes"),
        ("0a0b", "'0a0b' is neither hex that begins with 0x nor a file"),
        (".", "'.' is neither"),
        ("", "'' is neither"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_proof_is_told_before_anything_is_asked(given, told):
    code, said = parsed(given)
    assert code == 2 and told in said and len(said) < 1000


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"0x12345", "is no hex"), (b"\x00" * 100_001, "a proof of more than 100,000 bytes")],
    ids=["hex", "size"],
)
def test_a_file_that_is_no_proof_is_told(tmp_path, content, told):
    path = tmp_path / "proof"
    path.write_bytes(content)
    code, said = parsed(path)
    assert code == 2 and told in said


def test_a_proof_that_nobody_asks_for_is_refused(place, anvil_node, compiled, joining, tmp_path):
    for admission, words in (((), "anyone may join"), ([NEW.address], "MerkleAdmission asks for none")):
        path = write_configuration(tmp_path, admission=admission)
        deploy(place[1], compiled, path, FOUNDER, rules=load_configuration(path).learning.rules)
        code, told = joining("--deployment", path, "--admission-proof", "0x01")
        assert code == 1 and f"{words} here: leave it out" in told
        path.with_suffix(".json").unlink()
