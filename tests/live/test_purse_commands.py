"""The commands about tokens and about the state, in this process, with accounts of a keystore."""

import json
import os
import re
import signal
import socket

import pytest
from click.testing import CliRunner
from eth_utils import to_checksum_address
from live import PASSPHRASE, TREASURY, keystore, signer

from offchain.live.access.chain import Invocation
from offchain.live.watching.status import Watch
from scripts.explain import cli as explain
from scripts.fund import cli as fund
from scripts.grant import cli as grant
from scripts.keeper import cli as keeper
from scripts.page import cli as page
from scripts.status import cli as status
from scripts.sweep import cli as sweep
from scripts.withdraw import cli as withdraw

pytestmark = pytest.mark.usefixtures("snapshot")

MEMBER, STRANGER = 100, 77


@pytest.fixture
def invoke(founded, founded_path, anvil_node, own_keystore, monkeypatch):
    """Runs a command on the shared deployment; what it says, and whether it went well."""
    aliases = {"bank": MEMBER, "founder_": 1, "stranger": STRANGER}
    keystore(own_keystore, **{alias: number.to_bytes(32) for alias, number in aliases.items()})
    for alias in aliases:
        monkeypatch.setenv(f"APE_ACCOUNTS_{alias}_PASSPHRASE", PASSPHRASE)

    def run(command, *options, account=None, deployment=None):
        arguments = ["--deployment", str(deployment or founded_path), "--network", anvil_node.url]
        arguments += ["--account", account, "--confirmations", "1"] if account else []
        result = CliRunner().invoke(command, [*arguments, *map(str, options)])
        assert "Traceback" not in result.output
        return result

    return run


def refusal(result):
    assert result.exit_code in (1, 2), result.output
    return " ".join(result.output.split())


def wallet(founded, number):
    deployment, chain = founded
    return chain.read([Invocation(deployment.token, "balanceOf", (signer(number).address,))])[0]


def test_a_member_withdraws_what_is_above_its_bond(invoke, founded):
    done = invoke(withdraw, "--amount", "3.5", account="bank")
    assert done.exit_code == 0 and f"Withdrew 3.5 TST to {signer(MEMBER).address}" in done.output
    done = invoke(withdraw, account="bank")
    assert "Withdrew 60.5 TST" in done.output
    assert wallet(founded, MEMBER) == 64 * 10**18
    assert "has nothing to withdraw: a member keeps a bond of 64 TST" in refusal(
        invoke(withdraw, account="bank")
    )


def test_what_cannot_be_withdrawn_is_said(invoke, anvil_node):
    assert "can withdraw 64 TST, not 65" in refusal(invoke(withdraw, "--amount", "65", account="bank"))
    assert "'much' is no amount of TST" in refusal(invoke(withdraw, "--amount", "much", account="bank"))
    assert "has none of the native coin" in refusal(invoke(withdraw, account="stranger"))
    anvil_node.give(signer(STRANGER).address)
    assert "has nothing to withdraw" in refusal(invoke(withdraw, account="stranger"))
    assert "there is no account 'nobody' in Ape's keystore" in refusal(invoke(withdraw, account="nobody"))


def test_tokens_are_granted_once(invoke, founded):
    addresses = (signer(STRANGER).address, signer(MEMBER).address)
    done = invoke(grant, *addresses, "--amount", "100", account="founder_")
    owned = "owns 100 TST or more already; nothing was sent to it"
    assert done.output.splitlines()[-2:] == [f"{addresses[0]}: +100 TST", f"{addresses[1]}: {owned}"]
    assert wallet(founded, STRANGER) == 100 * 10**18
    again = invoke(grant, *addresses, "--amount", "100", account="founder_")
    assert again.output.splitlines()[-2:] == [f"{address}: {owned}" for address in addresses]
    assert wallet(founded, STRANGER) == 100 * 10**18
    assert "holds 0 TST" in refusal(invoke(grant, signer(88).address, "--amount", "1", account="bank"))
    assert "is no address" in refusal(invoke(grant, "0x12", "--amount", "1", account="founder_"))


def test_a_mistyped_address_gets_nothing_and_explains_nothing(invoke, founded):
    right = to_checksum_address(signer(STRANGER).address)
    mistyped = right[:-1] + ("1" if right[-1] != "1" else "2")
    nonce = founded[1].nonce(signer(1).address)
    told = refusal(invoke(grant, right, mistyped, "--amount", "5", account="founder_"))
    assert f"'{mistyped}' is mistyped" in told
    assert f"'{mistyped}' is mistyped" in refusal(invoke(explain, mistyped))
    assert founded[1].nonce(signer(1).address) == nonce and wallet(founded, STRANGER) == 0
    assert invoke(explain, right).exit_code == 0


