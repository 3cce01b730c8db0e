"""I11: the logs of both contracts, and what a deployment fixes, rebuild every balance and who is a member."""

from collections import Counter

from deployment import IDLE, SILENT, Deployment

LOCKS = {"UpdateCommitted": "proposerStake", "BallotCommitted": "voterStake"}


class Books:
    """Balances kept from logs alone."""

    def __init__(self, parameters) -> None:
        self.parameters = parameters
        self.free = Counter()
        self.locked = Counter()
        self.escrow = self.pool = self.budget = 0
        self.members: list[str] = []
        self.model = parameters.rules

    def enter(self, log) -> None:
        handler = getattr(self, log.event_name, None)
        if handler is not None:
            handler(log)
        elif log.event_name in LOCKS:
            stake = getattr(self.parameters, LOCKS[log.event_name])
            self.free[log.client] -= stake
            self.locked[log.client] += stake
            self.escrow += stake

    def Deposited(self, log) -> None:
        self.free[log.client] += log.amount

    def Withdrawn(self, log) -> None:
        self.free[log.client] -= log.amount

    def Swept(self, log) -> None:
        self.free[log.treasury] += log.amount  # Withdrawn follows.
        self.pool = self.budget = 0

    def Funded(self, log) -> None:
        self.budget += log.amount

    def Settled(self, log) -> None:
        self.free[log.client] += log.payout
        self.locked[log.client] = 0
        self.escrow -= log.payout

    def RoundFinalised(self, log) -> None:
        self.pool += log.slashed - log.awarded
        self.budget -= log.rewarded
        self.escrow -= log.slashed - log.awarded - log.rewarded
        self.model = log.model

    def MarkedAbsent(self, log) -> None:
        self.free[log.client] -= log.penalty
        self.pool += log.penalty

    def Left(self, log) -> None:
        self._leave(log.client)

    def Removed(self, log) -> None:
        if log.client in self.members:
            self._leave(log.client)

    def Joined(self, log) -> None:
        self.members.append(log.client)

    def _leave(self, client) -> None:
        # Swap and pop.
        last = self.members.pop()
        if last != client:
            self.members[self.members.index(client)] = last


BUDGET = 300_000
PAYING = {
    "proposerReward": 90_001,
    "voterReward": 7,
    "interval": 10_700,
    "treasury": "0x7eEE000000000000000000000000000000000000",
}


def play(game: Deployment, newcomer) -> None:
    """Rounds in which everything happens that moves a token."""
    manager = game.manager
    game.send(game.owner, game.token.approve, game.pool, BUDGET)
    game.send(game.owner, game.pool.fund, BUDGET)
    game.play_round([1, SILENT], [1, 1, 1, 0, SILENT])
    game.send(game.clients[0], manager.withdraw, 5)
    game.send(game.clients[0], manager.setOperator, game.owner)
    game.play_to_close([1, IDLE], [3, 1, IDLE, SILENT, 0])
    absent = [game.proposers[1], game.voters[2]]
    game.warp(game.deadline(4))
    for client in absent:
        game.send(game.owner, manager.markAbsent, client)
    leaver = game.proposers[0]
    game.send(leaver, manager.requestExit)
    game.close_round()
    game.send(leaver, manager.join, [])
    game.admit([newcomer])
    game.open_round()
    quitter = game.voters[0]
    game.send(quitter, manager.requestExit)
    game.submit_updates()
    game.commit_ballots([IDLE, 3, 3, 3, SILENT])
    game.reveal_ballots([IDLE, 3, 3, 3, SILENT])
    game.close_round()
    # Until somebody with a strike is removed for a second one in a row.
    for _ in range(20):
        game.play_to_close([IDLE, IDLE])
        for client in game.proposers:
            if manager.clientOf(client).isMember:
                game.send(game.owner, manager.markAbsent, client)
        game.close_round()
        if manager.memberCount() < 8:
            break
    game.warp(manager.accountOf(quitter).releaseAt)
    game.send(quitter, manager.withdraw, 7)
    assert 0 < manager.budget() < BUDGET
    game.warp(manager.head().drawnAt + game.interval + 365 * 86_400)
    game.send(game.owner, manager.sweep)
    game.play_round([1, SILENT], [1, 1, 1, 0, SILENT])


def logs_of(game: Deployment) -> list:
    """All logs of both contracts in the order of the chain."""
    raw = game.provider.web3.eth.get_logs(
        {"fromBlock": 0, "toBlock": "latest", "address": [game.manager.address, game.pool.address]}
    )
    events = [*game.manager.contract_type.events, *game.pool.contract_type.events]
    return list(game.provider.network.ecosystem.decode_logs([dict(log) for log in raw], *events))


def test_logs_rebuild_every_balance(deploy, newcomer):
    game = deploy(**PAYING)
    game_started = len(logs_of(game))
    play(game, newcomer)

    books = Books(game.manager.parameters())
    logs = logs_of(game)
    for log in logs:
        books.enter(log)

    names = {log.event_name for log in logs[game_started:]}
    kinds = {event.name for event in [*game.manager.contract_type.events, *game.pool.contract_type.events]}
    # EIP712DomainChanged comes with OpenZeppelin's EIP712; the domain does not change.
    assert kinds - names == {"Reanchored", "EIP712DomainChanged"}
    for client in game.clients:
        assert books.free[client.address] == game.manager.accountOf(client).free
        if not game.manager.escrowOf(client):
            continue
        assert books.locked[client.address] > 0
    assert (books.pool, books.budget) == (game.manager.rewardPool(), game.manager.budget())
    assert books.escrow == sum(game.manager.escrowOf(client) for client in game.clients)
    assert books.escrow + books.pool + sum(books.free.values()) == game.token.balanceOf(game.pool)
    assert books.members == [game.manager.memberAt(index) for index in range(game.manager.memberCount())]
    assert books.model == game.manager.model()


def test_logs_rebuild_what_everybody_takes_home(deploy, newcomer):
    game = deploy(**PAYING)
    play(game, newcomer)
    game.drain()

    books = Books(game.manager.parameters())
    for log in logs_of(game):
        books.enter(log)
    assert set(books.free.values()) == {0}
    assert (books.escrow, books.members) == (0, [])
    assert books.pool == game.manager.rewardPool() == game.token.balanceOf(game.pool)
