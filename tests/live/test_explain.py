"""Statements add up to what the contract says, for everyone, after rounds in which everything happens."""

from dataclasses import replace

import pytest
from live import FAST, signer
from players import Players

from ml.settings import PrivacySettings
from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.client.spending import Spent
from offchain.live.deploying.amounts import Unit
from offchain.live.errors import AccountError, ConfigurationError, LogsError, NodeRefusedError
from offchain.live.keeping.keeper import Keeper
from offchain.live.purse.granting import grant, missing
from offchain.live.purse.withdrawing import available, require_amount
from offchain.live.watching.explain import explained
from offchain.live.watching.history import History
from offchain.live.watching.status import Watch, status_json
from offchain.live.watching.status_report import render
from offchain.live.watching.view import read_view
from offchain.reference import Phase

pytestmark = pytest.mark.usefixtures("snapshot")
TOKEN = 10**18


@pytest.fixture
def players(founded, members):
    return Players(*founded, members)


@pytest.fixture
def keep(founded, anvil_node):
    deployment, chain = founded
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST))

    def until(phase, round_):
        """Keep until the deployment is there."""
        for _ in range(60):
            view = read_view(chain, deployment)
            if (view.phase, view.round) == (phase, round_):
                return
            if not keeper.step():
                anvil_node.mine()
        raise AssertionError(f"stuck in {view.phase.name} of round {view.round}")

    return until


def statements(founded, members):
    deployment, chain = founded
    history = History(chain, [deployment.manager, deployment.pool], deployment.first_block)
    head = history.advance().head
    views = read_view(chain, deployment, [key.address for key in members], head).clients
    return {
        key.address: explained(
            key.address,
            deployment.parameters,
            history.events,
            views[key.address],
        )
        for key in members
    }


def reasons(statement):
    return [change.reason for change in statement.changes]


def play(founded, anvil_node, players, keep):
    """Four rounds: an update excluded; a silent voter; absent seats and a leaver; one that stays open."""
    deployment, _ = founded
    keep(Phase.PROPOSE, 1)
    players.play(ballot=0b01)
    keep(Phase.PROPOSE, 2)
    proposers, voters = players.seated()
    players.propose(proposers)
    players.publish(proposers[:1])
    anvil_node.warp(1200)
    players.commit(voters[:2], 1)
    players.commit(voters[2:], 0)
    players.reveal(voters[:3], None)
    anvil_node.warp(1200)
    keep(Phase.PROPOSE, 3)
    proposers, voters = players.seated()
    leaver = proposers[0]
    players.send(leaver, Invocation(deployment.manager, "requestExit"))
    anvil_node.warp(2400)
    keep(Phase.IDLE, 3)
    anvil_node.warp(2400)
    players.send(leaver, Invocation(deployment.manager, "withdraw", (5 * TOKEN,)))
    keep(Phase.PROPOSE, 4)
    proposers, voters = players.seated()
    players.propose(proposers)
    players.publish(proposers)
    return leaver, voters


@pytest.fixture(autouse=True)
def ballots_as_committed(monkeypatch):
    """Reveals with None open what each committed."""
    committed = {}
    commit, reveal = Players.commit, Players.reveal

    def remember(self, keys, ballot):
        committed.update({key.address: ballot for key in keys})
        commit(self, keys, ballot)

    def recall(self, keys, ballot):
        for key in keys:
            reveal(self, [key], committed[key.address] if ballot is None else ballot)

    monkeypatch.setattr(Players, "commit", remember)
    monkeypatch.setattr(Players, "reveal", recall)


def test_statements_add_up_for_everyone(founded, anvil_node, players, keep, members):
    leaver, _ = play(founded, anvil_node, players, keep)
    found = statements(founded, members)
    seen = {reason for statement in found.values() for reason in reasons(statement)}
    assert seen >= {
        "deposit",
        "joined",
        "stake on an update",
        "stake on a ballot",
        "update included",
        "update excluded",
        "update not published",
        "ballot not revealed",
        "ballot with the majority on 2 of 2 updates",
        "absent: seat not used",
        "withdrawal",
        "settled",
    }
    assert sum(change.total for change in found[leaver.address].changes) == found[leaver.address].free
    deployment, chain = founded
    pool, held = (
        chain.read([Invocation(deployment.manager, "rewardPool")]),
        sum(statement.free + statement.escrow for statement in found.values()),
    )
    (balance,) = chain.read([Invocation(deployment.token, "balanceOf", (deployment.pool.address,))])
    assert held + pool[0] == balance


