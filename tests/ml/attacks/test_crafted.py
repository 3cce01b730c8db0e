"""What a coalition sends: each attack against its formula, on numbers small enough to follow."""

import numpy as np
import pytest

from ml.attacks.aiming import aimed, largest, searched, turned, worst
from ml.attacks.coalition import Coalition
from ml.attacks.crafted import (
    a_little_is_enough,
    copied,
    fang,
    free_rider,
    gaussian,
    infinite,
    later_flip,
    mimic,
    min_max,
    min_sum,
    negative_mean,
    not_a_number,
    sign_flip,
    stale,
    zero,
)
from ml.attacks.functional import constant, rescaled, reverse
from ml.errors import AttackError
from ml.training.perceptron import Perceptron
from ml.updates.fixed_point import encode_nearest
from ml.updates.schema import Schema

PARENT = np.array([1.0, 2.0])
CHANGES = np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0]])
FLAT = Schema.of([("weight", (1, 1)), ("bias", (1,))])


def coalition(trained=PARENT + CHANGES, **changes):
    known = dict(
        parent=PARENT,
        teach=lambda poison, weight, count: trained[:count],
        seats=2,
        known=3,
        proposers=5,
        schema=FLAT,
        base=np.zeros(1),
        first=np.zeros(2),
        seed=3,
    )
    return Coalition(**{**known, **changes})


def test_sign_flip_mirrors_each_member_and_negative_mean_their_mean():
    assert np.allclose(sign_flip(coalition(), scale=3.0), PARENT - 3 * CHANGES[:2])
    assert np.allclose(later_flip(coalition(), scale=3.0), PARENT + CHANGES[:2] * [1, -3])
    sent = negative_mean(coalition(), scale=2.0)
    assert np.allclose(sent, [PARENT - 2 * np.array([2.0, 1.0])] * 2, atol=1e-5)


def test_noise_has_the_scale_it_was_given_and_follows_from_the_seed():
    wide = dict(parent=np.zeros(10_000), trained=np.zeros((2, 10_000)), first=np.zeros(10_000))
    for attack in (gaussian, free_rider, mimic):
        sent = attack(coalition(**wide), scale=0.1)
        assert sent.shape == (2, 10_000) and abs(sent.std() - 0.1) < 0.002
        assert np.array_equal(sent, attack(coalition(**wide), scale=0.1))
        assert not np.array_equal(sent, attack(coalition(**wide, seed=4), scale=0.1))


def test_what_is_no_number_is_sent_as_its_bits_read():
    # 0x7fc00000 and 0x7f800000 as fixed point.
    assert np.allclose(not_a_number(coalition()), 2044) and np.allclose(infinite(coalition()), 2040)
    assert np.allclose(zero(coalition()), 0, atol=1e-6)


def test_a_model_that_all_send_differs_by_a_unit_since_byte_equal_ones_are_refused():
    sent = negative_mean(coalition(seats=3))
    assert len({encode_nearest(model).tobytes() for model in sent}) == 3
    assert np.abs(sent - sent[0]).max() == 2**-20


def test_stale_starts_from_the_first_model_and_copied_sees_others_only_where_the_commitment_is_broken():
    assert np.array_equal(stale(coalition(first=np.array([5.0, 6.0]))), [[6.0, 6.0], [8.0, 6.0]])
    assert np.array_equal(copied(coalition()), [PARENT + CHANGES[0]] * 2)
    assert np.array_equal(copied(coalition(seen=np.array([[9.0, 9.0]]))), [[9.0, 9.0]] * 2)


def test_alie_stays_as_many_deviations_from_the_mean_as_its_supporters_allow():
    # Five proposers, two of them theirs: one honest supporter of three, z = Φ⁻¹(2/3) = .4307.
    expected = PARENT + CHANGES.mean(axis=0) - 0.43072729929545744 * CHANGES.std(axis=0)
    assert np.allclose(a_little_is_enough(coalition()), [expected] * 2)


