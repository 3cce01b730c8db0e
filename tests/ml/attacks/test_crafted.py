"""What a coalition sends: each attack against its formula, on numbers small enough to follow."""

import numpy as np
import pytest

from ml.attacks.aiming import aimed, largest, turned, worst
from ml.attacks.coalition import Coalition
from ml.attacks.crafted import (
    a_little_is_enough,
    copied,
    fang,
    free_rider,
    gaussian,
    infinite,
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
from ml.updates.schema import Schema

PARENT = np.array([1.0, 2.0])
CHANGES = np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0]])
FLAT = Schema.of([("weight", (1, 1)), ("bias", (1,))])


def coalition(**changes):
    known = dict(
        parent=PARENT,
        trained=PARENT + CHANGES,
        seats=2,
        proposers=5,
        schema=FLAT,
        base=np.zeros(1),
        former=np.tile(PARENT, (2, 1)),
        scale=1.0,
        seed=3,
    )
    return Coalition(**{**known, **changes})


def test_sign_flip_mirrors_each_member_and_negative_mean_their_mean():
    assert np.allclose(sign_flip(coalition(scale=3.0)), PARENT - 3 * CHANGES[:2])
    assert np.allclose(negative_mean(coalition(scale=2.0)), [PARENT - 2 * np.array([2.0, 1.0])] * 2)


def test_noise_has_the_scale_it_was_given_and_follows_from_the_seed():
    wide = dict(parent=np.zeros(10_000), trained=np.zeros((2, 10_000)), scale=0.1)
    for attack in (gaussian, free_rider, mimic):
        sent = attack(coalition(**wide))
        assert sent.shape == (2, 10_000) and abs(sent.std() - 0.1) < 0.002
        assert np.array_equal(sent, attack(coalition(**wide)))
        assert not np.array_equal(sent, attack(coalition(**wide, seed=4)))


def test_what_is_no_model_is_sent_as_it_is():
    assert np.isnan(not_a_number(coalition())).all() and np.isinf(infinite(coalition())).all()
    assert np.array_equal(zero(coalition()), np.zeros((2, 2)))


def test_stale_sends_what_was_sent_before_and_copied_sees_others_only_where_the_commitment_is_broken():
    before = np.array([[5.0, 5.0], [6.0, 6.0]])
    assert np.array_equal(stale(coalition(former=before)), before)
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
    sent = rescaled(on_model(scale=100.0))[0]
    assert np.allclose(logits(sent), logits(MODEL), atol=1e-4)
    assert np.abs(sent - MODEL).max() > 10


def test_models_without_the_layers_that_an_attack_turns_are_refused():
    with pytest.raises(AttackError, match="ends in 'scale', 'scale2'"):
        reverse(coalition(schema=Schema.of([("scale", (1,)), ("scale2", (1,))])))
    with pytest.raises(AttackError, match="two layers; the model has 1"):
        rescaled(coalition())


def test_aiming_goes_as_far_as_the_rule_and_no_further():
    sent = aimed(PARENT + CHANGES[:1] * 10, PARENT, lambda model: abs(model[0] - 1) <= 4)
    assert np.isclose(sent[0][0], 5, atol=1e-3)


def test_largest_is_nothing_where_nothing_holds_and_all_where_all_does():
    assert largest(lambda x: False, 8.0) < 1e-4 and largest(lambda x: True, 8.0) == 8.0


def test_turning_takes_away_what_opposes_and_leaves_what_does_not():
    assert np.allclose(turned(np.array([-3.0, 4.0]), np.array([2.0, 0.0])), [0.004, 4.0])
    assert np.array_equal(turned(np.array([3.0, 4.0]), np.array([2.0, 0.0])), [3.0, 4.0])


def test_the_search_finds_a_worse_passing_model_than_its_directions_are():
    # The rule wants the first coordinate kept and a bounded length; harm is the second coordinate's fall.
    def accepts(model):
        change = model - PARENT
        return change[0] >= 0 and float(np.linalg.norm(change)) <= 1

    start = [np.array([1.0, -0.1]), np.array([0.3, -0.1])]
    alone = min(aimed(PARENT + np.array(start), PARENT, accepts), key=lambda model: model[1])
    found = worst(start, coalition(), accepts, lambda model: -model[1], tries=100)
    assert accepts(found) and -found[1] > -alone[1] + 0.3