def test_a_void_round_returns_stakes(founded, anvil_node, players, keep, members):
    keep(Phase.PROPOSE, 1)
    proposers, _ = players.seated()
    players.propose(proposers)
    players.publish(proposers)
    anvil_node.warp(2400)
    keep(Phase.IDLE, 1)
    found = statements(founded, members)
    assert "round void" in reasons(found[proposers[0].address])
    assert found[proposers[0].address].escrow == founded[0].parameters.proposer_stake


def test_a_log_that_is_missing_is_noticed(founded, players, keep, members):
    deployment, chain = founded
    keep(Phase.PROPOSE, 1)
    players.play()
    keep(Phase.IDLE, 1)
    proposers, voters = players.seated()
    history = History(chain, [deployment.manager, deployment.pool], deployment.first_block)
    history.advance()
    client = read_view(chain, deployment, [voters[0].address]).clients[voters[0].address]
    missing = [event for event in history.events if event.name != "Deposited"]
    with pytest.raises(LogsError, match="the contract says .* logs are missing"):
        explained(client.address, deployment.parameters, missing, client)


def test_the_status_names_phase_seats_and_what_it_waits_for(founded, anvil_node, players, keep, members):
    from dataclasses import replace

    from rich.console import Console

    watch = Watch(founded[1], founded[0], members=True)
    first = watch.look()
    assert first.waits_for == "a keeper to open the next round"
    drawn = replace(first.view, drawn_at=first.view.now - 100)
    for change, words in (
        ({"min_members": 9}, "3 more members"),
        ({"min_members": 7}, "1 more member"),
        ({"interval": 130}, "the next round, which can open in 30 seconds"),
    ):
        view = replace(drawn, parameters=replace(drawn.parameters, **change))
        assert replace(first, view=view).waits_for == words
    keep(Phase.DRAW, 1)
    assert watch.look().waits_for in (
        "2 blocks, until the seed is known",
        "3 blocks, until the seed is known",
    )
    keep(Phase.PROPOSE, 1)
    proposers, voters = players.seated()
    players.propose(proposers[:1])
    status = watch.look()
    assert status.waits_for == "1 of 2 proposers to commit"
    assert list(status.seats) == [key.address for key in (*proposers, *voters)]
    told = status_json(status)
    assert [seat["did"] for seat in told["seats"]] == ["committed"] + ["none"] * 5
    assert 0 < told["time_left"] <= 600 and told["deadline"] - told["time"] == told["time_left"]
    assert {member["free"] for member in told["members"]} == {str(128 * TOKEN), str(120 * TOKEN)}
    players.propose(proposers[1:])
    players.publish(proposers)
    assert watch.look().waits_for == "4 of 4 voters to commit"
    players.commit(voters, 1)
    players.reveal(voters[:3], 1)
    assert watch.look().waits_for == "1 of 4 voters to reveal"
    players.reveal(voters[3:], 1)
    assert watch.look().waits_for == "a keeper to finalise"
    keep(Phase.IDLE, 1)
    status = watch.look()
    told = status_json(status)["rounds"][0]
    assert (told["included"], told["void"], told["revealed"], told["finalised"]) == ([0], False, 4, True)
    console = Console(width=120)
    with console.capture() as said:
        console.print(render(status, 5))
    assert "Round 1: idle" in said.get() and proposers[0].address in said.get()


def test_a_strangers_epsilon_is_no_members_that_spent_nothing(founded, members):
    deployment, chain = founded

    def spent(client):
        spends = Spent(client, 0, 0.0, PrivacySettings(epsilon=3))
        return Watch(chain, deployment, spending=lambda rounds: spends).look().spent

    assert spent(members[0].address).updates == 0
    with pytest.raises(AccountError, match=f"{signer(1).address} never joined deployment .*: --privacy-of"):
        spent(signer(1).address)


