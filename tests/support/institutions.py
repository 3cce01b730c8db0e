"""Institutions as processes, and the same game in one process: one model, the same tokens."""

import numpy as np
from live_game import game

from offchain.engines.deployment import Deployment
from offchain.engines.reference_engine import ReferenceEngine
from offchain.live.deploying.deployment import place_of
from offchain.live.verifying.verification import Verification
from offchain.live.watching.own_votes import OwnVotes
from offchain.settings import parse_settings
from offchain.simulation.cast import Cast
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.simulation import Simulation


def settings_of(clients, rounds, rows, malicious, seed):
    return parse_settings(
        dict(clients=clients, rounds=rounds, malicious=malicious, seed=seed, engine="reference")
        | dict(baselines=False, task_options={"rows": rows}, edition=2, policy="verdict")
    )


def simulated(network, settings):
    """The same game in one process: its global model, and its engine."""
    federation = Federation(settings, all_rows(settings))
    assert federation.rules == network.deployment.parameters.rules
    twin = Deployment(
        deployer_key=b"\1" * 32,
        client_keys=tuple(client_key_bytes(m.number) for m in network.members),
        seed_salt=bytes.fromhex(network.deployment.configuration.seed_salt[2:]),
        initial_balance=network.deployment.parameters.bond,
        parameters=network.deployment.parameters,
    )
    twin.__dict__["manager"] = network.deployment.manager.address  # Where the live one stands.
    run = Simulation(settings, federation, twin, ReferenceEngine(twin))
    run.start()
    records = [run.play_round() for _ in range(settings.rounds)]
    return run.state.parameters, records


def assert_votes_are_kept(network, records):
    """Assert that every client keeps what it found: the simulation's findings, and its shadow's beside."""
    place = place_of(network.deployment)
    for member in network.members:
        cache = network.folder / f"cache-{member.alias}" / f"{place.chain_id}-{place.manager}"
        found = [record for record in records if member.number in record.judgement.ballots]
        if not found:
            continue
        votes = OwnVotes(cache / member.key.address).all()
        assert [vote.round for vote in votes] == [record.round for record in found]
        for vote, record in zip(votes, found, strict=True):
            assert vote.binding.ballot == record.judgement.ballots[member.number]
            assert vote.binding.refused == record.judgement.refused.get(member.number, {})
            assert (vote.binding.policy, vote.shadow.policy) == ("verdict", "likelihood")
        assert member.said.count("judged in shadow") == len(votes)


def client_key_bytes(number):
    return (1000 + number).to_bytes(32)


def play(tmp_path, contracts, clients, rounds, malicious, seed, rows=1500, **more):
    """Play the game live and in memory, and compare everything; keyword arguments are `game`'s."""
    settings = settings_of(clients, rounds, rows, malicious, seed)
    attackers = Cast.of(settings).proposers
    with game(tmp_path, contracts, clients, rows=rows, seed=seed, max_rounds=rounds, **more) as network:
        network.fund()
        for joined, member in enumerate(network.members, start=1):
            member.arguments += ["--shadow-policy", "likelihood"]
            # One after the other: seats follow from the order of joining, which the simulation has to share.
            member.start(attack=member.number in attackers)
            network.until(lambda v, n=joined: v.member_count == n)
        network.keeping.start()
        view = network.until(lambda v: v.is_over, 60 * rounds, may_end=True)
        for member in network.members:
            member.process.join(20)
        assert [m.process.exitcode for m in network.members] == [0] * clients, network.logs()
        assert all("global model at hand" in m.said for m in network.members)
        assert all("all rounds were played" in m.said or "removed" in m.said for m in network.members)

        verification = Verification(network.chain, network.deployment, network.stores)
        assert verification.run() is None
        model, records = simulated(network, settings)
        assert np.array_equal(verification.model.parameters, model)
        assert verification.model.id == view.model == bytes.fromhex(records[-1].model)
        tokens = {m.number: view.clients[m.key.address] for m in network.members}
        assert tuple(c.free + c.escrow for c in tokens.values()) == records[-1].balances
        assert_votes_are_kept(network, records)
        bond = network.deployment.parameters.bond
        assert attackers and all(tokens[a].free + tokens[a].escrow < bond for a in attackers)
        assert len(verification.checked) == rounds
