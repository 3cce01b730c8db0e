"""Clients that die, proposers that withhold, stores that fail: nobody honest loses a seat or a token."""

import asyncio
import os
import signal
import threading
import time

import pytest
from aiohttp import web
from live import FAST, eventually, signer
from live_client import MOMENTS
from live_game import game, keys_for, serving_store
from serving import serving

from ml.updates.canonical import digest
from offchain.live.access.sender import Sender
from offchain.live.deploying.deployment import place_of
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.server import application as relay_application
from offchain.live.verifying.verification import Verification
from offchain.reference import Phase, Seat

SENDS = ("depositWithPermit", "join", "propose", "publish", "commitBallot", "revealBallot")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    return keys_for(8, tmp_path_factory.mktemp("ape"))


class Reviver(threading.Thread):
    """Starts clients again when they were killed, each time on a machine that has nothing of theirs."""

    def __init__(self, network, deaths):
        super().__init__(daemon=True)
        self._network, self._deaths = network, deaths
        self._ends = threading.Event()
        self.deaths = 0

    def run(self):
        while not self._ends.wait(0.1):
            for member in self._network.members:
                if member.process.exitcode == -9:
                    self.deaths += 1
                    place = member.arguments.index("--cache") + 1
                    member.arguments[place] = str(self._network.folder / f"elsewhere-{self.deaths}")
                    member.start(deaths=str(self._deaths))

    def stop(self):
        self._ends.set()
        self.join(20)


def test_killed_before_and_after_every_send_nobody_loses_a_seat_or_a_token(tmp_path, compiled, keyed):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    for function in SENDS:
        for moment in MOMENTS:
            (deaths / f"{function}-{moment}").touch()
    with game(tmp_path, compiled, 6, proposer_bps=3334, max_rounds=3) as network:
        reviver = Reviver(network, deaths)
        network.fund()
        for member in network.members:
            member.start(deaths=str(deaths))
        reviver.start()
        network.until(lambda v: v.member_count == 6, 200, may_end=True)
        network.keeping.start()
        view = network.until(lambda v: v.is_over, 300, may_end=True)
        reviver.stop()

        assert os.listdir(deaths) == [], "a death that was not died tests nothing"
        assert reviver.deaths == len(SENDS) * len(MOMENTS)
        assert network.events("MarkedAbsent", "Removed", "Left") == []
        seats = 3 * 6
        acts = network.events("UpdateCommitted", "BallotCommitted")
        opened = network.events("UpdatePublished", "BallotRevealed")
        assert len(acts) == len(opened) == seats
        # Two transactions a seat, and two to join: not one more was mined.
        sent = sum(network.chain.nonce(member.key.address) for member in network.members)
        assert sent == 2 * seats + 2 * 6
        tokens = sum(c.free + c.escrow for c in view.clients.values()) + view.reward_pool
        assert tokens == 6 * network.deployment.parameters.bond
        assert Verification(network.chain, network.deployment, network.stores).run() is None


def test_a_proposer_that_withholds_its_update_loses_its_stake_and_nobody_else_does(tmp_path, compiled, keyed):
    with game(tmp_path, compiled, 5, max_rounds=1) as network:
        network.enrol()
        for member in network.members:
            member.start(withholds=True)  # Whoever proposes shows nothing.
        network.keeping.start()
        voting = network.until(lambda v: v.phase is Phase.VOTE and v.published)
        time.sleep(2)
        assert network.view().ballots == 0, "somebody judged before half of the phase had passed"
        network.node.warp(voting.deadline(Phase.VOTE) - 1800 - network.view().now)
        view = network.until(lambda v: v.is_over, may_end=True)
        (outcome,) = network.events("RoundFinalised")
        assert outcome.values["included"] == 0 and outcome.values["slashed"] == 16 * 10**18
        for client in view.clients.values():
            lost = 16 * 10**18 if client.seat is Seat.PUBLISHED else 0
            assert client.free + client.escrow == 64 * 10**18 - lost
        assert Verification(network.chain, network.deployment, network.stores).run() is None


class Hostile:
    """A store whose answers a test chooses, round by round."""

    def __init__(self):
        self.mode, self.asked = "nothing", []
        self.place = None
        self.app = web.Application()
        self.app.router.add_get("/", self._describe)
        self.app.router.add_get("/artefacts/{root}", self._get)
        self.app.router.add_put("/artefacts/{root}", self._put)

    async def _describe(self, request):
        return web.json_response({"chainId": self.place.chain_id, "manager": self.place.manager})

    async def _put(self, request):
        return web.Response(status=500, text="no")

    async def _get(self, request):
        self.asked.append(self.mode)
        match self.mode:
            case "slow":
                await asyncio.sleep(120)
            case "wrong":
                return web.Response(body=b"\0" * self.size)
            case "long":
                return web.Response(body=b"\0" * 10 * self.size)
        return web.Response(status=404 if self.mode == "nothing" else 500)


def test_a_store_that_fails_in_any_way_costs_nobody_a_seat(tmp_path, compiled, keyed):
    hostile, modes = Hostile(), ("nothing", "wrong", "long", "slow")
    with serving(hostile.app) as url:
        stores = [url, str(tmp_path / "second")]
        with game(tmp_path, compiled, 4, max_rounds=4, stores=stores, vote_for=80) as network:
            hostile.place = place_of(network.deployment)
            hostile.size = 4 * network.schema.size
            network.enrol()
            for member in network.members:
                member.start()
            network.keeping.start()
            for number, mode in enumerate(modes, start=1):
                hostile.mode = mode
                network.until(
                    lambda v, n=number: v.round > n or (v.round == n and v.finalised), 150, may_end=True
                )
            assert set(hostile.asked) == set(modes)
            assert network.events("MarkedAbsent") == []
            assert len(network.events("BallotRevealed")) == 4 * 3
            included = [e.values["included"].bit_count() for e in network.events("RoundFinalised")]
            assert sum(included) >= 3, f"the second store had them all, yet {included} were included"


