"""Contract against reference: each call goes to both, and all that can be seen is compared after it."""

import functools
from collections import Counter
from contextlib import contextmanager
from dataclasses import astuple

from eth_account.messages import encode_typed_data
from eth_utils import keccak
from ledger import Ledger
from raw_chain import Interface, RpcError
from scenes import ACCOUNTS, CLIENTS, DEPLOYER, KEEPER, NAMES, SALT

from offchain.chain import intents
from offchain.reference import Phase, Protocol, Refused, Seat
from offchain.reference.commitments import simulated_seed, word
from offchain.reference.seats import MAX_PROPOSERS
from offchain.reference.state import NOBODY, REMOVED

CHAIN_ID = 31_337
UNLIMITED = 2**256 - 1
ROUND_FIELDS = (
    *("round", "members", "drawnAt", "seed", "updates", "published", "absentProposers", "ballots"),
    *("absentVoters", "shuffled", "finalised", "phase", "proposers", "voters", "tally", "record.tally"),
    *("record.pot", "record.anchor", "record.rewarded", "model", "rewardPool", "budget"),
    *("tokens of the pool", "memberCount"),
)
CLIENT_FIELDS = (
    *("isMember", "place", "strikes", "round", "seat", "content", "free", "releaseAt", "position", "escrow"),
    *("wallet", "operator"),
)


class Arena:
    """One deployment of a scene, from which any number of duels start."""

    def __init__(self, chain, project, scene):
        self.chain, self.scene = chain, scene
        self.seen = Counter()  # (call, what became of it)
        self.interface = Interface(project.RoundManager, project.StakePool, project.StakeToken)
        self.token = chain.deploy(DEPLOYER, project.StakeToken, "Stake", "S", 10**12, DEPLOYER)
        self.source = chain.deploy(DEPLOYER, project.SimulatedSeed, SALT)
        self.admission = NOBODY
        if scene.admitted is not None:
            self.admission = chain.deploy(DEPLOYER, project.MerkleAdmission, scene.root)
        fields = astuple(scene.parameters)
        self.manager = chain.deploy(
            DEPLOYER, project.RoundManager, self.token, self.source, self.admission, fields
        )
        self.deployed_at = chain.head()[1]
        self.lens = chain.deploy(DEPLOYER, project.Lens)
        self.look = Interface(project.Lens).call("state", self.manager, CLIENTS)
        self.pool = "0x" + chain.view(self.manager, self.interface.call("POOL"))[12:].hex()
        for client in CLIENTS:
            self._token_call(DEPLOYER, "transfer", client, scene.wallet)
            self._token_call(client, "approve", self.pool, UNLIMITED)

    def _token_call(self, sender, name, *args):
        receipt = self.chain.send(sender, self.token, self.interface.call(name, *args), self.interface)
        assert receipt.error is None, receipt.error

    @contextmanager
    def duel(self):
        """A duel from the deployment's first state; the chain is put back afterwards."""
        snapshot = self.chain.rpc("evm_snapshot")
        try:
            yield Duel(self)
        finally:
            assert self.chain.rpc("evm_revert", snapshot)


def recorded(method):
    """Keep the call as code to paste, and show all of them when it fails."""

    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        if self._depth == 0:
            words = [repr(arg) for arg in args] + [f"{k}={v!r}" for k, v in kwargs.items()]
            self.script.append(f"duel.{method.__name__}({', '.join(words)})")
        self._depth += 1
        try:
            return method(self, *args, **kwargs)
        except (AssertionError, RpcError, LookupError, TypeError, ValueError) as error:
            self.failed = True
            if self._depth > 1:
                raise
            lines = "\n".join(f"    {line}" for line in self.script)
            raise AssertionError(f"{error}\nScene {self.arena.scene.name!r}, to paste:\n{lines}") from error
        finally:
            self._depth -= 1

    return wrapper


