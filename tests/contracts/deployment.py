"""A deployment of the contracts as the tests play it: set-up in few lines, exact times, a drain for the end.

Set-up calls go straight to the node and its unlocked accounts, ten times as fast as Ape's contract calls; the
calls that a test is about go through Ape.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from types import SimpleNamespace

from nodes import node_of

from offchain.reference import commitments
from offchain.reference.state import Phase

UNIT = 10**6
SUPPLY = 10**9 * UNIT
DEPOSIT = 100 * UNIT

# Primes and lengths that differ, so that no amount and no deadline can stand in for another.
DEFAULTS = {
    "proposerStake": 8_000_009,
    "voterStake": 1_000_003,
    "bond": 64 * UNIT,
    "absencePenalty": 500_009,
    "proposerReward": 0,
    "voterReward": 0,
    "proposerBps": 2500,
    "voterSeats": 5,
    "quorumBps": 4000,
    "maxStrikes": 2,
    "maxSamples": 10,
    "maxRounds": 0,
    "minMembers": 4,
    "seedDelay": 2,
    "proposeFor": 1000,
    "publishFor": 2000,
    "voteFor": 3000,
    "revealFor": 4000,
    "markFor": 700,
    "interval": 0,
    "unbonding": 20_000,
    "rules": b"\x07" * 32,
    "treasury": "0x" + 40 * "0",
}
SCHEDULE = ("proposeFor", "publishFor", "voteFor", "revealFor")


class Act(IntEnum):
    """What a seat does in `play_round`, short of publishing or revealing."""

    IDLE = -1  # nothing
    SILENT = -2  # commits and does not open


IDLE, SILENT = Act.IDLE, Act.SILENT
PUBLISH = 1  # samples of an update that is published


class Deployment:
    """Contracts and those who play with them."""

    def __init__(self, chain, token, pool, manager, source, parameters: dict, owner) -> None:
        self.chain = chain
        self.provider = chain.provider
        self.chain_id = chain.provider.chain_id
        self.node = node_of(chain.provider)
        self.token = token
        self.pool = pool
        self.manager = manager
        self.source = source
        self.parameters = parameters
        self.owner = owner  # holds the tokens that nobody deposited
        self.clients: list = []
        self._seated: tuple[tuple[int, int], list] | None = None

    def __getattr__(self, name: str):
        try:
            return self.__dict__["parameters"][name]
        except KeyError:
            raise AttributeError(name) from None

    # Sending

    def send(self, sender, method, *args) -> int:
        """Send one set-up call, which must succeed, and return the gas that it took."""
        succeeded, gas = self.node.send(sender, method.contract.address, bytes(method.encode_input(*args)))
        if not succeeded:
            method(*args, sender=sender)  # says why
            raise AssertionError(f"{method} by {sender} failed once")
        return gas

    def word(self, view, *args) -> int:
        """First word that a view returns."""
        return self.words(view, [args])[0]

    def words(self, view, calls: Iterable[Sequence]) -> list[int]:
        """First words that a view returns to some calls."""
        datas = [bytes(view.encode_input(*args)) for args in calls]
        answers = self.node.calls(view.contract.address, datas)
        return [int.from_bytes(answer[:32]) for answer in answers]

    def values(self, view, *args) -> SimpleNamespace:
        """The words that a view returns, by name."""
        [answer] = self.node.calls(view.contract.address, [bytes(view.encode_input(*args))])
        outputs = view.abis[0].outputs
        names = [each.name for each in outputs[0].components or outputs]
        words = [int.from_bytes(answer[at : at + 32]) for at in range(0, len(answer), 32)]
        return SimpleNamespace(**dict(zip(names, words, strict=True)))

    @property
    def head(self) -> SimpleNamespace:
        """The round as it stands."""
        return self.values(self.manager.head)

    @property
    def seats(self) -> tuple[int, int]:
        """How many propose, and how many vote."""
        counts = self.values(self.manager.seats)
        return counts.proposers, counts.voters

    # Time

    @property
    def now(self) -> int:
        """Time of the latest block."""
        return self.node.block().time

    def next_block_at(self, time: int) -> None:
        """The next block carries this time."""
        self.node.next_block_at(time)

    def warp(self, time: int) -> None:
        """Mine a block at this time, unless it has passed."""
        if time > self.now:
            self.next_block_at(time)
            self.mine()

    @property
    def block(self) -> int:
        """Number of the latest block."""
        return self.node.block().number

    def mine(self, blocks: int = 1) -> None:
        self.node.mine(blocks)

    def mine_to(self, block: int) -> None:
        """Mine until this is the latest block: the next call is in the one after it."""
        if block > self.block:
            self.mine(block - self.block)

    def deadline(self, phase: Phase) -> int:
        """First second after a phase of the open round, from propose to reveal."""
        spans = SCHEDULE[: phase - Phase.PROPOSE + 1]
        return self.head.drawnAt + sum(self.parameters[span] for span in spans)

    @property
    def ends_at(self) -> int:
        return self.deadline(Phase.REVEAL)

    @property
    def phase(self) -> Phase:
        return Phase(self.word(self.manager.phase))

    def skip_to(self, phase: Phase) -> None:
        """Wait, where seats are idle, until a phase begins."""
        while (now := self.phase) < phase:
            self.warp(self.deadline(now))
            assert self.phase > now, f"{now!r} outlives its deadline"

    # Membership

    def fund(self, client, amount: int) -> None:
        """Hand tokens to a client and approve the pool."""
        self.send(self.owner, self.token.transfer, client, amount)
        self.send(client, self.token.approve, self.pool, 2**256 - 1)

    def deposit(self, client, amount: int = DEPOSIT) -> None:
        self.fund(client, amount)
        self.send(client, self.pool.deposit, amount)

    def admit(self, clients: Iterable, amount: int = DEPOSIT) -> None:
        """Make members, each with tokens of its own."""
        for client in clients:
            self.deposit(client, amount)
            self.send(client, self.manager.join, b"")
            self.clients.append(client)

    # A round

    @property
    def round(self) -> int:
        return self.word(self.manager.head)

    def open_round(self) -> None:
        """Open a round, as soon as the interval lets it, and draw its seed."""
        self.warp(self.head.drawnAt + self.interval if self.interval else 0)
        self.send(self.owner, self.manager.openRound)
        self.mine(self.seedDelay)
        self.send(self.owner, self.manager.draw, self.proof())

    def _seats(self) -> list:
        """The clients at the opening by position."""
        head = self.head
        if self._seated is None or self._seated[0] != (head.round, head.seed):
            places = self.words(self.manager.positionOf, [(client,) for client in self.clients])
            positions = dict(zip(places, self.clients, strict=True))
            self._seated = ((head.round, head.seed), [positions[i] for i in range(head.members)])
        return self._seated[1]

    def forget_seats(self) -> None:
        """To be called when the chain went back."""
        self._seated = None

    @property
    def proposers(self) -> list:
        return self._seats()[: self.seats[0]]

    @property
    def voters(self) -> list:
        proposers, voters = self.seats
        return self._seats()[proposers : proposers + voters]

    @property
    def unseated(self) -> list:
        return self._seats()[sum(self.seats) :]

    def root(self, client) -> bytes:
        """An update of this client in this round."""
        return commitments.digest(self.round, str(client), 1)

    def salt(self, client) -> bytes:
        return commitments.digest(self.round, str(client), 2)

    def update_commitment(self, client, samples: int = 1) -> bytes:
        return commitments.update_commitment(
            self.chain_id,
            self.manager.address,
            self.round,
            str(client),
            self.root(client),
            samples,
            self.salt(client),
        )

    def ballot_commitment(self, client, ballot: int) -> bytes:
        return commitments.ballot_commitment(
            self.chain_id,
            self.manager.address,
            self.round,
            str(client),
            ballot,
            self.salt(client),
        )

    def propose(self, client, samples: int = 1) -> None:
        self.send(client, self.manager.propose, self.update_commitment(client, samples))

    def publish(self, client, samples: int = 1) -> None:
        self.send(client, self.manager.publish, self.root(client), samples, self.salt(client))

    def commit_ballot(self, client, ballot: int) -> None:
        self.send(client, self.manager.commitBallot, self.ballot_commitment(client, ballot))

    def reveal_ballot(self, client, ballot: int) -> None:
        self.send(client, self.manager.revealBallot, ballot, self.salt(client))

    def submit_updates(self, updates: Sequence[int] | None = None) -> None:
        """Play propose and publish: for each seat its samples, SILENT or IDLE; one sample by default."""
        acts = [PUBLISH] * len(self.proposers) if updates is None else updates
        moves = list(zip(self.proposers, acts, strict=False))
        for client, samples in moves:
            if samples != IDLE:
                self.propose(client, max(samples, 1))
        self.skip_to(Phase.PUBLISH)
        for client, samples in moves:
            if samples > 0:
                self.publish(client, samples)

    def commit_ballots(self, ballots: Sequence[int]) -> None:
        """Play the vote: for each voter seat its ballot, SILENT or IDLE."""
        self.skip_to(Phase.VOTE)
        for client, ballot in zip(self.voters, ballots, strict=False):
            if ballot != IDLE:
                self.commit_ballot(client, max(ballot, 0))

    def reveal_ballots(self, ballots: Sequence[int]) -> None:
        self.skip_to(Phase.REVEAL)
        for client, ballot in zip(self.voters, ballots, strict=False):
            if ballot >= 0:
                self.reveal_ballot(client, ballot)

    def play_to_close(self, updates: Sequence[int] | None = None, ballots: Sequence[int] = ()) -> None:
        """Play a round from opening to the last reveal; seats not named stay idle."""
        self.open_round()
        self.submit_updates(updates)
        self.commit_ballots(ballots)
        self.reveal_ballots(ballots)

    def play_round(self, updates: Sequence[int] | None = None, ballots: Sequence[int] = ()) -> None:
        """Play a round from opening to its outcome, unsettled."""
        self.play_to_close(updates, ballots)
        self.close_round()

    def close_round(self) -> None:
        """Finalise, after the schedule where seats are idle."""
        if not self._is_complete():
            self.warp(self.ends_at + self.markFor)
        self.send(self.owner, self.manager.finalise)

    def play_idle_round(self) -> None:
        """A round in which nobody does anything."""
        self.play_round([IDLE] * 16)

    def open_round_where(self, holds: Callable[[], bool]) -> None:
        """Open rounds, idle but for the last, until the seats are as wished."""
        for _ in range(64):
            self.open_round()
            if holds():
                return
            self.submit_updates([IDLE] * 16)
            self.close_round()
        raise AssertionError("no round had the seats wished")

    def walk(self) -> Iterator[Phase]:
        """Every phase of a first round in turn, from idle to idle; all seats act, each at the last moment."""
        yield Phase.IDLE
        self.send(self.owner, self.manager.openRound)
        yield Phase.DRAW
        self.mine(self.seedDelay)
        self.send(self.owner, self.manager.draw, self.proof())
        yield Phase.PROPOSE
        for client in self.proposers:
            self.propose(client)
        yield Phase.PUBLISH
        for client in self.proposers:
            self.publish(client)
        yield Phase.VOTE
        for client in self.voters:
            self.commit_ballot(client, 1)
        yield Phase.REVEAL
        for client in self.voters:
            self.reveal_ballot(client, 1)
        yield Phase.CLOSE
        self.send(self.owner, self.manager.finalise)
        yield Phase.IDLE

    def enter(self, phase: Phase) -> None:
        """Walk into a phase of a first round."""
        assert next(reached for reached in self.walk() if reached == phase) == self.phase

    def _is_complete(self) -> bool:
        head = self.head
        proposers, voters = self.seats
        if self.phase != Phase.CLOSE or head.updates + head.absentProposers < proposers:
            return False
        published = head.published.bit_count()
        return published == head.updates and (not published or head.ballots + head.absentVoters == voters)

    # The end

    def drain(self) -> None:
        """Everybody leaves with what it has, and nothing stays behind but the reward pool (I15)."""
        phase = self.phase
        if phase == Phase.DRAW:
            self._draw_late()
        if phase != Phase.IDLE:
            self.warp(self.ends_at + self.markFor)
            self.send(self.owner, self.manager.finalise)
        everyone = [(client,) for client in self.clients]
        for client, state in zip(self.clients, self.words(self.manager.clientOf, everyone), strict=True):
            if state:
                self.send(client, self.manager.requestExit)
        self.warp(self.now + self.unbonding)
        free, escrow = (self.words(view, everyone) for view in (self.manager.accountOf, self.manager.escrowOf))
        for client, owed in zip(self.clients, map(sum, zip(free, escrow, strict=True)), strict=True):
            if owed:
                self.send(client, self.manager.withdraw, owed)
        assert self.word(self.manager.memberCount) == 0
        pools = self.word(self.manager.rewardPool) + self.word(self.manager.budget)
        assert self.word(self.token.balanceOf, self.pool) == pools

    def _draw_late(self) -> None:
        if self.block + 1 > self._anchor + 256:
            self.send(self.owner, self.manager.reanchor)
        self.mine_to(self._anchor)
        self.send(self.owner, self.manager.draw, self.proof())

    @property
    def _anchor(self) -> int:
        return self.values(self.manager.record, self.round).anchor

    def proof(self) -> bytes:
        """What the seed source needs for the draw; replaced where that is more than nothing."""
        return b""

    def write(self, contract, slot: int, word: int) -> None:
        """Write into storage, where a state is out of reach otherwise."""
        self.node.write(contract.address, slot, word)

    def write_client(self, client, strikes: int) -> None:
        """Write a client's strikes, bits 8 to 15 of its word in the seventh slot's mapping."""
        slot = int.from_bytes(commitments.digest(str(client), 6))
        word = self.node.read(self.manager.address, slot)
        self.write(self.manager, slot, word & ~0xFF00 | strikes << 8)