def test_tokens_are_not_given_where_they_would_be_lost(invoke, founded, anvil_node):
    deployment, chain = founded
    nonce = chain.nonce(signer(1).address)
    for name, contract in (("RoundManager", deployment.manager), ("StakePool", deployment.pool)):
        told = refusal(invoke(grant, contract.address, "--amount", "1", account="founder_"))
        assert f"is the deployment's {name}, where tokens would be lost" in told
    told = refusal(invoke(grant, signer(1).address, "--amount", "1", account="founder_"))
    assert "is the account that gives" in told
    assert chain.nonce(signer(1).address) == nonce


@pytest.fixture
def reached(anvil_node, monkeypatch):
    """The hosts that this process connects to, or looks up, from now on; kept connections are the node's."""
    found, connect, look_up = set(), socket.socket.connect, socket.getaddrinfo

    def noted(own, address):
        found.add(address[0])
        return connect(own, address)

    def named(host, *more, **others):
        found.add(host)
        return look_up(host, *more, **others)

    monkeypatch.setattr(socket.socket, "connect", noted)
    monkeypatch.setattr(socket, "getaddrinfo", named)
    socket.create_connection(("127.0.0.1", anvil_node.port)).close()
    assert found == {"127.0.0.1"}
    return found


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("vitalik.eth", "'vitalik.eth' is no address; .* names are not looked up here"),
        ("bank", "'bank' is no address; .* `ape accounts list` shows its address"),
        ("StakeToken", "'StakeToken' is no address"),
        ("0x" + "0" * 40, "is no address; expected .* not all zero"),
        ("0x" + "0" * 36 + "dead", "is an address that nobody has the key of, where tokens would be lost"),
        ("token", "is the deployment's StakeToken, where tokens would be lost"),
        ("TOKEN", "is the deployment's StakeToken, where tokens would be lost"),
    ],
)
def test_what_is_given_for_an_address_is_one_or_is_refused_and_nobody_else_is_asked(
    invoke, founded, reached, given, told
):
    deployment, chain = founded
    token = deployment.token.address
    given = {"token": token, "TOKEN": "0x" + token[2:].upper()}.get(given, given)
    nonce = chain.nonce(signer(1).address)
    assert re.search(told, refusal(invoke(grant, given, "--amount", "1", account="founder_")))
    assert chain.nonce(signer(1).address) == nonce
    assert reached == {"127.0.0.1"}


def test_an_account_is_an_alias_and_is_shown_before_anything_is_sent(invoke, founded, reached):
    deployment, chain = founded
    nonce = chain.nonce(signer(1).address)
    for given in ("vitalik.eth", signer(1).address, "Founder_", "0x" + "0" * 40, deployment.token.address):
        told = refusal(invoke(grant, signer(88).address, "--amount", "1", account=given))
        assert f"there is no account '{given}' in Ape's keystore" in told and "give an alias" in told
    assert chain.nonce(signer(1).address) == nonce
    mixed = to_checksum_address(signer(STRANGER).address)
    done = invoke(grant, mixed, "--amount", "1", account="founder_")
    assert done.exit_code == 0, done.output
    said = f"account founder_ is {signer(1).address}"
    assert -1 < done.output.find(said) < done.output.find("sent transfer")
    assert wallet(founded, STRANGER) == 10**18 and reached == {"127.0.0.1"}


def test_a_contract_that_is_given_tokens_is_said_and_a_delegated_account_is_none(
    invoke, founded, anvil_node, caplog
):
    contract, delegated = "0x" + "c0" * 20, "0x" + "de" * 20
    anvil_node.rpc.request("anvil_setCode", contract, "0x60006000fd")
    anvil_node.rpc.request("anvil_setCode", delegated, "0xef0100" + "11" * 20)
    done = invoke(grant, contract, delegated, "--amount", "1", account="founder_")
    assert done.exit_code == 0, done.output
    assert f"{contract} is a contract" in done.output and f"{delegated} is a contract" not in done.output


