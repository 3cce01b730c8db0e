"""A committee that includes poison costs its round and no more, where clients choose their bases."""

import numpy as np
import pytest
from small_runs import simulation, small, timeless

from ml.updates.fixed_point import decode, encode
from offchain.runs.run_folder import RunFolder
from offchain.settings import SimulationSettings

HONEST = dict(policy="evidence", baselines=False, rows=8000, malicious=0.0, rounds=20)


def rescaled(model, places):
    """The same function: one layer times 32, the next divided by it. What trains from it breaks."""
    made = decode(model).copy()
    made[places["layer1.weight"]] *= 32
    made[places["layer1.bias"]] *= 32
    made[places["layer2.weight"]] /= 32
    return encode(made)


def constant(model, places):
    """The base rate, whatever the row."""
    made = np.zeros_like(decode(model))
    made[places["layer3.bias"]] = -1.4
    return encode(made)


def after_capture(poison, memory):
    """Scores before a captured round, and the round after it."""
    run = simulation(small(**HONEST, memory=memory))
    for _ in range(8):
        before = run.play_round().scores
    places = {name: place for name, _, place in run._federation.schema.slices()}
    run.include(poison(run.state.parameters, places))
    return before, run.play_round()


@pytest.mark.parametrize("poison", [rescaled, constant])
def test_with_a_memory_the_next_honest_round_is_as_good_as_before(poison):
    before, healed = after_capture(poison, memory=8)
    assert 2 * len(healed.included_clients) > len(healed.proposers)
    assert healed.scores["loss"] < before["loss"] + 0.01
    assert healed.scores["accuracy"] > before["accuracy"] - 0.01


def test_without_one_a_rescaled_copy_stays_since_nothing_honest_passes_beside_it():
    _, stuck = after_capture(rescaled, memory=1)
    assert stuck.included_clients == ()


def test_without_one_a_constant_is_what_everyone_learns_from():
    before, lost = after_capture(constant, memory=1)
    assert lost.scores["loss"] > before["loss"] + 0.5


def test_a_run_with_a_memory_goes_on_from_its_folder_as_if_it_had_not_stopped(tmp_path):
    settings = small(policy="verdict", memory=3, baselines=False, rounds=6)
    whole, first = simulation(settings), simulation(settings)
    expected = [whole.play_round() for _ in range(6)]
    with RunFolder.create(tmp_path / "run", settings) as folder:
        for _ in range(4):
            record = first.play_round()
            folder.save_round(record, first.state)
    with RunFolder.open(tmp_path / "run") as folder:
        records, state = folder.load()
    assert len(state.older) == 2
    resumed = simulation(settings)
    resumed.restore(records, state)
    assert [timeless(resumed.play_round()) for _ in range(2)] == [timeless(r) for r in expected[4:]]


def test_a_memory_is_in_the_rules_and_makes_them_of_edition_two():
    one, seven, eight = (small(memory=memory) for memory in (1, 7, 8))
    assert (one.edition, eight.edition) == (1, 2)
    assert simulation(eight)._federation.rules != simulation(seven)._federation.rules
    assert SimulationSettings.model_validate_json(eight.model_dump_json()) == eight
