"""A game of random updates and ballots on any engine, to compare two of them."""

import random
from dataclasses import replace

from offchain.engines.deployment import Deployment
from offchain.settings import SimulationSettings

RULES = b"\x07" * 32


def deployment(clients, stake, seed):
    settings = SimulationSettings(clients=clients, proposer_stake=stake, voter_stake=stake, seed=seed)
    return Deployment.of(settings, RULES)


def play(engine, rounds, seed):
    """Rounds of random updates and ballots, and whatever the engine reports of them."""
    generator = random.Random(seed)
    engine.start()
    story = []
    for _ in range(rounds):
        seating = engine.open_round()
        able = [c for c in seating.proposers if c not in seating.unable]
        updates = {c: (generator.randbytes(32), 1) for c in able}
        engine.submit_updates(updates)
        voters = [c for c in seating.voters if c not in seating.unable]
        ballots = {c: generator.choice([0, 0b111, 0b1, generator.getrandbits(16)]) for c in voters}
        engine.submit_ballots(ballots if updates else {})
        outcome = engine.close_round()
        story += [seating, replace(outcome, gas={})]
    return story