@pytest.mark.parametrize("secret", ["0x" + "1f" * 32, "1F" * 32, " ".join(["test"] * 11 + ["junk"])])
def test_a_key_that_is_pasted_anywhere_is_not_repeated(secret, invoke, founded_path, tmp_path):
    where = [
        invoke(grant, secret, "--amount", "1", account="founder_"),
        invoke(grant, signer(88).address, "--amount", secret, account="founder_"),
        invoke(grant, signer(88).address, "--amount", "1", account=secret),
        invoke(withdraw, "--amount", secret, account="bank"),
        invoke(explain, secret),
        invoke(keeper, "--once", account=secret),
    ]
    for result in where:
        assert "is not repeated here" in refusal(result) and "1f1f" not in result.output.lower()
        assert "junk" not in result.output


def test_a_keeper_does_what_is_due_and_ends(invoke, founded):
    deployment, chain = founded
    done = invoke(keeper, "--once", "--poll", "0.05", account="founder_")
    assert done.exit_code == 0, done.output
    assert chain.read_all([Invocation(deployment.manager, "seats")])[0] == (2, 4)
    told = json.loads(invoke(status, "--json", "--members").stdout)
    assert (told["round"], told["phase"], len(told["members"])) == (1, "draw", 6)
    shown = invoke(status, "--members", "--rounds", "0").output
    assert "Round 1: draw; waits for" in shown and signer(MEMBER).address in shown
    assert signer(MEMBER).address not in invoke(status, "--rounds", "0").output


def test_a_budget_that_would_pay_nothing_is_not_funded(invoke, founded):
    assert "this deployment pays no rewards" in refusal(invoke(fund, "--amount", "1", account="founder_"))
    assert founded[1].read([Invocation(founded[0].manager, "budget")]) == [0]


def test_what_nobody_can_win_is_swept(invoke, founded, anvil_node, tmp_path):
    deployment, chain = founded

    def keep(times):
        for _ in range(times):
            # Without the rest between draws it would open the next round at once.
            kept = invoke(keeper, "--once", "--every", "3600", "--poll", "0.05", account="founder_")
            assert kept.exit_code == 0, kept.output
            anvil_node.mine(4)

    assert "nothing was swept: it can be swept from 20" in refusal(invoke(sweep, account="founder_"))
    keep(2)  # Opens and draws.
    assert "round 1 is open, in phase propose" in refusal(invoke(sweep, account="founder_"))
    anvil_node.warp(600)
    keep(3)  # Marks the two proposers, who did nothing, and finalises.
    anvil_node.warp(366 * 86_400)
    done = invoke(sweep, account="founder_")
    assert done.exit_code == 0, done.output
    assert f"Sent 1 TST to the treasury, {TREASURY}" in done.output
    assert chain.read([Invocation(deployment.token, "balanceOf", (TREASURY,))]) == [10**18]
    nonce = chain.nonce(signer(1).address)
    assert "reward pool and budget are empty" in refusal(invoke(sweep, account="founder_"))
    assert chain.nonce(signer(1).address) == nonce
    # Its tokens are in the page, and it is no member.
    assert invoke(page, "--out", tmp_path).exit_code == 0
    shown = (tmp_path / "index.html").read_text()
    assert TREASURY in shown and "1 round, 6 members so far" in shown and '"6":"no member"' in shown


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_watching_goes_on_until_it_is_stopped(invoke, form, monkeypatch):
    looks, look = [], Watch.look

    def counted(eyes):
        looks.append(1)
        if len(looks) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return look(eyes)

    monkeypatch.setattr(Watch, "look", counted)
    done = invoke(status, "--watch", "--poll", "0.1", *form)
    assert done.exit_code == 0 and len(looks) == 4
    if form:
        assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3
    else:
        assert "No round yet" in done.output


def test_a_statement_is_for_people_too(invoke):
    shown = " ".join(invoke(explain, signer(MEMBER).address).output.split())
    assert "128 free and 0 in escrow, 128 TST in all, as the contract says." in shown
    told = json.loads(invoke(explain, signer(MEMBER).address, "--json").stdout)["changes"]
    assert [change["reason"] for change in told] == ["deposit", "joined"]
    assert all(change["transaction"] in shown for change in told)
    nothing = invoke(explain, signer(STRANGER).address)
    assert "Nothing ever changed for" in nothing.output
    assert "'bank' is no address" in refusal(invoke(explain, "bank"))


def test_a_deployment_that_is_not_there_is_said_so(invoke, tmp_path):
    assert "there is no configuration deployments/nowhere.yaml" in refusal(
        invoke(status, deployment="nowhere")
    )
