"""Rounds of any size, played for their gas alone."""

from dataclasses import astuple, replace

from anatomy import anatomy
from eth_utils import keccak
from raw_chain import Interface
from scenes import DEPLOYER, KEEPER, RULES, SALT

from offchain.chain import intents
from offchain.chain.signing import Signer
from offchain.reference import Parameters, seats
from offchain.reference.state import NOBODY

HARDFORK = "osaka"
UNIT = 10**18
DEPOSIT, STAKE, BOND = 200 * UNIT, 8 * UNIT, 64 * UNIT
CHAIN_ID = 31_337
PHASE = 10_000  # Seconds.
AGREED = (0b11111,)
SPLIT = (0b11111, 0b11111, 0b10101, 0b00111)  # Ballots in turn: no bit is unanimous, and money moves.
PARAMETERS = Parameters(
    proposer_stake=STAKE, voter_stake=STAKE, bond=BOND, absence_penalty=UNIT, proposer_bps=1000,
    voter_seats=16_382, quorum_bps=0, max_strikes=0, max_samples=1, max_rounds=0, seed_delay=1,
    propose_for=PHASE, publish_for=PHASE, vote_for=PHASE, reveal_for=PHASE, unbonding=4 * PHASE, rules=RULES,
)  # fmt: skip

# Where `forge inspect RoundManager storage-layout` has them.
HEAD_SLOT, MEMBERS_SLOT, COUNT_SLOT, CLIENTS_SLOT, ACCOUNTS_SLOT = 1, 3, 5, 6, 10
PLACE_AT = 16  # In a client's word.