def test_a_consortiums_own_store_is_enough(tmp_path, compiled, keyed):
    folder = tmp_path / "consortium"
    with game(tmp_path, compiled, 4, max_rounds=2) as network, serving_store(network, folder) as url:
        network.use_stores([url])
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        network.until(lambda v: v.is_over, 150, may_end=True)
        published = {e.values["root"] for e in network.events("UpdatePublished")}
        assert {digest(path.read_bytes(), network.schema) for path in folder.iterdir()} == published
        assert Verification(network.chain, network.deployment, [url]).run() is None
        told = (tmp_path / "store.log").read_text()
        assert f"listening on {url} deployment=net" in told and "artefacts=0" in told


def _take_back(network, name):
    """Wait for an event to come, and let a fork of three blocks or more become the chain without it."""
    before = len(network.events(name))
    event = eventually(lambda: network.events(name)[before:])[0]
    head = network.chain.head().number
    network.node.reorganise(min(event.block - 1, head - 3))
    assert network.chain.receipt(event.transaction) is None, "nothing was taken back"


def test_reorganisations_across_a_commit_and_across_an_outcome_cost_nobody_a_seat(tmp_path, compiled, keyed):
    with game(tmp_path, compiled, 4, max_rounds=3) as network:
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        for name in ("UpdateCommitted", "BallotCommitted", "RoundFinalised"):
            _take_back(network, name)

        view = network.until(lambda v: v.is_over, 200, may_end=True)
        assert network.events("MarkedAbsent") == []
        assert len(network.events("UpdatePublished", "BallotRevealed")) == 3 * 4
        tokens = sum(c.free + c.escrow for c in view.clients.values()) + view.reward_pool
        assert tokens == 4 * network.deployment.parameters.bond
        verification = Verification(network.chain, network.deployment, network.stores)
        assert verification.run() is None and verification.model.id == view.model


def test_a_node_that_hangs_and_comes_back_costs_nobody_a_seat(tmp_path, compiled, keyed):
    with game(tmp_path, compiled, 4, max_rounds=2) as network:
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        network.until(lambda v: v.phase is Phase.VOTE)
        process = network.node._process
        process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(15)  # More than a request may take.
        finally:
            process.send_signal(signal.SIGCONT)
        network.until(lambda v: v.is_over, 200, may_end=True)
        assert network.events("MarkedAbsent") == []
        assert len(network.events("UpdatePublished", "BallotRevealed")) == 2 * 4


def test_logs_that_a_node_leaves_out_at_first_cost_nobody_a_seat(tmp_path, compiled, keyed):
    with game(tmp_path, compiled, 4, max_rounds=2) as network:
        network.enrol()
        for member in network.members:
            member.start(misses_logs=True)
        network.keeping.start()
        network.until(lambda v: v.is_over, 200, may_end=True)
        assert network.events("MarkedAbsent") == []
        assert len(network.events("UpdatePublished", "BallotRevealed")) == 2 * 4
        assert all("the logs do not agree" in member.said for member in network.members)


def test_with_a_relay_members_play_without_paying_for_gas(tmp_path, compiled, keyed):
    with game(tmp_path, compiled, 4, max_rounds=2) as network:
        network.enrol()
        payer = signer(3)
        network.node.give(payer.address)
        desk = Desk(network.another_chain(), Sender(network.another_chain(), payer, FAST), network.deployment)
        ends = threading.Event()

        def flush():
            while not ends.wait(0.3):
                desk.flush()

        thread = threading.Thread(target=flush, daemon=True)
        thread.start()
        with serving(relay_application(desk, network.deployment)) as url:
            for member in network.members:
                member.arguments += ["--relay", url]
                network.node.give(member.key.address, 0)
                member.start()
            network.keeping.start()
            network.until(lambda v: v.is_over, 150, may_end=True)
        ends.set()
        thread.join(10)
        assert len(network.events("UpdatePublished", "BallotRevealed")) == 2 * 4
        assert all(network.chain.nonce(m.key.address) == 3 for m in network.members), "enrolling took three"


def test_a_client_stops_stays_a_member_and_leaves_with_its_tokens_on_request(tmp_path, compiled, keyed):
    with game(tmp_path, compiled, 4) as network:
        one, bare = network.members[:2]
        network.fund([one, bare])
        for member in (one, bare):
            member.start()
        network.until(lambda v: v.member_count == 2)
        for member in (one, bare):
            assert member.stop() == 0, member.said
        assert "Stopped by SIGTERM" in one.said and network.view().member_count == 2

        rows = bare.arguments.index("--share")
        bare.arguments[rows:] = ["--poll", "0.2", "--confirmations", "1"]
        for member in (one, bare):
            member.arguments.append("--leave")
            member.start()
        network.until(lambda v: v.member_count == 0)
        network.node.warp(network.deployment.parameters.unbonding)
        for member in (one, bare):
            member.process.join(60)
            assert member.process.exitcode == 0, member.said
            assert f"Done: nothing of {member.key.address} is left in the pool" in member.said
            assert network.wallet(member) == network.deployment.parameters.bond
        assert "leaving without rows or stores" in bare.said and "without rows" not in one.said
        names = [e.name for e in network.events("Joined", "Left", "Withdrawn")]
        assert sorted(names) == ["Joined"] * 2 + ["Left"] * 2 + ["Withdrawn"] * 2