class Duel:
    """One run. Clients are numbers; roots, salts and proofs follow from them, so a script replays exactly."""

    def __init__(self, arena):
        self.arena, self.chain, self.scene = arena, arena.chain, arena.scene
        admitted = self.scene.admitted
        names = None if admitted is None else {CLIENTS[i] for i in admitted}
        self.reference = Protocol(
            self.scene.parameters, CHAIN_ID, arena.manager, names, deployed_at=arena.deployed_at
        )
        p = self.scene.parameters
        self.ledger = Ledger(p.proposer_stake, p.voter_stake, p.rules)
        self.wallets = dict.fromkeys(CLIENTS, self.scene.wallet)
        self.swept = 0  # to a treasury that is no client
        self.allowances = dict.fromkeys(CLIENTS, UNLIMITED)
        self.permits = dict.fromkeys(CLIENTS, 0)
        self.updates, self.ballots, self.roots = {}, {}, {}
        self.script, self._depth, self.calls, self.failed = [], 0, 0, False
        self.block, self.now = self.chain.head()
        self._observe(self.chain.view(self.arena.lens, self.arena.look))

    # Time

    @recorded
    def wait(self, seconds):
        """Let the next call come this much later."""
        self.now += seconds

    @recorded
    def until(self, phase, offset):
        """Let the next call come `offset` seconds after the end of a phase, unless that is past.

        Phases are "propose", "publish", "vote" and "reveal"; "mark" is the end of
        marking, "interval" ends when the next round can open, "unbonding" is the last release of all clients,
        "sweep" when the pool can be swept.
        """
        p, ends = self.scene.parameters, self.reference.head.drawn_at
        if phase == "unbonding":
            ends = max(c.release_at for c in self.reference.clients.values())
        elif phase == "interval":
            ends += p.interval
        elif phase == "sweep":
            ends = self.reference.sweepable_at
        else:
            spans = {
                "propose": p.propose_for,
                "publish": p.publish_for,
                "vote": p.vote_for,
                "reveal": p.reveal_for,
                "mark": p.mark_for,
            }
            for name, span in spans.items():
                ends += span
                if name == phase:
                    break
        self.now = max(self.now, ends + offset)

    @recorded
    def mine(self, blocks):
        """Mine empty blocks."""
        self.chain.mine(blocks)
        self.block, time = self.chain.head()
        self.now = max(self.now, time)

    # Tokens

    @recorded
    def deposit(self, client, amount):
        """Put tokens in under the standing allowance."""
        self._play_deposit(client, amount, "deposit", amount)

    @recorded
    def fund(self, client, amount):
        """Give tokens to the budget under the standing allowance."""
        self._play_deposit(client, amount, "fund", amount)

    @recorded
    def deposit_with_permit(self, client, amount, valid=True):
        """Put tokens in with a permit; an invalid one leaves the allowance as it was."""
        who = CLIENTS[client]
        signature = self._sign_permit(client, amount, self.permits[who] if valid else 99)
        if valid and self.wallets[who] >= amount:
            self.permits[who] += 1
            self.allowances[who] = amount
        elif valid:
            # The deposit is refused, and the permit undone with it; the reason shows the allowance.
            return self._refused_permit(client, amount, signature)
        self._play_deposit(client, amount, "depositWithPermit", amount, UNLIMITED, *signature)

    @recorded
    def deposit_for(self, payer, client, amount):
        """Put a client's tokens into another's account; into nobody's for None."""
        whom = NOBODY if client is None else CLIENTS[client]
        self._play_deposit(payer, amount, "depositFor", whom, amount, whom=whom)

    def _refused_permit(self, client, amount, signature):
        def refuse():
            raise Refused("ERC20InsufficientBalance", CLIENTS[client], self.wallets[CLIENTS[client]], amount)

        args = (amount, UNLIMITED, *signature)
        self._play(CLIENTS[client], self.arena.pool, "depositWithPermit", args, refuse)

    def _play_deposit(self, client, amount, name, *args, whom=None):
        who = CLIENTS[client]

        def deposit():
            if whom == NOBODY:
                self.reference.deposit(whom, amount)
            allowed, held = self.allowances[who], self.wallets[who]
            if allowed < amount:
                raise Refused("ERC20InsufficientAllowance", self.arena.pool, allowed, amount)
            if held < amount:
                raise Refused("ERC20InsufficientBalance", who, held, amount)
            (self.reference.fund if name == "fund" else self.reference.deposit)(whom or who, amount)
            self.wallets[who] -= amount
            self.allowances[who] -= amount if allowed != UNLIMITED else 0

        self._play(who, self.arena.pool, name, args, deposit)

    def _sign_permit(self, client, amount, nonce):
        domain = {
            "name": "Stake",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": self.arena.token,
        }
        fields = ("owner", "address"), ("spender", "address"), ("value", "uint256")
        fields += ("nonce", "uint256"), ("deadline", "uint256")
        types = {"Permit": [{"name": name, "type": kind} for name, kind in fields]}
        values = (CLIENTS[client], self.arena.pool, amount, nonce, UNLIMITED)
        message = {name: value for (name, _), value in zip(fields, values, strict=True)}
        signed = ACCOUNTS[client].sign_message(encode_typed_data(domain, types, message))
        return signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)

    @recorded
    def withdraw(self, client, amount):
        """Take tokens out."""
        who = CLIENTS[client]

        def withdraw():
            self.reference.withdraw(who, amount)
            self.wallets[who] += amount

        self._play(who, self.arena.manager, "withdraw", (amount,), withdraw)

    @recorded
    def withdraw_all(self, client, beyond=0):
        """Take out all that a member or one that left may take, and `beyond` that."""
        self.withdraw(client, self.withdrawable(client) + beyond)

    def withdrawable(self, client):
        """What the rules let a client take out, times aside."""
        c = self.reference._client(CLIENTS[client])
        free = c.free + self.reference._due(c)
        return max(free - self.scene.parameters.bond, 0) if c.is_member else free

    @recorded
    def meddle(self, client, call):
        """Call what pool and manager accept from each other alone, as a client."""
        who, pool, manager = CLIENTS[client], self.arena.pool, self.arena.manager
        contract, error, partner = {
            "pay": (pool, "NotManager", manager),
            "bookDeposit": (manager, "NotPool", pool),
        }[call]

        def refuse():
            raise Refused(error, who, partner)

        self._play(who, contract, call, (who, 1), refuse)

    # Membership

    @recorded
    def join(self, client, proof_of=None):
        """Join with one's own proof, or with another client's."""
        who = CLIENTS[client]
        proof = self.scene.proof(client if proof_of is None else proof_of)
        false = self.scene.admitted is not None and proof_of not in (None, client)

        def join():
            admitted = self.reference.admitted
            if false:
                self.reference.admitted = set()
            try:
                self.reference.join(who)
            finally:
                self.reference.admitted = admitted

        self._play(who, self.arena.manager, "join", (proof,), join)

    @recorded
    def exit(self, client):
        """Leave."""
        who = CLIENTS[client]
        self._play(who, self.arena.manager, "requestExit", (), lambda: self.reference.request_exit(who))

    @recorded
    def set_operator(self, client, operator=None):
        """Name another client, or itself, as its operator; None for nobody."""
        who, named = CLIENTS[client], NOBODY if operator is None else CLIENTS[operator]
        refer = functools.partial(self.reference.set_operator, who, named)
        self._play(who, self.arena.manager, "setOperator", (named,), refer)

    # A round

    @recorded
    def open_round(self):
        """Open the next round."""
        self._play(KEEPER, self.arena.manager, "openRound", (), self.reference.open_round)

    @recorded
    def reanchor(self):
        """Replace a missed anchor."""
        self._play(KEEPER, self.arena.manager, "reanchor", (), self.reference.reanchor)

    @recorded
    def draw(self):
        """Fix the seed."""
        value = simulated_seed(SALT, self.reference.head.round)
        self._play(KEEPER, self.arena.manager, "draw", (b"",), lambda: self.reference.draw(value))

    @recorded
    def propose(self, client, samples=1, copy_of=None, signed_by=None):
        """Commit to an update of one's own, or copy another client's commitment; see `_commit`."""
        author = client if copy_of is None else copy_of
        update = self._update(author, samples)
        if copy_of is None:
            self.updates[self.reference.head.round, client] = update
        commitment = self.reference.update_commitment(CLIENTS[author], *update)
        known = self.reference.propose, self.reference.propose_by_sig
        self._commit(client, "propose", "Propose", commitment, known, signed_by)

    @recorded
    def publish(self, client, lie=None, samples=1):
        """Open the commitment, truly or with another "root", "samples" or "salt"."""
        known = self.updates.get((self.reference.head.round, client))
        root, count, salt = known or self._update(client, samples)
        if lie == "root":
            root = keccak(root)
        elif lie == "samples":
            count = samples
        elif lie == "salt":
            salt = keccak(salt)
        who = CLIENTS[client]

        def publish():
            self.reference.publish(who, root, count, salt)
            self.roots[self.reference.position_of(who)] = (root, count)

        self._open(client, "publish", (root, count, salt), publish)

    @recorded
    def commit_ballot(self, client, ballot, copy_of=None, signed_by=None):
        """Commit to a ballot of one's own, or copy another client's commitment; see `_commit`."""
        round_, author = self.reference.head.round, client if copy_of is None else copy_of
        if copy_of is None:
            self.ballots[round_, client] = ballot
        salt = keccak(text=f"ballot {round_} {author}")
        commitment = self.reference.ballot_commitment(CLIENTS[author], ballot, salt)
        known = self.reference.commit_ballot, self.reference.commit_ballot_by_sig
        self._commit(client, "commitBallot", "CommitBallot", commitment, known, signed_by)

    @recorded
    def reveal(self, client, lie=0):
        """Open the ballot, with the bits of `lie` inverted."""
        round_, who = self.reference.head.round, CLIENTS[client]
        ballot = self.ballots.get((round_, client), 0) ^ lie
        salt = keccak(text=f"ballot {round_} {client}")
        self._open(
            client,
            "revealBallot",
            (ballot, salt),
            lambda: self.reference.reveal_ballot(who, ballot, salt),
        )

    def _commit(self, client, call, kind, commitment, reference, signed_by):
        """Directly; or sent by another, and signed: by the client or its operator, or by who is named."""
        who, manager = CLIENTS[client], self.arena.manager
        directly, by_sig = reference
        if signed_by is None and self._sent_directly(client):
            return self._play(who, manager, call, (commitment,), lambda: directly(who, commitment))
        key = self._signer(client) if signed_by is None else signed_by
        message = intents.message(kind, CHAIN_ID, manager, who, self.reference.head.round, commitment)
        signed = ACCOUNTS[key].sign_message(message)
        vs = signed.s | (signed.v - 27) << 255
        arguments = who, commitment, signed.r.to_bytes(32), vs.to_bytes(32)
        refer = functools.partial(by_sig, CLIENTS[key], who, commitment)
        self._play(KEEPER, manager, f"{call}BySig", arguments, refer)

    def _signer(self, client):
        operator = self.reference._client(CLIENTS[client]).operator
        return CLIENTS.index(operator) if operator != NOBODY and self.calls % 2 else client

    def _open(self, client, call, opening, reference):
        """Directly, or by another who knows the salt."""
        who, manager = CLIENTS[client], self.arena.manager
        if self._sent_directly(client):
            return self._play(who, manager, call, opening, reference)
        self._play(KEEPER, manager, f"{call}For", (who, *opening), reference)

    def _sent_directly(self, client):
        return (client + self.calls) % 3 != 0  # Some of each, the same whenever the script is run.

    @recorded
    def mark_absent(self, client):
        """Mark a client's seat."""
        who = CLIENTS[client]
        self._play(KEEPER, self.arena.manager, "markAbsent", (who,), lambda: self.reference.mark_absent(who))

    @recorded
    def finalise(self):
        """Fix the outcome."""
        self._play(KEEPER, self.arena.manager, "finalise", (), self.reference.finalise)

    @recorded
    def sweep(self):
        """Send the pool to the treasury."""

        def sweep():
            amount = self.reference.reward_pool + self.reference.budget
            treasury = self.scene.parameters.treasury
            self.reference.sweep()
            if treasury in self.wallets:
                self.wallets[treasury] += amount
            else:
                self.swept += amount

        self._play(KEEPER, self.arena.manager, "sweep", (), sweep)

    @recorded
    def settle(self, client, round_=None):
        """Pay a client's seat: of its last round, or of the one named."""
        who = CLIENTS[client]
        number = self.reference._client(who).round if round_ is None else round_
        self._play(
            KEEPER, self.arena.manager, "settle", (number, who), lambda: self.reference.settle(number, who)
        )

    # Several calls at once

    @recorded
    def start_round(self):
        """Open, as soon as it can be, and draw."""
        self.until("interval", 0)
        self.open_round()
        self.mine(self.scene.parameters.seed_delay)
        self.draw()

    @recorded
    def proposers_act(self, absent=0):
        """Every proposer commits, but those whose bit of `absent` is set."""
        for position, client in enumerate(self.seated()[0]):
            if not absent >> position & 1:
                self.propose(client)

    @recorded
    def proposers_publish(self, absent=0):
        """Every proposer opens its commitment, but those whose bit of `absent` is set."""
        for position, client in enumerate(self.seated()[0]):
            if not absent >> position & 1:
                self.publish(client)

    @recorded
    def voters_commit(self, ballots, absent=0):
        """Every voter commits, in turn to each of `ballots`, but those whose bit of `absent` is set."""
        for place, client in enumerate(self.seated()[1]):
            if not absent >> place & 1:
                self.commit_ballot(client, ballots[place % len(ballots)])

    @recorded
    def voters_reveal(self, absent=0):
        """Every voter opens its ballot, but those whose bit of `absent` is set."""
        for place, client in enumerate(self.seated()[1]):
            if not absent >> place & 1:
                self.reveal(client)

    @recorded
    def mark_everyone(self):
        """Mark every client, seated or not."""
        for client in range(len(NAMES)):
            self.mark_absent(client)

    @recorded
    def finish_round(self):
        """From any state of an open round to its outcome, by time and anyone's calls (I6)."""
        if self.reference.phase == Phase.DRAW:
            self.mine(self.scene.parameters.seed_delay)
            if self.block + 1 > self.reference.records[self.reference.head.round].anchor + 256:
                self.reanchor()
                self.mine(self.scene.parameters.seed_delay)
            self.draw()
        if self.reference.phase != Phase.IDLE:
            self.until("mark", 0)
            self.finalise()
        assert self.reference.phase == Phase.IDLE

    @recorded
    def everybody_leaves(self, order=0):
        """Finish, settle in an order of one's choice (I4), leave, unbond, take all: the pool stays (I15)."""
        self.finish_round()
        owned = {who: self.reference.balance_of(who) for who in CLIENTS}
        clients = range(len(NAMES))
        for client in sorted(clients, key=lambda i: keccak(text=f"{order} {i}")):
            if self.reference._client(CLIENTS[client]).is_payable:
                self.settle(client)
        assert owned == {who: self.reference._client(who).free for who in CLIENTS}, "the order mattered (I4)"
        assert self.reference.escrow == 0, "a round paid more or less than it held (I3)"
        assert not any(self.ledger.unpaid(round_) for round_ in self.ledger.slashed), "likewise, by the logs"
        for client in clients:
            if self.reference._client(CLIENTS[client]).is_member:
                self.exit(client)
        self.until("unbonding", 0)
        for client in clients:
            self.withdraw_all(client)
            assert self.reference._client(CLIENTS[client]).free == 0
        if self.reference.parameters.treasury != NOBODY:
            self.until("sweep", 0)
            self.sweep()
        left = self.reference.reward_pool + self.reference.budget
        assert self._state[ROUND_FIELDS.index("tokens of the pool")] == left

    @recorded
    def play_on(self):
        """While as many members remain as a round takes, the next round can be reached and played (I6)."""
        self.finish_round()
        p, h = self.scene.parameters, self.reference.head
        if len(self.reference.members) >= p.min_members and not 0 != p.max_rounds == h.round:
            self.start_round()
            assert self.reference.phase == Phase.PROPOSE

    def parameters_unchanged(self):
        """I9: the views show what was deployed."""
        answer = self.chain.view(self.arena.manager, self.arena.interface.call("parameters"))
        words = [answer[at : at + 32] for at in range(0, len(answer), 32)]
        fields = astuple(self.scene.parameters)
        assert words == [word(v) for v in fields], "I9"

    def seated(self):
        """Proposers, then voters, of the open round, by position; none before the draw."""
        proposers, voters = self.reference.seats() if self.reference.phase > Phase.DRAW else ([], [])
        return [CLIENTS.index(c) for c in proposers], [CLIENTS.index(c) for c in voters]

    def _update(self, client, samples):
        round_ = self.reference.head.round
        return keccak(text=f"root {round_} {client}"), samples, keccak(text=f"salt {round_} {client}")

    # Comparison

    def _play(self, sender, target, name, args, refer):
        """Send a call to both, in the next block, and compare whatever it did."""
        self.block += 1
        self.reference.now, self.reference.block = self.now, self.block
        known = len(self.reference.events)
        expected = None
        try:
            refer()
        except Refused as refused:
            expected = (refused.name, refused.values)
        data = self.arena.interface.call(name, *args)
        look = self.arena.lens, self.arena.look
        receipt, [seen] = self.chain.send_and_view(sender, target, data, self.arena.interface, self.now, look)
        assert receipt.error == expected, f"{name}: contract {receipt.error}, reference {expected}"
        events = [(e.name, dict(e.values)) for e in self.reference.events[known:]]
        logs = [(log.name, log.values) for log in receipt.logs if log.name not in ("Transfer", "Approval")]
        assert logs == events, f"{name}: contract {logs}, reference {events}"
        for log in receipt.logs:
            self.ledger.apply(log)
        self.calls += 1
        self.arena.seen[name, expected[0] if expected else "succeeded"] += 1
        self._observe(seen)
        self._check_invariants()

    def _observe(self, answer):
        """Compare all that the views show, the lens's answer, with the reference."""
        seen = [int.from_bytes(answer[at : at + 32]) for at in range(64, len(answer), 32)]
        self.reference.now, self.reference.block = self.now, self.block
        expected = self._round_words() + self._update_words()
        expected += [int(who, 16) for who in self.reference.members]
        for who in CLIENTS:
            expected += self._client_words(who)
        if seen != expected:
            raise AssertionError(self._difference(seen, expected))
        self._state = seen

    def _round_words(self):
        r, h = self.reference, self.reference.head
        moved = any(c.origin[0] == h.round for c in r.clients.values())
        record = r.records.get(h.round)
        held = sum(self.scene.wallet - held for held in self.wallets.values()) - self.swept
        # Before the first round there are no seats.
        proposers, voters = r._seats() if h.round else (0, 0)
        return [
            *(h.round, h.members, h.drawn_at, h.seed, h.updates, h.published, h.absent_proposers, h.ballots),
            *(h.absent_voters, moved and h.round > 0, h.finalised, r.phase, proposers, voters, r.tally),
            *((record.tally, record.pot, record.anchor, record.rewarded) if record else (0, 0, 0, 0)),
            *(int.from_bytes(r.model), r.reward_pool, r.budget, held, len(r.members)),
        ]

    def _update_words(self):
        updates = [self.roots.get(position, (bytes(32), 0)) for position in range(MAX_PROPOSERS)]
        return [word for root, samples in updates for word in (int.from_bytes(root), samples)]

    def _client_words(self, who):
        r = self.reference
        c = r._client(who)
        return [
            *(c.is_member, c.place, c.strikes, c.round, c.seat, c.content, c.free, c.release_at),
            *(r.position_of(who), r.escrow_of(who), self.wallets[who], int(c.operator, 16)),
        ]

    def _difference(self, seen, expected):
        members = [f"member {i}" for i in range(len(self.reference.members))]
        lanes = [f"{name} {j}" for j in range(MAX_PROPOSERS) for name in ("root", "samples")]
        clients = [f"{field} of {name}" for name in NAMES for field in CLIENT_FIELDS]
        names = [*ROUND_FIELDS, *lanes, *members, *clients]
        if len(seen) != len(expected):
            return f"the contract shows {len(seen)} words, the reference {len(expected)}"
        pairs = zip(names, seen, expected, strict=True)
        return "; ".join(f"{n}: contract {s}, reference {e}" for n, s, e in pairs if s != e)

    def _check_invariants(self):
        r = self.reference
        held = self._state[ROUND_FIELDS.index("tokens of the pool")]
        free = sum(c.free for c in r.clients.values())
        owed = sum(r.escrow_of(who) for who in CLIENTS)
        assert free + owed + r.reward_pool + r.budget == held, "tokens were lost or made (I1)"
        assert owed == r.escrow
        assert self.ledger.reward_pool == r.reward_pool, "the logs give another pool (I11)"
        assert self.ledger.budget == r.budget, "the logs give another budget (I11, I18)"
        assert all(self.ledger.free[who] == r._client(who).free for who in CLIENTS), (
            "... other balances (I11)"
        )
        assert self.ledger.model == r.model
        self._check_freedom(self.calls % len(CLIENTS))

    def _check_freedom(self, client):
        """What is free above the bond can be withdrawn now, and the rest by leaving now (I5)."""
        c = self.reference._client(CLIENTS[client])
        if c.is_member:
            self._must_succeed(client, "requestExit")
        locked = c.seat not in (Seat.NONE, Seat.ABSENT) and not self.reference._is_settleable(c)
        open_seat = locked or self.reference._has_duty(c)
        over = self.now >= c.release_at or self.reference._is_over()
        if c.is_member or (c.place in (0, REMOVED) and over and not open_seat):
            self._must_succeed(client, "withdraw", self.withdrawable(client))

    def _must_succeed(self, client, name, *args):
        try:
            self.chain.view(self.arena.manager, self.arena.interface.call(name, *args), CLIENTS[client])
        except RpcError as error:
            refused = self.arena.interface.error(bytes.fromhex(error.data[2:]))
            raise AssertionError(f"{NAMES[client]} cannot {name}{args}: {refused} (I5)") from error