REWARDS = {"proposer_reward": UNIT, "voter_reward": UNIT // 10, "interval": 4 * PHASE}
BUDGET = 1000 * UNIT


class Field:
    """A deployment with `members` clients, all honest about when to act."""

    def __init__(
        self, chain, project, members, proposer_bps=1000, voter_seats=16_382, rewarded=False, listed=False
    ):
        signers = [Signer(keccak(text=f"client {i}")) for i in range(members)]
        self._signers = {signer.address: signer for signer in signers}
        self._clients = list(self._signers)
        self._chain = chain
        self._interface = Interface(project.RoundManager, project.StakePool, project.StakeToken)
        self._batches = Interface(project.Relay)
        self._token = chain.deploy(DEPLOYER, project.StakeToken, "Stake", "S", 10**27, DEPLOYER)
        source = chain.deploy(DEPLOYER, project.SimulatedSeed, SALT)
        chosen = {"proposer_bps": proposer_bps, "voter_seats": voter_seats, **(REWARDS if rewarded else {})}
        self._parameters = replace(PARAMETERS, **chosen)
        parameters = astuple(self._parameters)
        admission = (
            chain.deploy(DEPLOYER, project.RegistryAdmission, DEPLOYER, self._clients) if listed else NOBODY
        )
        self._manager = chain.deploy(
            DEPLOYER, project.RoundManager, self._token, source, admission, parameters
        )
        self._pool = "0x" + self._view("POOL")[12:].hex()
        self._relay = chain.deploy(DEPLOYER, project.Relay, self._manager)
        self.gas = {}  # call → what each cost
        self.parts = None  # call → what each cost by part, when looked at
        self.priced = None  # call → what `price` made of each, when looked at
        self.price = None
        self.rounds = 0

    def gather(self):
        """Everyone deposits twice, the second time into a slot in use, and joins."""
        for client in self._clients:
            self._call(DEPLOYER, "transfer", client, 2 * DEPOSIT, to=self._token)
            self._call(client, "approve", self._pool, 2**256 - 1, to=self._token)
            self._call(client, "deposit", DEPOSIT // 2, to=self._pool, name="deposit first")
            self._call(client, "deposit", DEPOSIT // 2, to=self._pool)
            self._call(client, "join", b"")

        if self._parameters.interval:
            self._call(DEPLOYER, "approve", self._pool, BUDGET, to=self._token)
            self._call(DEPLOYER, "fund", BUDGET // 2, to=self._pool, name="fund first")
            self._call(DEPLOYER, "fund", BUDGET // 2, to=self._pool)

    def write_members(self):
        """What `gather` leaves, written into the manager's storage: seconds for a hundred thousand."""
        self._call(DEPLOYER, "transfer", self._pool, DEPOSIT * len(self._clients), to=self._token)
        slots = {COUNT_SLOT: len(self._clients)}
        for index, client in enumerate(self._clients):
            number = int(client, 16)
            slots[_entry(MEMBERS_SLOT, index)] = number
            slots[_entry(CLIENTS_SLOT, number)] = (index + 1) << PLACE_AT
            slots[_entry(ACCOUNTS_SLOT, number)] = DEPOSIT
        self._chain.write(self._manager, slots)

    def storage(self):
        """The manager's storage, slot by slot, without the head, which knows the time of the deployment."""
        slots = self._chain.storage(self._manager)
        return {slot: word for slot, word in slots.items() if slot != HEAD_SLOT}

    def play_round(self):
        """Open, draw, everyone seated acts, finalise. Seats of the round before are settled on the way."""
        self.rounds += 1
        proposers, voters = self._start_round()
        salt, root = keccak(text="salt"), keccak(text="root")
        for client in proposers:
            self._call(client, "propose", self._view("updateCommitment", client, root, 1, salt)[:24])
        for client in proposers:
            self._call(client, "publish", root, 1, salt)
        ballots = {client: SPLIT[i % len(SPLIT)] for i, client in enumerate(voters)}
        for client, ballot in ballots.items():
            self._call(client, "commitBallot", self._view("ballotCommitment", client, ballot, salt)[:24])
        for client, ballot in ballots.items():
            self._call(client, "revealBallot", ballot, salt)
        self._call(KEEPER, "finalise")

    def play_relayed_round(self, ballots):
        """The same, all commitments signed and all openings handed over: a transaction for each phase."""
        proposers, voters = self._start_round()
        salt, root = keccak(text="salt"), keccak(text="root")
        votes = {client: ballots[i % len(ballots)] for i, client in enumerate(voters)}
        self._relay_all("propose", [self._signed_update(c, root, salt) for c in proposers])
        self._relay_all("publish", [(client, root, 1, salt) for client in proposers])
        self._relay_all("commitBallots", [self._signed_ballot(c, b, salt) for c, b in votes.items()])
        self._relay_all("revealBallots", [(client, ballot, salt) for client, ballot in votes.items()])
        self._call(KEEPER, "finalise")

    def settle(self):
        """Pay everyone, so that the next round settles nobody on the way."""
        for client in self._clients:
            if int.from_bytes(self._view("escrowOf", client)):
                self._call(KEEPER, "settle", self._last_round(client), client)

    def play_absences(self):
        """A round of which the proposers are marked, after its anchor was missed."""
        self.settle()
        self._call(KEEPER, "openRound", name="openRound again")
        self._chain.mine(258)
        self._call(KEEPER, "reanchor")
        self._chain.mine(1)
        self._call(KEEPER, "draw", b"", name="draw again")
        self._chain.rpc("evm_increaseTime", PHASE)
        for client in self._seated()[0]:
            self._call(KEEPER, "markAbsent", client)
        self._chain.rpc("evm_increaseTime", 4 * PHASE)
        self._call(KEEPER, "finalise", name="finalise void")

    def come_and_go(self):
        """Members that were seated once, and are not the last, withdraw, leave, and come back."""
        leavers = [client for client in self._clients[:-4] if self._last_round(client)][:3]
        for client in leavers:
            self._call(client, "withdraw", UNIT)
        for client in leavers:
            self._call(client, "requestExit")
        for client in leavers:
            self._call(client, "join", b"", name="join again")

    def _signed_update(self, client, root, salt):
        commitment = self._view("updateCommitment", client, root, 1, salt)[:24]
        return client, commitment, *self._signature(client, "Propose", commitment)

    def _signed_ballot(self, client, ballot, salt):
        commitment = self._view("ballotCommitment", client, ballot, salt)[:24]
        return client, commitment, *self._signature(client, "CommitBallot", commitment)

    def _signature(self, client, kind, commitment):
        signer = self._signers[client]
        round_ = int.from_bytes(self._view("head")[:32])
        return signer.sign_intent(intents.message(kind, CHAIN_ID, self._manager, client, round_, commitment))

    def _relay_all(self, call, arguments):
        data = self._batches.call(call, arguments)
        self._send(KEEPER, data, self._relay, call, entries=len(arguments))

    def _start_round(self):
        self._chain.rpc("evm_increaseTime", self._parameters.interval)
        self._call(KEEPER, "openRound")
        self._chain.mine(2)  # A trace of the draw sees the latest block, which must lie behind the anchor.
        self._call(KEEPER, "draw", b"")
        return self._seated()

    def _seated(self):
        """Proposers and voters by position; to be asked before a place changes."""
        words, head = self._view("seats"), self._view("head")
        proposers, voters = int.from_bytes(words[:32]), int.from_bytes(words[32:])
        members, seed = int.from_bytes(head[32:64]), int.from_bytes(head[96:128])
        indices = [seats.index_at(seed, place, members) for place in range(proposers + voters)]
        order = ["0x" + self._view("memberAt", index)[12:].hex() for index in indices]
        return order[:proposers], order[proposers:]

    def _last_round(self, client):
        return int.from_bytes(self._view("clientOf", client)[96:128])

    def _view(self, name, *args):
        return self._chain.view(self._manager, self._interface.call(name, *args))

    def _call(self, sender, call, *args, to=None, name=None):
        self._send(sender, self._interface.call(call, *args), to or self._manager, name or call)

    def _send(self, sender, data, to, name, entries=1):
        if self.parts is not None:
            parts = anatomy(self._chain, sender, to, data)
            self.parts.setdefault(name, []).append({part: gas / entries for part, gas in parts.items()})
        if self.priced is not None:
            self.priced.setdefault(name, []).append(self.price(self._chain, sender, to, data))
        receipt = self._chain.send(sender, to, data, self._interface)
        assert receipt.error is None, (name, receipt.error)
        # A batch counts for each of its entries, so that means and sums are those of seats.
        self.gas.setdefault(name, []).extend([receipt.gas / entries] * entries)


def _entry(slot, key):
    """The slot of a mapping's entry."""
    return int.from_bytes(keccak(key.to_bytes(32) + slot.to_bytes(32)))