@pytest.mark.parametrize("attack", [min_max, min_sum])
def test_min_max_and_min_sum_go_as_far_as_their_bound_and_no_further(attack):
    sent = attack(coalition())[0] - PARENT

    def spread(model):
        apart = np.square(CHANGES - model).sum(axis=1)
        return apart.max() if attack is min_max else apart.sum()

    bound = max(spread(one) for one in CHANGES)
    assert spread(sent) <= bound + 1e-9
    assert np.isclose(spread(sent), bound, rtol=1e-2)
    assert (sent - CHANGES.mean(axis=0)) @ CHANGES.mean(axis=0) < 0


def test_fang_lies_three_to_four_deviations_on_the_wrong_side():
    sent = fang(coalition()) - PARENT - CHANGES.mean(axis=0)
    ratio = sent / CHANGES.std(axis=0)
    assert (ratio <= -3).all() and (ratio >= -4).all()


ROWS = np.random.default_rng(0).normal(size=(50, 10)).astype(np.float32)
LEARNER = Perceptron(10, hidden=8)
MODEL = LEARNER.initial_parameters(1).astype(np.float64)


def logits(model):
    return LEARNER.predictor([ROWS]).outputs(model.astype(np.float32), [0])[0]


def on_model(**changes):
    known = dict(parent=MODEL, trained=MODEL[None] + 0.01, schema=LEARNER.schema, base=np.array([-2.0]))
    return coalition(**{**known, **changes})


def test_reverse_says_twice_the_base_less_what_the_model_says():
    assert np.allclose(logits(reverse(on_model())[0]), -4 - logits(MODEL), atol=1e-5)


def test_the_constant_says_the_base_of_every_row():
    assert np.allclose(logits(constant(on_model())[0]), -2)


def test_a_rescaled_copy_says_the_same_by_other_weights():
    sent = rescaled(on_model(), scale=100.0)[0]
    assert np.allclose(logits(sent), logits(MODEL), atol=1e-4)
    assert np.abs(sent - MODEL).max() > 10


def test_models_without_the_layers_that_an_attack_turns_are_refused():
    with pytest.raises(AttackError, match="ends in 'scale', 'scale2'"):
        reverse(coalition(schema=Schema.of([("scale", (1,)), ("scale2", (1,))])))
    with pytest.raises(AttackError, match="two layers; the model has 1"):
        rescaled(coalition())


def test_aiming_goes_as_far_as_the_rule_and_no_further():
    near = coalition(accepts=lambda models: bool((np.abs(models[:, 0] - 1) <= 4).all()))
    sent = aimed(PARENT + CHANGES[:2] * 10, near)
    assert 3.5 <= sent[1][0] - 1 <= 4 and np.isclose(sent[1][0] - 1, 3 * (sent[0][0] - 1))


def test_who_aims_and_finds_nothing_that_passes_sends_its_honest_update():
    nothing = coalition(accepts=lambda models: False)
    assert np.array_equal(aimed(PARENT - CHANGES[:2], nothing), PARENT + CHANGES[:2])
    assert np.array_equal(searched(nothing), PARENT + CHANGES[:2])


def test_largest_is_nothing_where_nothing_holds_and_all_where_all_does():
    assert largest(lambda x: False, 8.0) < 1e-4 and largest(lambda x: True, 8.0) == 8.0


def test_turning_takes_away_what_opposes_and_leaves_what_does_not():
    assert np.allclose(turned(np.array([-3.0, 4.0]), np.array([2.0, 0.0])), [0.004, 4.0])
    assert np.array_equal(turned(np.array([3.0, 4.0]), np.array([2.0, 0.0])), [3.0, 4.0])


def test_the_search_finds_a_worse_passing_model_than_its_directions_are():
    # The rule wants the first coordinate kept and a bounded length; harm is the second coordinate's fall.
    def accepts(models):
        changes = models - PARENT
        return bool((changes[:, 0] >= 0).all() and (np.linalg.norm(changes, axis=1) <= 1).all())

    knowing = coalition(accepts=accepts, harm=lambda model: -model[1])
    start = [np.array([1.0, -0.1]), np.array([0.3, -0.1])]
    alone = min((aimed(PARENT + one[None], knowing)[0] for one in start), key=lambda model: model[1])
    found = worst(start, knowing, tries=100)
    assert accepts(found[None]) and -found[1] > -alone[1] + 0.3
