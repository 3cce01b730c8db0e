"""A deployment that pays for attendance: a command funds it, rounds pay, statements and status tell."""

import pytest
from click.testing import CliRunner
from live import CONFIGURATION, FAST, PASSPHRASE, found, keystore, signer, write_configuration
from players import Players
from rich.console import Console

from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.keeping.keeper import Keeper
from offchain.live.watching.explain import statement_of
from offchain.live.watching.status import Watch, status_json
from offchain.live.watching.status_report import render
from offchain.live.watching.view import read_view
from offchain.reference import Phase
from scripts.fund import cli as fund

TOKEN = 10**18
REWARDS = {"proposer_reward": 0.25, "voter_reward": 0.125, "interval": 2400}


@pytest.fixture(scope="module")
def network(anvil_node, compiled, members, tmp_path_factory):
    anvil_node.forget_hashes()
    path = write_configuration(
        tmp_path_factory.mktemp("rewarding"), protocol=CONFIGURATION["protocol"] | REWARDS
    )
    return (*found(anvil_node, compiled, path, members), path)


@pytest.fixture
def give(network, anvil_node, own_keystore, monkeypatch):
    """Runs `ape run fund`."""
    anvil_node.give(signer(55).address)
    keystore(own_keystore, founder_=(1).to_bytes(32), poor=(55).to_bytes(32))
    for alias in ("founder_", "poor"):
        monkeypatch.setenv(f"APE_ACCOUNTS_{alias}_PASSPHRASE", PASSPHRASE)

    def run(amount, account="founder_", path=network[2]):
        there = ("--deployment", str(path), "--network", anvil_node.url, "--confirmations", "1")
        result = CliRunner().invoke(fund, [*there, "--account", account, "--amount", str(amount)])
        assert "Traceback" not in result.output
        return " ".join(result.output.split())

    return run


def until(network, node, phase, round_):
    deployment, chain, _ = network
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST))
    for _ in range(60):
        view = read_view(chain, deployment)
        if (view.phase, view.round) == (phase, round_):
            return
        if not keeper.step():
            node.warp(max(view.opens_at - view.now, 0)) if view.finalised else node.mine()
    raise AssertionError(f"stuck in {view.phase.name} of round {view.round}")


def test_a_round_is_paid_for_and_every_statement_adds_up(network, anvil_node, members, give):
    """Six members: two propose, four vote. A whole round's rewards are 2·.25 + 4·.125 = 1 token."""
    deployment, chain, _ = network
    assert "holds 0 TST, 1 are to be given; nothing was sent" in give(1, "poor")
    said = give("1.5")
    assert "Gave 1.5 TST" in said and "the budget holds 1.5 TST, enough for 1 round of" in said
    players = Players(deployment, chain, members)
    seats = {}
    for number in (1, 2):
        until(network, anvil_node, Phase.PROPOSE, number)
        seats[number] = players.seated()
        players.play(ballot=0b11)
        until(network, anvil_node, Phase.IDLE, number)
    # The second was not covered by the half token that the first left.
    assert chain.read([Invocation(deployment.manager, "budget")]) == [TOKEN // 2]
    for key in members:
        changes = statement_of(chain, deployment, key.address).changes
        for number, (proposers, voters) in seats.items():
            (decided,) = [
                change
                for change in changes
                if change.round == number and change.event.name == "RoundFinalised"
            ]
            reward = TOKEN // 4 if key in proposers else TOKEN // 8
            assert decided.total == (reward if number == 1 else 0), (key in voters, decided.reason)
            assert decided.reason.endswith("with the reward") == (number == 1)

    status = Watch(chain, deployment).look()
    assert status_json(status)["budget"] == str(TOKEN // 2)
    console = Console(width=160)
    with console.capture() as shown:
        console.print(render(status, 0))
    assert "0.5 in the budget of rewards (0 rounds)" in shown.get()


def test_nobody_funds_a_deployment_without_members(compiled, anvil_node, give, tmp_path):
    path = write_configuration(tmp_path, "empty", protocol=CONFIGURATION["protocol"] | REWARDS)
    deployment, chain = found(anvil_node, compiled, path, [])
    said = give(1, path=path)
    assert "deployment empty has no members" in said and "nothing was sent" in said
    assert chain.read([Invocation(deployment.manager, "budget")]) == [0]