def test_what_can_be_withdrawn(founded, anvil_node, players, keep, members):
    deployment, chain = founded
    unit = Unit.read(chain, deployment)
    assert (unit.decimals, unit.symbol) == (18, "TST")

    def there(key):
        view = read_view(chain, deployment, [key.address])
        return available(view, view.clients[key.address], unit)

    assert there(members[0]).amount == 64 * TOKEN
    keep(Phase.PROPOSE, 1)
    players.play()
    keep(Phase.IDLE, 1)
    proposers, _ = players.seated()
    most = there(proposers[0])
    assert most.amount == 64 * TOKEN
    with pytest.raises(AccountError, match="can withdraw 64 TST, not 65: a member keeps a bond of 64 TST"):
        require_amount(65 * TOKEN, most, proposers[0].address, unit)
    players.send(proposers[0], Invocation(deployment.manager, "withdraw", (most.amount,)))
    players.send(proposers[0], Invocation(deployment.manager, "requestExit"))
    waiting = there(proposers[0])
    assert waiting.amount == 0 and "it left, and its 64 TST are free from 20" in waiting.reason
    with pytest.raises(AccountError, match="has nothing to withdraw: it left"):
        require_amount(None, waiting, proposers[0].address, unit)
    anvil_node.warp(2400)
    rest = there(proposers[0])
    assert (rest.amount, rest.reason) == (64 * TOKEN, "")
    players.send(proposers[0], Invocation(deployment.manager, "withdraw", (rest.amount,)))
    assert there(proposers[0]).amount == 0


def test_granting_again_gives_nothing_twice(founded, members):
    deployment, chain = founded
    unit, newcomer = Unit.read(chain, deployment), signer(99).address
    sender = Sender(chain, signer(1), FAST)
    # Members own 128 already, in the deployment.
    wanted = missing(chain, deployment, [members[0].address, newcomer], 100 * TOKEN)
    assert wanted == {newcomer: 100 * TOKEN}
    with pytest.raises(AccountError, match="holds 99 TST, 100 are needed; nothing was sent"):
        grant(sender, deployment, wanted, 99 * TOKEN, unit)
    grant(sender, deployment, wanted, 100 * TOKEN, unit)
    assert missing(chain, deployment, [newcomer], 100 * TOKEN) == {}


@pytest.mark.parametrize("typed", ["0", "-1", "x", "NaN", "Infinity", "0.0000000000000000001"])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(ConfigurationError, match="is no amount of TST"):
        Unit(18, "TST").base_units(typed)


def test_a_token_without_a_readable_symbol_has_tokens(founded, monkeypatch):
    deployment, chain = founded
    # What another contract answers is no text.
    seats = replace(deployment.token, address=deployment.manager.address)
    original = chain.rpc.batch

    def batch(requests):
        if requests[0][1][0]["to"] == seats.address:
            return ["0x" + "ff" * 32]
        return original(requests)

    monkeypatch.setattr(chain.rpc, "batch", batch)
    with pytest.raises(NodeRefusedError, match="answers symbol with 32 bytes, not what it returns"):
        chain.read([Invocation(seats, "symbol")])
    monkeypatch.setattr(
        chain.rpc,
        "batch",
        lambda requests: ["0x" + "11" * 32] if "95d89b41" in str(requests) else original(requests),
    )
    assert Unit.read(chain, deployment).symbol == "tokens"


def test_an_amount_is_exact():
    assert Unit(6, "T").base_units("1.000001") == 1_000_001
    assert Unit(0, "T").text(12) == "12"


def test_one_that_left_with_a_stake_locked_waits_for_the_outcome(founded, players, keep):
    deployment, chain = founded
    keep(Phase.PROPOSE, 1)
    proposers, _ = players.seated()
    players.propose(proposers[:1])
    players.send(proposers[0], Invocation(deployment.manager, "requestExit"))
    view = read_view(chain, deployment, [proposers[0].address])
    left = view.clients[proposers[0].address]
    assert available(view, left, Unit(18, "TST")).reason == "its seat in round 1 is not decided yet"
    other = replace(left, round=0)
    assert available(view, other, Unit(18, "TST")).reason == "its seat in round 1 is not decided yet"
