"""The game on a chain: every call a signed transaction through the deployed contracts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from itertools import chain

from ethpm_types import ContractType

from ml.updates.hashing import keccak256
from offchain.chain.abi import Interface
from offchain.chain.gateway import Call, Deployed, Gateway, Query, Receipt
from offchain.chain.signing import Signer
from offchain.engines.deployment import Deployment
from offchain.engines.engine import RoundOutcome, Seating
from offchain.engines.submission import Direct, Relayed, Submission
from offchain.errors import CallRevertedError
from offchain.reference import commitments, seats
from offchain.reference.state import NOBODY
from offchain.reference.tally import is_void

_CONTRACTS = ("StakeToken", "StakePool", "SimulatedSeed", "RoundManager", "BalanceLens", "Relay")
_LENS_CLIENTS = 500  # Of one view, far below the gas that a node gives it.


class ChainEngine:
    """An `Engine` on the chain behind a gateway.

    Every client sends its own transactions, or signs what a relay sends. A keeper, the deployer's key, opens,
    draws, marks, finalises, and is the relay's sender.
    """

    def __init__(
        self, gateway: Gateway, contracts: Mapping[str, ContractType], deployment: Deployment
    ) -> None:
        """Prepare; nothing is sent before `start`.

        Args:
            gateway: The chain.
            contracts: Compiled contracts by name.
            deployment: Keys, seeds, balances and parameters, the same as a reference engine's.
        """
        self._gateway = gateway
        self._interfaces = {name: Interface(contracts[name]) for name in _CONTRACTS}
        self._deployment = deployment
        self._parameters = deployment.parameters
        self._keeper = Signer(deployment.deployer_key)
        self._signers = [Signer(key) for key in deployment.client_keys]
        self._numbers = {signer.address: i for i, signer in enumerate(self._signers)}
        self._gas: dict[str, list[int]] = defaultdict(list)
        self._members: list[int] = []
        self._balances: list[int] = []
        self._reward_pool = self._budget = 0
        self._seating = Seating(0, (), (), frozenset())
        self._drawn_at = 0
        self._published = False
        self._acted: frozenset[int] = frozenset()
        self._submission: Submission

    def start(self) -> None:
        """Deploy, give every client its initial balance, deposit and join, in the order of their numbers."""
        gateway, signers = self._gateway, self._signers
        addresses = [signer.address for signer in signers]
        gateway.fund([self._keeper.address, *addresses])
        self._deploy()
        stake = self._deployment.initial_balance
        self._send([Call(self._keeper, self._token, "transfer", (address, stake)) for address in addresses])
        self._send([Call(signer, self._token, "approve", (self._pool.address, stake)) for signer in signers])
        self._send([Call(signer, self._pool, "deposit", (stake,)) for signer in signers])
        self._send([Call(signer, self._manager, "join", (b"",)) for signer in signers])
        self._fund()
        self._read_members()
        self._balances = [0] * len(signers)
        self._read_balances(range(len(signers)))
        self._gas.clear()

    def open_round(self) -> Seating:
        """Open the next round and draw its seats."""
        self._gas.clear()
        if self._parameters.interval and self._drawn_at:
            self._gateway.warp(self._drawn_at + self._parameters.interval)
        self._keep("openRound")
        self._gateway.mine(self._parameters.seed_delay)
        drawn = self._keep("draw", b"").events[0]
        self._drawn_at = self._gateway.now
        self._published = False

        members = len(self._members)
        places = seats.counts(members, self._parameters.proposer_bps, self._parameters.voter_seats)
        seed = drawn.values["seed"]
        seated = [self._members[seats.index_at(seed, place, members)] for place in range(sum(places))]
        proposers, voters = seated[: places[0]], seated[places[0] :]
        unable = {c for c in proposers if self._balances[c] < self._parameters.proposer_stake}
        unable |= {c for c in voters if self._balances[c] < self._parameters.voter_stake}
        self._seating = Seating(drawn.values["round"], tuple(proposers), tuple(voters), frozenset(unable))
        return self._seating

    def submit_updates(self, updates: Mapping[int, tuple[bytes, int]]) -> None:
        """Commit, then publish, each proposer's (Merkle root, sample count)."""
        salts = {client: self._salt(client) for client in updates}
        digests = {
            client: commitments.update_commitment(*self._bound(client), root, samples, salts[client])
            for client, (root, samples) in updates.items()
        }
        self._send(self._submission.propose(self._seating.round, digests))
        self._acted = frozenset(updates)
        if self._idle(self._seating.proposers):
            self._gateway.warp(self._drawn_at + self._parameters.propose_for)
        openings = {client: (root, samples, salts[client]) for client, (root, samples) in updates.items()}
        self._send(self._submission.publish(openings))
        self._published = bool(updates)

    def submit_ballots(self, ballots: Mapping[int, int]) -> None:
        """Commit, then reveal, each voter's ballot."""
        salts = {client: self._salt(client) for client in ballots}
        digests = {
            client: commitments.ballot_commitment(*self._bound(client), ballot, salts[client])
            for client, ballot in ballots.items()
        }
        self._send(self._submission.commit_ballots(self._seating.round, digests))
        self._acted |= frozenset(ballots)
        if self._idle(self._seating.voters):
            self._gateway.warp(self._drawn_at + self._parameters.voting_ends)
        openings = {client: (ballot, salts[client]) for client, ballot in ballots.items()}
        self._send(self._submission.reveal_ballots(openings))

    def close_round(self) -> RoundOutcome:
        """Let the deadlines of idle seats pass, mark them absent, finalise."""
        removed = self._mark_absent()
        outcome = self._keep("finalise").events[-1].values
        for client in removed:
            self._swap_and_pop(client)
        # A round moves the tokens of those it seats, and of nobody else, so it costs the same with any number
        # of members.
        self._read_balances(self._seating.proposers + self._seating.voters)
        return RoundOutcome(
            included=outcome["included"],
            void=is_void(outcome["tally"]),
            model=outcome["model"],
            removed=tuple(removed),
            balances=tuple(self._balances),
            reward_pool=self._reward_pool,
            budget=self._budget,
            gas={call: list(amounts) for call, amounts in self._gas.items()},
        )

    def close(self) -> None:
        """Give the chain back."""
        self._gateway.close()

    def _deploy(self) -> None:
        """Deploy in the order that `Deployment.manager` presumes."""
        deploy, interfaces = self._gateway.deploy, self._interfaces
        supply = self._deployment.initial_balance * len(self._signers) + self._deployment.budget
        self._token = deploy(
            self._keeper, interfaces["StakeToken"], "StakeFed", "STAKE", supply, self._keeper.address
        )
        source = deploy(self._keeper, interfaces["SimulatedSeed"], self._deployment.seed_salt)
        self._manager = deploy(
            self._keeper,
            interfaces["RoundManager"],
            self._token.address,
            source.address,
            NOBODY,
            astuple(self._parameters),
        )
        (pool,) = self._gateway.read([Query(self._manager, "POOL")])
        self._pool = Deployed(interfaces["StakePool"], pool)
        self._lens = deploy(self._keeper, interfaces["BalanceLens"])
        self._submission = (
            self._submit_by_relay() if self._deployment.relay else Direct(self._manager, self._signers)
        )

    def _submit_by_relay(self) -> Relayed:
        relay = self._gateway.deploy(self._keeper, self._interfaces["Relay"], self._manager.address)
        return Relayed(relay, self._manager, self._keeper, self._signers, self._gateway.chain_id)

    def _fund(self) -> None:
        if budget := self._deployment.budget:
            self._send([Call(self._keeper, self._token, "approve", (self._pool.address, budget))])
            self._send([Call(self._keeper, self._pool, "fund", (budget,))])

    def _send(self, calls: Sequence[Call]) -> list[Receipt]:
        receipts = self._gateway.send(calls)
        for receipt in receipts:
            self._require_no_refusal(receipt)
            self._gas[_name(receipt.call)].append(receipt.gas_used)
        return receipts

    def _require_no_refusal(self, receipt: Receipt) -> None:
        """A relay's transaction succeeds though the manager refused an entry."""
        for event in receipt.events:
            if event.name == "Refused":
                decoded = self._interfaces["RoundManager"].decode_error(event.values["reason"])
                raise CallRevertedError(_name(receipt.call), *(decoded or ("", {})))

    def _keep(self, function: str, *arguments: object) -> Receipt:
        return self._send([Call(self._keeper, self._manager, function, arguments)])[0]

    def _mark_absent(self) -> list[int]:
        """Mark the seats that did nothing, by position; the clients removed for it."""
        idle = self._idle(self._seating.proposers)
        if self._published:
            idle += self._idle(self._seating.voters)
        addresses = [self._signers[client].address for client in idle]
        receipts = self._send(
            [Call(self._keeper, self._manager, "markAbsent", (address,)) for address in addresses]
        )
        events = [event for receipt in receipts for event in receipt.events]
        return [self._numbers[event.values["client"]] for event in events if event.name == "Removed"]

    def _idle(self, seated: Iterable[int]) -> list[int]:
        return [client for client in seated if client not in self._acted]

    def _read_members(self) -> None:
        (count,) = self._gateway.read([Query(self._manager, "memberCount")])
        members = self._gateway.read([Query(self._manager, "memberAt", (i,)) for i in range(count)])
        self._members = [self._numbers[member] for member in members]

    def _swap_and_pop(self, client: int) -> None:
        # As the contract does, so that thousands of members need not be read again.
        place, last = self._members.index(client), self._members.pop()
        if last != client:
            self._members[place] = last

    def _read_balances(self, clients: Sequence[int]) -> None:
        addresses = [self._signers[client].address for client in clients]
        parts = [addresses[i : i + _LENS_CLIENTS] for i in range(0, len(addresses), _LENS_CLIENTS)]
        views = [Query(self._lens, "balancesOf", (self._manager.address, part)) for part in parts]
        totals = [Query(self._manager, name) for name in ("rewardPool", "budget")]
        *balances, self._reward_pool, self._budget = self._gateway.read([*views, *totals])
        for client, balance in zip(clients, chain.from_iterable(balances), strict=True):
            self._balances[client] = balance

    def _bound(self, client: int) -> tuple[int, str, int, str]:
        """What every commitment of a client binds besides its content."""
        manager, address = self._manager.address, self._signers[client].address
        return self._gateway.chain_id, manager, self._seating.round, address

    def _salt(self, client: int) -> bytes:
        """What hides a client's update or ballot; the same in every run, unknown without the client's key."""
        return keccak256(self._deployment.client_keys[client] + self._seating.round.to_bytes(32))


def _name(call: Call) -> str:
    """The call as gas is told: batches apart from the calls that they stand for."""
    return f"relay {call.function}" if call.contract.interface.name == "Relay" else call.function
