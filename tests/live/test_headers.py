"""Headers of every fork are proved, those of forks to come raw; what cannot be proved is said at once."""

import json
from pathlib import Path

import pytest
import rlp
from dialects import Says, speaking
from live import FAST, signer, write_configuration

from ml.updates.hashing import keccak256
from offchain.live.access.chain import Chain
from offchain.live.access.headers import assembled, header_proof
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deployer import Deployer
from offchain.live.errors import HeaderError
from offchain.live.keeping.keeper import Keeper
from offchain.live.watching.view import read_view
from offchain.reference import Phase

pytestmark = pytest.mark.usefixtures("snapshot")

# As nodes told them; each hashes to the hash that its network knows it by.
BLOCKS = json.loads(Path(__file__).with_name("headers.json").read_text(encoding="utf-8"))
FIELDS = {"Frontier": 15, "London": 16, "Shanghai": 17, "Cancun": 20, "Prague": 21, "Amsterdam": 23}
AMSTERDAM = next(block for name, block in BLOCKS.items() if name.startswith("Amsterdam"))
PRAGUE = next(block for name, block in BLOCKS.items() if name.startswith("Prague"))


@pytest.mark.parametrize("name", BLOCKS)
def test_a_header_of_each_fork_is_put_together_from_what_a_node_tells(name):
    block = BLOCKS[name]
    header = assembled(block)
    assert "0x" + keccak256(header).hex() == block["hash"]
    fields = rlp.decode(header)
    assert len(fields) == FIELDS[name.split(",")[0]]
    assert "0x" + fields[13].hex() == block["mixHash"]


def test_there_is_one_of_every_fork():
    assert [name.split(",")[0] for name in BLOCKS] == list(FIELDS)


@pytest.mark.parametrize(
    "more", [{"blockAccessListHash": None, "slotNumber": None}, {"blockAccessListHash": "0x" + "1" * 64}]
)
def test_a_node_may_tell_more_than_the_header_has(more):
    assert assembled({**PRAGUE, **more, "totalDifficulty": "0x0", "size": "0x1"}) == assembled(PRAGUE)


def test_upper_case_and_full_fields_of_other_nodes_are_read():
    shouting = {k: "0x" + v[2:].upper() for k, v in AMSTERDAM.items()}
    assert assembled(shouting) == assembled(AMSTERDAM)
    assert assembled({**AMSTERDAM, "slotNumber": "0x00c0"}) == assembled(AMSTERDAM)


@pytest.mark.parametrize("name", ["slotNumber", "blockAccessListHash", "mixHash", "number", "hash"])
@pytest.mark.parametrize("value", [None, "", "0x", "many", 7, [], "0x" + "1" * 64])
def test_a_block_that_a_node_tells_wrongly_is_no_proof_and_no_error_of_ours(name, value):
    with pytest.raises(HeaderError, match="cannot be proved"):
        assembled({**AMSTERDAM, name: value})
    with pytest.raises(HeaderError):
        assembled({key: each for key, each in AMSTERDAM.items() if key != name})


@pytest.fixture
def dialect(anvil_node):
    with speaking(anvil_node.url) as (dialect, url):
        dialect.url = url
        yield dialect


def line(dialect, interfaces=()):
    return Chain(Rpc([dialect.url], tries=1, pause=0.01), interfaces)


def of_a_fork_to_come(dialect):
    """Let the node's latest block have a field more; its header in RLP."""
    header = rlp.encode([*rlp.decode(assembled(AMSTERDAM)), b"\x07" * 32])
    block = {**AMSTERDAM, "hash": "0x" + keccak256(header).hex(), "nextField": "0x" + "07" * 32}
    dialect.answers["eth_getBlockByNumber"] = lambda *_: block
    return header


def test_a_header_of_a_fork_to_come_is_taken_raw(dialect):
    header = of_a_fork_to_come(dialect)
    asked = []

    def raw(number):
        asked.append(number)
        return "0x" + header.hex()

    dialect.answers["debug_getRawHeader"] = raw
    assert header_proof(line(dialect), "latest") == header
    assert asked == [AMSTERDAM["number"]]


@pytest.mark.parametrize("raw", [None, "", "0x", "0x12", "no hex", 7, {}, "0x" + assembled(PRAGUE).hex()])
def test_a_raw_header_that_is_none_of_the_block_is_not_believed(dialect, raw):
    dialect.answers |= {"debug_getRawHeader": lambda _: raw, "eth_getBlockByNumber": lambda *_: AMSTERDAM}
    assert header_proof(line(dialect), "latest") == assembled(AMSTERDAM)
    of_a_fork_to_come(dialect)
    with pytest.raises(HeaderError, match="debug_getRawHeader"):
        header_proof(line(dialect), "latest")


@pytest.mark.parametrize("says", [Says("the method does not exist", -32601), Says("forbidden", -32600)])
def test_a_node_that_has_no_raw_headers_is_asked_for_the_fields(dialect, says):
    def refuse(_):
        raise says

    dialect.answers |= {"debug_getRawHeader": refuse, "eth_getBlockByNumber": lambda *_: AMSTERDAM}
    assert header_proof(line(dialect), "latest") == assembled(AMSTERDAM)


def unprovable(dialect):
    """Let every block say an extra datum that is not in its header."""

    def told(which, full):
        block = dialect.ask("eth_getBlockByNumber", which, full)
        return block and {**block, "extraData": "0x1234"}

    dialect.answers["eth_getBlockByNumber"] = told


def test_nothing_is_deployed_where_no_seed_could_be_proved(dialect, compiled, tmp_path):
    def deployer(source):
        path = write_configuration(tmp_path, source, seed_source=source)
        chain = line(dialect)
        return Deployer(chain, compiled, load_configuration(path), b"\7" * 32, path.with_suffix(".json"))

    deployer("prevrandao")
    unprovable(dialect)
    with pytest.raises(HeaderError, match="or deploy with seed_source blockhash"):
        deployer("prevrandao")
    assert not (tmp_path / "prevrandao.json").exists() and not dialect.asked["eth_sendRawTransaction"]
    deployer("blockhash")


def test_a_keeper_that_could_not_draw_does_not_start_and_opens_no_round(dialect, founded, anvil_node):
    deployment, _ = founded
    chain = line(dialect, deployment.interfaces)
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST))
    unprovable(dialect)
    with pytest.raises(HeaderError):
        Keeper(chain, deployment, Sender(chain, signer(1), FAST))
    # The fork comes while it runs.
    with pytest.raises(HeaderError):
        for _ in range(5):
            keeper.step()
    assert not dialect.asked["eth_sendRawTransaction"]
    dialect.answers.clear()
    for _ in range(20):
        if read_view(chain, deployment).phase is Phase.PROPOSE:
            break
        keeper.step()
        anvil_node.mine()
    assert read_view(chain, deployment).phase is Phase.PROPOSE
