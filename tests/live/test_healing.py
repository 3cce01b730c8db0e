"""A captured committee, or bytes that vanish, cost a live network their round and nothing after it."""

import time

import loans_learning
import pytest
from live import eventually
from live_game import Keeping, game, inputs, keys_for

from offchain.live.verifying.verification import Verification
from offchain.reference import Phase
from offchain.settings import SimulationSettings
from offchain.simulation.federation import Federation, all_rows

CLIENTS, ROWS = 6, 6000
# Six steps a round: who trains long from a rescaled copy repairs it for itself alone.
TRAINING = ["--batch", "128"]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    return keys_for(8, tmp_path_factory.mktemp("ape"))


@pytest.fixture(scope="module")
def federation():
    """What scores the models: the network's rows as a simulation has them."""
    settings = SimulationSettings(clients=CLIENTS, rows=ROWS, engine="reference")
    return Federation(settings, all_rows(settings))


def healing(folder, compiled, rounds):
    learning = loans_learning.describe(inputs=inputs(CLIENTS, ROWS, 0), rows=ROWS, memory=8)
    return game(folder, compiled, CLIENTS, rows=ROWS, learning=learning, proposer_bps=3334, max_rounds=rounds)


def verified(network, federation):
    """The verification, and the scores of each round's model that can be had."""
    verification, scores = Verification(network.chain, network.deployment, network.stores), {}
    verification.on_model = lambda model: scores.update({model.round: federation.quality(model.parameters)})
    assert verification.run() is None
    return verification, scores


def said_of(network, message, round_, name):
    """What clients said of a round under a name."""
    told = [line for member in network.members for line in member.said.splitlines()]
    lines = [line for line in told if f" {message} " in line and f" round={round_} " in line]
    return {int(line.split(f" {name}=")[1].split()[0]) for line in lines}


def test_a_network_goes_on_after_committees_that_include_poison(tmp_path, compiled, keyed, federation):
    with healing(tmp_path, compiled, rounds=9) as network:
        network.enrol()
        for member in network.members:
            member.arguments += TRAINING
            member.start(captures={6: "rescaled", 8: "constant"})
        network.keeping.start()
        network.until(lambda v: v.is_over, 400, may_end=True)
        _, scores = verified(network, federation)
        included = [event.values["included"] for event in network.events("RoundFinalised")]
        assert all(included), "honest updates were included again at once"
        assert scores[6]["loss"] == pytest.approx(scores[5]["loss"], abs=1e-3), "a copy, rescaled"
        assert scores[8]["loss"] > scores[7]["loss"] + 0.2
        for poisoned in (6, 8):
            before, healed = scores[poisoned - 1], scores[poisoned + 1]
            assert healed["loss"] < before["loss"] + 0.02 and healed["accuracy"] > before["accuracy"] - 0.01
            assert said_of(network, "trained", poisoned + 1, "from") == {poisoned - 1}
        assert said_of(network, "judged", 9, "against") == {7}


class Reviver:
    """Starts clients again that died, without caches, and lets the chain's time pass what they await."""

    def __init__(self, network):
        self._network, self._passed, self.deaths = network, None, 0

    def look(self, view):
        for member in self._network.members:
            if member.process.exitcode == -9:
                self.deaths += 1
                place = member.arguments.index("--cache") + 1
                member.arguments[place] += "-elsewhere"
                member.start()
        awaits = view.phase in (Phase.PROPOSE, Phase.PUBLISH, Phase.VOTE)
        if awaits and self._passed != view.phase and view.now < view.patience(view.phase):
            self._passed = view.phase
            self._network.node.warp_to(view.patience(view.phase))


def finalised_by_hand(network, number):
    """Wait for the end of a round, and stand still there."""
    network.until(lambda v: v.round == number and v.phase >= Phase.REVEAL, 200)
    network.keeping.stop()
    while not network.view().finalised:
        network.keeping._keeper.step()
        time.sleep(0.1)


def vanish(network, root):
    """Remove an artefact from every disk."""
    found = list(network.folder.rglob(f"{root.hex()}.update"))
    assert found
    for path in found:
        path.unlink()


def test_a_network_goes_on_when_an_included_updates_bytes_vanish(tmp_path, compiled, keyed, federation):
    (tmp_path / "deaths").mkdir()
    with healing(tmp_path, compiled, rounds=4) as network:
        network.enrol()
        for member in network.members:
            member.arguments += TRAINING
            member.start()
        network.keeping.start()
        finalised_by_hand(network, 3)
        for member in network.members:
            member.stop(9)
        included = network.events("RoundFinalised")[-1].values["included"]
        published = {e.values["position"]: e for e in network.events("UpdatePublished")}
        vanish(network, next(e for j, e in published.items() if included >> j & 1).values["root"])

        (tmp_path / "deaths" / "propose-after").touch()
        for member in network.members:
            member.start(deaths=str(tmp_path / "deaths"))
        keeping, reviver = Keeping(network), Reviver(network)
        keeping.start()
        eventually(lambda: reviver.look(view := network.view()) or view.is_over, 300)
        keeping.stop()

        assert reviver.deaths == 1 and network.events("MarkedAbsent") == []
        verification, scores = verified(network, federation)
        assert verification.gone.keys() == {3} and 3 not in scores
        assert scores[4]["loss"] < scores[2]["loss"] + 0.02
        # Who lost its cache may try the genesis first, while it fetches the others.
        assert 2 in said_of(network, "trained", 4, "from") <= {0, 2}
        assert said_of(network, "judged", 4, "against") == {2}
        for member in network.members:
            assert "bytes of the model of round 3 are not to be had" in member.said
        assert len(network.events("UpdatePublished")) == 4 * 2
