"""What a rollup takes for bytes on Ethereum, told by a contract where the OP Stack has its own."""

import re
from io import StringIO

import pytest
from live import FAST, node, signer, write_configuration
from rich.console import Console

from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed
from offchain.live.access.chain import Chain, Creation, Invocation
from offchain.live.access.rollup import is_rollup
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.access.sending import SendingSettings
from offchain.live.client.costs import data_cost
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deploy_report import print_prices
from offchain.live.deploying.deployer import Deployer
from offchain.live.errors import InsufficientFundsError

ORACLE = "0x420000000000000000000000000000000000000F"
WEI_PER_BYTE = 10**12
SIGNATURE = 67  # Bytes that signing adds to a transaction, within one.
FOUNDER, POOR = signer(1), signer(2)


@pytest.fixture
def rollup_chain(compiled):
    with node() as running:
        running.give(FOUNDER.address)
        code = compiled["DataFeeOracle"].runtime_bytecode.bytecode
        running.rpc.request("anvil_setCode", ORACLE, str(code))
        yield Chain(Rpc([running.url]))


@pytest.fixture
def founding(rollup_chain, compiled, tmp_path):
    configuration = load_configuration(write_configuration(tmp_path))
    return Deployer(rollup_chain, compiled, configuration, b"\x07" * 32, tmp_path / "net.json")


def told(rollup_chain, founding):
    console = Console(file=StringIO(), width=200)
    print_prices(console, rollup_chain, founding, FOUNDER.address, SendingSettings())
    return console.file.getvalue()


def test_the_price_of_a_deployment_has_the_fee_for_its_data(rollup_chain, founding):
    text = told(rollup_chain, founding)
    book = founding.run(Sender(rollup_chain, FOUNDER, FAST))
    hashes = [entry.transaction for entry in book.contracts.values() if entry.transaction]
    raws = [rollup_chain.rpc.request("eth_getRawTransactionByHash", each) for each in hashes]
    fee = sum(len(raw) // 2 - 1 - SIGNATURE for raw in raws) * WEI_PER_BYTE
    (line,) = [line for line in text.splitlines() if "for the data on Ethereum" in line]
    said = float(line.removeprefix("This rollup adds ").split()[0])
    assert said == pytest.approx(fee / 10**18, rel=0.001)


@pytest.mark.parametrize(
    "code", ["0xfe", "0x5f5ff3", "0x600a5ff3"], ids=["refuses", "says nothing", "too short"]
)
def test_a_fee_that_the_chain_does_not_tell_is_not_guessed(rollup_chain, founding, code):
    rollup_chain.rpc.request("anvil_setCode", ORACLE, code)
    assert "not known: getL1Fee gives no answer" in told(rollup_chain, founding)


def test_a_clients_dry_run_says_what_a_round_takes(founded, anvil_node, snapshot, compiled):
    deployment, chain = founded
    assert data_cost(chain, deployment) is None
    anvil_node.rpc.request("anvil_setCode", ORACLE, str(compiled["DataFeeOracle"].runtime_bytecode.bytecode))
    found = re.fullmatch(
        r"takes ([\d.]+) from a proposer and ([\d.]+) from a voter a round for data on Ethereum, beyond gas",
        data_cost(chain, deployment),
    )
    # Selectors and words of calldata, and some fifty bytes for each transaction's other fields.
    proposer, voter = (float(fee) * 10**18 / WEI_PER_BYTE for fee in found.groups())
    assert proposer == pytest.approx(4 + 32 + 4 + 96 + 2 * 50, abs=20)
    assert voter == pytest.approx(4 + 32 + 4 + 64 + 2 * 50, abs=20)
    anvil_node.rpc.request("anvil_setCode", ORACLE, "0xfe")
    assert "not known" in data_cost(chain, deployment)


def test_other_chains_are_no_rollups(rollup_chain, founding):
    rollup_chain.rpc.request("anvil_setCode", ORACLE, "0x")
    assert not is_rollup(rollup_chain)
    assert "rollup" not in told(rollup_chain, founding)


def test_who_can_pay_for_gas_and_not_for_the_data_is_told_before_sending(rollup_chain, compiled):
    interface = Interface(compiled["StakeToken"])
    receipt = Sender(rollup_chain, FOUNDER, FAST).send(
        Creation(interface, ("Stake", "STK", 1000, FOUNDER.address))
    )
    approve = Invocation(Deployed(interface, receipt.contract), "approve", (FOUNDER.address, 1))

    def offer(coin):
        rollup_chain.rpc.request("anvil_setBalance", POOR.address, hex(coin))
        return Sender(rollup_chain, POOR, FAST).send(approve)

    gas = rollup_chain.gas_of(approve, POOR.address) * 5 // 4
    head = rollup_chain.head()
    most = gas * (2 * head.base_fee + max(rollup_chain.tip(), 10**6))
    with pytest.raises(InsufficientFundsError, match=f"account {POOR.address} has"):
        offer(most + 100 * WEI_PER_BYTE)
    assert rollup_chain.nonce(POOR.address) == 0
    assert offer(most + 150 * WEI_PER_BYTE).message is approve
