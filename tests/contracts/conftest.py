import ape
import pytest
from deployment import DEFAULTS, DEPOSIT, IDLE, PUBLISH, SILENT, SUPPLY, UNIT, Deployment

from offchain.reference.state import NOBODY

CLIENTS = 8


@ape.fixture(scope="session", chain_isolation=False)
def owner(accounts):
    """Deploys, and holds the tokens that nobody deposited; has no rights in the contracts."""
    return accounts[0]


@ape.fixture(scope="session", chain_isolation=False)
def outsider(accounts):
    """Never a member."""
    return accounts[1]


@ape.fixture(scope="session", chain_isolation=False)
def candidates(accounts):
    """Those who may become clients."""
    return list(accounts[2:50])


@ape.fixture(scope="session", chain_isolation=False)
def newcomer(candidates):
    """No member yet; others became members before."""
    return candidates[CLIENTS]


def deployed(project, chain, owner, clients, amount, seed_source, overrides, admission=NOBODY) -> Deployment:
    parameters = DEFAULTS | overrides
    token = owner.deploy(project.StakeToken, "StakeFed", "STF", SUPPLY, owner)
    source = seed_source or owner.deploy(project.SimulatedSeed, b"\x2a" * 32)
    manager = owner.deploy(project.RoundManager, token, source, admission, tuple(parameters.values()))
    pool = project.StakePool.at(manager.POOL())
    game = Deployment(chain, token, pool, manager, source, parameters, owner)
    game.admit(clients, amount)
    return game


@pytest.fixture(autouse=True)
def everyone_can_leave():
    """After every test everybody leaves, and nothing stays behind but the reward pool."""
    deployments: list[Deployment] = []
    yield deployments
    for deployment in deployments:
        deployment.drain()


@pytest.fixture(scope="module")
def shared_game(project, chain, owner, candidates):
    return deployed(project, chain, owner, candidates[:CLIENTS], DEPOSIT, None, {})


@pytest.fixture
def game(shared_game, candidates, everyone_can_leave):
    """Default parameters and eight members, so two proposers, five voters and one without a seat."""
    shared_game.clients = candidates[:CLIENTS]
    shared_game.forget_seats()
    everyone_can_leave.append(shared_game)
    return shared_game


@pytest.fixture
def deploy(project, chain, owner, candidates, everyone_can_leave):
    """Deploy with other parameters, members, tokens or another source of seeds."""

    def deploy_with(
        members=CLIENTS, amount=DEPOSIT, seed_source=None, admission=NOBODY, **overrides
    ) -> Deployment:
        game = deployed(project, chain, owner, candidates[:members], amount, seed_source, overrides, admission)
        everyone_can_leave.append(game)
        return game

    return deploy_with


@pytest.fixture
def broke(deploy):
    """A game and two members that lost what they cannot stake without: less than either stake is free."""
    stake, penalty = DEFAULTS["proposerStake"], DEFAULTS["absencePenalty"]
    game = deploy(amount=stake + penalty, bond=stake + penalty)
    game.play_round(ballots=[0] * 5)
    losers = game.proposers
    for loser in losers:
        game.send(loser, game.manager.settle, 1, loser)
        assert game.manager.accountOf(loser).free == penalty < game.voterStake
    return game, losers


@pytest.fixture
def poor(deploy):
    """A game and a member that can stake as a voter, with less than the absence penalty."""
    stake, penalty = DEFAULTS["proposerStake"], 6 * UNIT
    game = deploy(amount=stake + penalty, bond=stake + penalty, absencePenalty=penalty, maxStrikes=0)
    game.play_round(ballots=[0] * 5)
    loser = game.proposers[0]
    game.open_round_where(lambda: loser in game.voters)
    able = [game.manager.accountOf(proposer).free >= stake for proposer in game.proposers]
    game.submit_updates([PUBLISH if can else IDLE for can in able])
    game.commit_ballots([SILENT if voter == loser else IDLE for voter in game.voters])
    game.close_round()
    return game, loser


@pytest.fixture
def manager(game):
    return game.manager


@pytest.fixture
def pool(game):
    return game.pool


@pytest.fixture
def token(game):
    return game.token


@pytest.fixture
def member(game):
    """Some member."""
    return game.clients[0]
