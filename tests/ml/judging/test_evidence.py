"""Policies of tests: each test decides alone where it should, reasons are those of the first that failed."""

from functools import cache

import numpy as np
import pytest

from ml.errors import TaskError
from ml.judging.constants import base_rates
from ml.judging.evidence import Evidence
from ml.judging.findings import Finding, Reason
from ml.judging.judge import evidence_findings, findings
from ml.judging.kinds import (
    ClassLoss,
    Contrast,
    Direction,
    Forgetting,
    LeaveOneOut,
    Loss,
    Opposed,
    Relation,
    Score,
    Size,
    Skill,
)
from ml.judging.own_rows import OwnRows
from ml.judging.policy import NAMED, Policy
from ml.judging.update_tests import relations
from ml.settings import TrainingSettings
from ml.training import TrainingJob
from ml.training.perceptron import Perceptron
from ml.updates.fixed_point import decode, encode

ROWS, COLUMNS = 300, 6
WEIGHTS = np.random.default_rng(5).normal(size=COLUMNS)


def rows(seed, count=ROWS):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(count, COLUMNS)).astype(np.float32)
    return X, (X @ WEIGHTS + generator.normal(size=count) > 0).astype(np.float32)


LEARNER = Perceptron(COLUMNS, hidden=8)
SETTINGS = TrainingSettings(batch=32, learning_rate=1e-2)
START = encode(LEARNER.train(LEARNER.initial_parameters(0), [TrainingJob(*rows(99), 0)], SETTINGS)[0])
VOTERS = 3
START_MODEL = decode(START)


def as_they_are(y):
    return y


def flipped(y):
    return 1 - y


def shuffled(y):
    return np.random.default_rng(0).permutation(y)


def trained(seed, labels=as_they_are, start=START):
    X, y = rows(seed)
    (made,) = LEARNER.train(decode(start), [TrainingJob(X, labels(y), seed)], SETTINGS)
    return made


HONEST = encode(trained(1))
POISON = encode(trained(2, labels=flipped))
NOISE = encode(
    decode(START)
    + np.random.default_rng(3)
    .normal(0, (decode(HONEST) - decode(START)).std(), len(START))
    .astype(np.float32)
)
OWN = OwnRows(
    [rows(20 + v, 60) for v in range(VOTERS)], [rows(30 + v) for v in range(VOTERS)], LEARNER, "auroc", 2000
)
REFERENCES = np.array([trained(30 + v) for v in range(VOTERS)])


def measured(updates, references=REFERENCES, budget=0.02):
    return Evidence(updates, START, OWN, range(VOTERS), lambda: references, budget)


def found(policy, updates):
    evidence = measured(updates, budget=policy.budget)
    return findings(policy, evidence, updates, dict.fromkeys(updates, 1))


@pytest.mark.parametrize("name", NAMED)
def test_every_named_policy_takes_the_honest_update_and_leaves_the_poisoned_one(name):
    updates = {0: HONEST, 3: POISON}
    findings = evidence_findings(
        NAMED[name], updates, dict.fromkeys(updates, 1), START, OWN, range(VOTERS), lambda: REFERENCES
    )
    assert [(each.accepted, set(each.reasons)) for each in findings] == [((0,), {3})] * VOTERS


@pytest.mark.parametrize(
    ("test", "made"),
    [
        (Size(), encode(decode(START) + 9 * (decode(HONEST) - decode(START)))),
        (Direction(parameters=1, least=0.0), POISON),
        (Relation(parameters=1), NOISE),
        (Opposed(least=0.0), POISON),
        (Loss(), POISON),
        (Score(), POISON),
        (Skill(), POISON),
        (ClassLoss(tolerance=0.08), POISON),
        (Contrast(), POISON),
    ],
)
def test_each_test_refuses_by_itself_and_says_why(test, made):
    for voter in found(Policy(updates=(test,)), {0: HONEST, 1: made}):
        assert voter.accepted == (0,)
        reason = voter.reasons[1]
        assert reason.test == test.test
        worse = (
            reason.found < reason.limit
            if test.test in ("score", "skill", "direction", "relation", "opposed", "contrast")
            else reason.found > reason.limit
        )
        assert worse


def skewed(positives):
    """What a member learns of whose rows only a share is positive."""
    X, y = rows(7, 1200)
    count = int(positives * ROWS)
    places = np.sort(np.concatenate([np.flatnonzero(y == 1)[:count], np.flatnonzero(y == 0)[: ROWS - count]]))
    return encode(LEARNER.train(decode(START), [TrainingJob(X[places], y[places], 7)], SETTINGS)[0])


def test_what_unlearns_alone_and_not_beside_ones_own_change_passes_in_company():
    updates = {0: skewed(0.2), 1: POISON}

    def loss(voter, change):
        X, y = (np.concatenate(both) for both in zip(rows(20 + voter, 60), rows(30 + voter), strict=True))
        model = decode(START) + np.float32(0.5) * change
        return LEARNER.losses(LEARNER.predictor([X]).outputs(model, [0])[0], y).mean()

    def rises(voter, beside):
        changes = [decode(update) - decode(START) for update in updates.values()]
        return [loss(voter, beside + change) - loss(voter, beside) for change in changes]

    alone = np.array([rises(v, np.float32(0)) for v in range(VOTERS)])
    beside = np.array([rises(v, REFERENCES[v] - decode(START)) for v in range(VOTERS)])
    assert (beside < alone).sum() > 3 and ((alone > 0.06) & (beside <= 0.06)).any(axis=0).all()
    assert ((alone > 0.06) & (beside > 0.06)).any()
    for company, least in ((False, alone), (True, np.minimum(alone, beside))):
        voters = found(Policy(updates=(Loss(tolerance=0.06, in_company=company),)), updates)
        for voter, rise in zip(voters, least, strict=True):
            assert voter.accepted == tuple(np.flatnonzero(rise <= 0.06))
            for refused in np.flatnonzero(rise > 0.06):
                assert voter.reasons[refused].found == pytest.approx(rise[refused], rel=1e-3)


def test_a_loss_beside_ones_own_change_that_is_not_finite_is_infinite():
    assert OWN.alone(np.full(len(START), 1e30, np.float32), 0, 60).mean == np.inf


def test_what_points_away_passes_where_it_raises_no_loss_and_what_raises_it_where_it_points_along():
    updates = {0: HONEST, 1: POISON}
    evidence = measured(updates)
    cosines, rises = evidence.cosines(evidence.parameters("all")), evidence.rises(0.5)
    assert (rises[0] < 0).all() and (rises[1] > 0).all()
    for least in (-1.0, float(np.median(cosines[1])), 1.0):
        accepted = [each.accepted for each in found(Policy(updates=(Opposed(least=least),)), updates)]
        assert accepted == [(0, 1) if cosine >= least else (0,) for cosine in cosines[1]]


def unseen_losses(voter, model):
    """Of a voter's validation rows."""
    X, y = rows(20 + voter, 60)
    return LEARNER.losses(LEARNER.predictor([X]).outputs(model, [0])[0], y)


def kappa(voter, model):
    """How much better a model fits a voter's own targets than those of its other rows, by eight deals."""
    X, y = (np.concatenate(both) for both in zip(rows(20 + voter, 60), rows(30 + voter), strict=True))
    (logits,) = LEARNER.predictor([X]).outputs(model, [0])
    moves = [deal * len(y) // 9 for deal in range(1, 9)]
    return np.mean([LEARNER.losses(logits, np.roll(y, -move)) for move in moves], axis=0) - LEARNER.losses(
        logits, y
    )


def test_a_contrast_may_fall_by_its_share_and_by_noise_where_the_update_does_not_point_away():
    updates = {0: HONEST, 1: POISON, 2: encode((decode(HONEST) + decode(POISON)) / 2)}
    start, halves = decode(START), {j: (decode(START) + decode(update)) / 2 for j, update in updates.items()}
    falls = np.array(
        [[(kappa(v, START_MODEL) - kappa(v, half)).mean() for v in range(VOTERS)] for half in halves.values()]
    )
    known = [kappa(v, START_MODEL).mean() for v in range(VOTERS)]
    own = [kappa(v, (start + REFERENCES[v]) / 2) - kappa(v, START_MODEL) for v in range(VOTERS)]
    noise = [each.std(ddof=1) / np.sqrt(len(each)) for each in own]
    cosines = measured(updates).cosines(slice(None))
    assert (falls[0] < 0).all() and (falls[1] > 0).all() and min(known) < 0 < max(known)
    for test in (
        Contrast(share=0.0, errors=0.0),
        Contrast(share=0.05, errors=0.0),
        Contrast(share=0.5, errors=0.0),
        Contrast(share=0.0, errors=3.0, least=-1.0),
        Contrast(share=0.0, errors=30.0, least=-1.0),
        Contrast(share=0.0, errors=30.0, least=float(np.median(cosines[1]))),
    ):
        limits = test.share * np.maximum(known, 0) + np.where(
            cosines >= test.least, test.errors * np.array(noise), 0
        )
        passed = falls <= limits
        assert [each.accepted for each in found(Policy(updates=(test,)), updates)] == [
            tuple(np.flatnonzero(column)) for column in passed.T
        ]


def test_less_noise_is_allowed_for_where_what_rows_teach_holds_for_rows_that_did_not_teach_it():
    """By how surely the own change lowers the loss of the first 60 rows, which train nobody."""

    def falls_at(step):
        tried = [START_MODEL + np.float32(step) * (REFERENCES[v] - START_MODEL) for v in range(VOTERS)]
        return np.array([unseen_losses(v, START_MODEL) - unseen_losses(v, tried[v]) for v in range(VOTERS)])

    sure = np.array([each.mean() / (each.std(ddof=1) / np.sqrt(60)) - 2 for each in falls_at(0.1)])
    updates = {0: HONEST, 1: POISON, 2: encode((decode(HONEST) + decode(POISON)) / 2)}
    evidence = measured(updates)
    noise, found_ = evidence.contrast_errors(0.5, range(VOTERS)), evidence.contrasts(0.5)
    known = evidence.known_contrasts / noise
    assert (sure > 2).all() and known.min() == 0 and known.max() > sure.max()
    spared = evidence.errors_spared(Contrast(less=5.0), range(VOTERS))
    assert spared == pytest.approx(5 * np.minimum(sure, known), rel=1e-3)
    taken = falls_at(0.5).mean(axis=1) / evidence.current.means
    some = Contrast(less=5.0, holds=float(np.median(taken)))
    assert np.array_equal(
        evidence.errors_spared(some, range(VOTERS)) > 0, (taken >= some.holds) & (known > 0)
    )
    for less, floor in ((5.0, 0.0), (5.0, 12.0), (20.0, 0.0)):
        limit = -np.maximum(20 - less * np.minimum(sure, known), floor) * noise
        test = Contrast(share=0.0, errors=20.0, least=-1.0, less=less, floor=floor)
        accepted = [each.accepted for each in found(Policy(updates=(test,)), updates)]
        assert accepted == [tuple(np.flatnonzero(column)) for column in (found_ >= limit).T]


def test_small_models_are_allowed_all_errors():
    tests = [Contrast(errors=20.0, less=99.0, least=-1.0, parameters=len(START) + more) for more in (0, 1)]
    tests.append(Contrast(errors=20.0, least=-1.0))
    strict, small, plain = (found(Policy(updates=(test,)), {1: POISON}) for test in tests)
    assert [each.accepted for each in small] == [each.accepted for each in plain] == [(1,)] * VOTERS
    assert any(each.accepted == () for each in strict)


@pytest.mark.parametrize(("unseen", "step"), [(1, 1.0), (2, 1.0), (60, -1.0)])
def test_too_few_rows_and_a_change_that_harms_them_spare_no_error(unseen, step):
    rows_ = OwnRows([rows(22, unseen)], [rows(32)], LEARNER, None, 2000)
    change = np.float32(step) * (REFERENCES[2] - START_MODEL)
    evidence = Evidence({1: POISON}, START, rows_, [0], lambda: START_MODEL[None] + change, 9.0)
    assert evidence.known_contrasts > 0
    assert evidence.errors_spared(Contrast(less=9.0), [0]).tolist() == [0.0]


def test_what_points_away_and_harms_has_to_teach_as_much_as_it_is_asked():
    """Of voters to whom it points away, and whose loss it raises by more than their own change's error."""
    slight = encode(decode(START) + np.float32(0.08) * (decode(POISON) - decode(START)))
    updates = {0: HONEST, 1: POISON, 2: skewed(0.15), 3: slight}
    evidence = measured(updates)
    cosines, rises, gains = evidence.cosines(slice(None)), evidence.rises(0.5), evidence.own_contrasts(0.5)
    errors = [evidence.loss_error(0.5, voter) for voter in range(VOTERS)]
    found_ = evidence.contrasts(0.5)
    least = float(np.sort(cosines[2])[1] + 1e-9)  # Two of three voters find that it points away.
    assert (rises[2] > errors).all() and (rises[0] < 0).all() and (gains > 0).all()
    assert ((rises[3] > 0) & (rises[3] < errors) & (cosines[3] < least)).any()
    for gain in (0.0, 0.05, 0.33, 1.0):
        harmful = (cosines < least) & (rises > errors) & (gain > 0)
        limit = np.where(harmful, gain * gains, -0.3 * evidence.known_contrasts)
        limit = np.where(cosines >= least, limit - 2 * evidence.contrast_errors(0.5, range(VOTERS)), limit)
        policy = Policy(updates=(Contrast(share=0.3, least=least, gain=gain),))
        accepted = [each.accepted for each in found(policy, updates)]
        assert accepted == [tuple(np.flatnonzero(column)) for column in (found_ >= limit).T]


def test_other_base_rates_raise_the_loss_and_leave_the_contrast():
    updates = {0: skewed(0.15), 1: POISON}
    by_loss, by_contrast = (found(Policy(updates=(test,)), updates) for test in (Loss(), Contrast()))
    assert [each.accepted for each in by_loss] == [()] * VOTERS
    assert [each.accepted for each in by_contrast] == [(0,)] * VOTERS


def test_a_contrast_is_asked_below_so_many_parameters_alone():
    size = len(START)
    for below, accepted in ((None, (0,)), (size + 1, (0,)), (size, (0, 1))):
        policy = Policy(updates=(Contrast(below=below),))
        assert {each.accepted for each in found(policy, {0: HONEST, 1: POISON})} == {accepted}


def test_losses_of_many_voters_with_targets_dealt_out_are_those_of_each_alone():
    counts, clients = [360, 30, 5], [0, 1, 2]
    tried = OWN.tried(decode(START), clients, counts)
    together = OWN.dealt(tried.outputs, clients)
    for place, client in enumerate(clients):
        (alone,) = OWN.dealt([tried.outputs[place]], [client])
        assert np.array_equal(together[place], alone) and alone.shape == (8, counts[place])
    assert together[0].mean(0) - tried.losses[0] == pytest.approx(kappa(0, decode(START)), abs=1e-6)


def test_what_is_asked_again_is_what_it_is_asked_first():
    """Cosines of all parameters and of the first layer, own changes of some voters and of all."""
    asked = measured({0: HONEST})
    places = asked.parameters("all"), asked.parameters("first")
    errors = [asked.contrast_errors(0.5, [voter])[0] for voter in (2, 0)]
    for place in places:
        assert np.array_equal(asked.cosines(place), measured({0: HONEST}).cosines(place))
    fresh = measured({0: HONEST})
    assert np.array_equal(asked.own_contrasts(0.5), fresh.own_contrasts(0.5))
    assert errors == fresh.contrast_errors(0.5, range(VOTERS))[[2, 0]].tolist()


def test_losses_that_cannot_be_taken_of_anothers_target_are_not_asked_for(monkeypatch):
    updates = {0: HONEST, 1: POISON}
    evidence = measured(updates)
    assert evidence.at(0.5) and evidence.current and all(evidence._by_own(0.5, v) for v in range(VOTERS))

    def failing(self, outputs, targets):
        raise TaskError("losses failed in own.py, line 7")

    monkeypatch.setattr(type(LEARNER), "losses", failing)
    voters = findings(Policy(updates=(Contrast(),)), evidence, updates, {0: 1, 1: 1})
    assert [each.accepted for each in voters] == [(0, 1)] * VOTERS


@cache
def knowing():
    """A model that knows something, and what each voter's own rows make of it by labels and by base rates."""
    model = START
    for seed in range(40, 48):
        model = encode(trained(seed, start=model))
    taught, rates = (
        np.array([trained(30 + v, labels, model) for v in range(VOTERS)])
        for labels in (as_they_are, base_rates)
    )
    return model, taught, rates


def remembered(updates, own, rates, **settings):
    """What of updates each voter takes by the test of forgetting alone, and why not the others."""
    start = knowing()[0]
    asked = None if rates is None else lambda places: rates[places]
    evidence = Evidence(updates, start, OWN, range(VOTERS), lambda: own, 0.02, untaught=asked)
    policy = Policy(updates=(Forgetting(**{"parameters": 1} | settings),))
    return findings(policy, evidence, updates, dict.fromkeys(updates, 1))


def test_what_takes_back_what_the_model_says_is_refused_whatever_the_labels():
    start, own, rates = knowing()
    kinds = (as_they_are, shuffled, flipped)
    updates = {place: encode(trained(2, labels, start)) for place, labels in enumerate(kinds)} | {3: start}
    for finding in remembered(updates, own, rates):
        assert finding.accepted == (0, 3)
        assert all(reason.found < reason.limit <= -0.05 for reason in finding.reasons.values())


def test_nothing_is_asked_where_labels_or_a_first_layer_cannot_tell():
    start, own, rates = knowing()
    updates = {0: encode(trained(2, shuffled, start))}
    first = COLUMNS * 8
    for asked, parameters, accepted in ((None, 1, (0,)), (rates, first + 1, (0,)), (rates, first, ())):
        found = remembered(updates, own, asked, parameters=parameters)
        assert [finding.accepted for finding in found] == [accepted] * VOTERS


def test_what_ones_own_change_takes_back_others_may_twice():
    start, own, rates = knowing()
    forgetful = np.array([trained(30 + v, shuffled, start) for v in range(VOTERS)])
    updates = {0: encode(trained(2, shuffled, start))}
    assert [finding.accepted for finding in remembered(updates, own, rates, least=1)] == [()] * VOTERS
    assert [finding.accepted for finding in remembered(updates, forgetful, rates, least=1)] == [(0,)] * VOTERS


def excused():
    """What takes back what the model says, and teaches what labels teach to every voter."""
    start, own, rates = knowing()
    forgets = trained(2, shuffled, start) - decode(start)
    return encode(decode(start) + forgets + np.float32(0.7) * (own[0] - rates[0]))


def test_what_teaches_what_labels_teach_may_take_back_what_the_model_says():
    start, own, rates = knowing()
    updates = {0: encode(trained(2, shuffled, start)), 1: excused()}
    evidence = Evidence(updates, start, OWN, range(VOTERS), lambda: own, 0.02, untaught=lambda v: rates[v])
    assert (evidence.growths(0.5) < -0.05).all()
    place = evidence.parameters("first")
    change, taught = (decode(updates[1]) - decode(start))[place], (own - rates)[:, place]
    cosines = taught @ change / np.linalg.norm(taught, axis=1) / np.linalg.norm(change)
    assert evidence.cosines_with_labels([0, 2])[1] == pytest.approx(cosines[[0, 2]], rel=1e-4)
    assert [finding.accepted for finding in remembered(updates, own, rates)] == [(1,)] * VOTERS
    assert [finding.scorings for finding in remembered(updates, own, rates)] == [4] * VOTERS
    assert remembered(updates, own, rates, least=1)[0].accepted == ()


def test_base_rates_are_trained_on_for_what_no_test_has_refused_yet():
    start, own, rates = knowing()
    asked = []
    updates = {0: encode(trained(2, shuffled, start))}
    evidence = Evidence(
        updates,
        start,
        OWN,
        range(VOTERS),
        lambda: own,
        0.02,
        untaught=lambda places: asked.append(places) or rates[places],
    )
    forgetting = Forgetting(parameters=1)
    for first, expected in ((Loss(tolerance=1e-9), []), (Loss(), [list(range(VOTERS))])):
        findings(Policy(updates=(first, forgetting)), evidence, updates, {0: 1})
        assert asked == expected


@pytest.mark.parametrize(
    ("test", "more"), [(Loss(errors=2.0), 1), (Skill(), 1), (Loss(in_company=True), 2)], ids=str
)
def test_what_costs_is_asked_of_what_no_test_before_has_refused(test, more):
    for least, expected in ((1.0, 2), (-1.0, 2 + more)):
        policy = Policy(updates=(Direction(parameters=1, least=least), test))
        assert [voter.scorings for voter in found(policy, {1: POISON})] == [expected] * VOTERS


def test_direction_is_off_for_small_models():
    for voter in found(Policy(updates=(Direction(),)), {1: POISON}):
        assert voter.accepted == (1,)


def test_changes_that_point_apart_are_related_and_noise_of_any_length_is_not():
    change = decode(HONEST) - decode(START)
    updates = {
        0: encode(decode(START) - change),
        1: encode(decode(START) + np.float32(0.3) * (decode(NOISE) - decode(START))),
        2: START,
    }
    for voter in found(Policy(updates=(Relation(parameters=1),)), updates):
        assert voter.accepted == (0,)
    size = COLUMNS * 8
    for parameters, accepted in ((size, (0,)), (size + 1, (0, 1, 2))):
        for voter in found(Policy(updates=(Relation(parameters=parameters),)), updates):
            assert voter.accepted == accepted


def test_a_relation_may_be_asked_of_the_first_layer_that_is_large_enough():
    sizes = [place.stop - place.start for _, shape, place in LEARNER.schema.slices() if len(shape) > 1]
    enough = sizes[0] + 1
    assert max(sizes) >= enough
    for layer, accepted in ((None, (0, 1)), ("first", (0, 1)), ("large", (0,))):
        tests = (Relation(parameters=enough, layer=layer),)
        for voter in found(Policy(updates=tests), {0: HONEST, 1: NOISE}):
            assert voter.accepted == accepted


def relation(change, reference):
    return relations(change[None], [reference]).item()


def test_relation_is_one_by_chance_and_the_same_whichever_way_round_a_layer_is_kept():
    generator = np.random.default_rng(0)
    reference = generator.normal(size=(40, 128))
    assert relation(generator.normal(size=(40, 128)), reference) == pytest.approx(1, abs=0.4)
    assert relation(-3 * reference, reference) == pytest.approx(128)
    assert relation(-3 * reference.T, reference.T) == pytest.approx(128)
    signs = generator.choice([-1.0, 1.0], size=(40, 1))  # Cosine about 0, and every input's change the same.
    assert relation(signs * reference, reference) == pytest.approx(128)
    # What no row of the voter moves says nothing.
    assert relation(generator.normal(size=(40, 128)), np.zeros((40, 128))) == 0


def test_relations_of_many_are_those_of_each_pair():
    """The formula, a line at a time; lines that one of both leaves as they are; NaN is related to nothing."""
    generator = np.random.default_rng(1)
    changes, references = generator.normal(size=(3, 6, 4)), generator.normal(size=(2, 6, 4))
    changes[0, 2], references[0, 1], references[:, :, 3] = 0, 0, 0

    def alike(change, reference):
        moved = [(own, reference[i]) for i, own in enumerate(change) if reference[i].any()]
        lengths = [(own @ other, own @ own * (other @ other)) for own, other in moved]
        squared = [product**2 / bound if bound else 0 for product, bound in lengths]
        return change.shape[1] * sum(squared) / len(squared)

    expected = [[max(alike(c, r), alike(c.T, r.T)) for r in references] for c in changes]
    np.testing.assert_allclose(relations(changes, references), expected)
    references[1] = np.nan
    assert not relations(changes, references)[:, 1].any()


def test_the_first_layer_s_direction_is_of_the_weights_that_read_the_rows():
    (_, _, first), *_ = LEARNER.schema.slices()
    change = decode(HONEST) - decode(START)
    reversed_first, reversed_rest = change.copy(), -change
    reversed_first[first] *= -1
    reversed_rest[first] *= -1
    updates = {
        j: encode(decode(START) + each) for j, each in enumerate([change, reversed_first, reversed_rest])
    }
    size = first.stop - first.start
    assert size == COLUMNS * 8
    for voter in found(Policy(updates=(Direction(layer="first", least=0.0, parameters=size),)), updates):
        assert voter.accepted == (0, 2)
    for voter in found(Policy(updates=(Direction(layer="first", least=0.0, parameters=size + 1),)), updates):
        assert voter.accepted == (0, 1, 2)


def test_a_third_of_the_harm_fits_in_at_half_a_step_and_the_average_at_full_step_does_not():
    slight = encode(decode(START) + 0.22 * (decode(POISON) - decode(START)))
    kept = found(Policy(updates=(Loss(tolerance=0.05),)), {0: slight})
    cleared = found(
        Policy(updates=(Loss(tolerance=0.05),), average=(Loss(tolerance=1e-4, step=1.0),)), {0: slight}
    )
    assert all(voter.accepted == (0,) for voter in kept)
    assert all(voter.accepted == () for voter in cleared)
    assert all(voter.reasons[0].test == "average evidence" for voter in cleared)


def test_leave_one_out_refuses_what_the_average_is_better_without():
    lenient = Policy(updates=(Loss(tolerance=5.0),), leave_one_out=LeaveOneOut())
    for voter in found(lenient, {0: HONEST, 1: encode(trained(3)), 2: POISON}):
        assert 2 not in voter.accepted and voter.reasons[2].test == "leave-one-out"
        assert 0 in voter.accepted


def _few(metric, outcomes):
    """Forty rows of each of twelve voters, with outcomes that no model knows."""
    sets = [(X, outcomes(X).astype(np.float32)) for X, _ in (rows(200 + v, 40) for v in range(12))]
    return OwnRows(sets, sets, LEARNER, metric, 40)


def _refusals(test, own, start, updates, reference):
    made = np.broadcast_to(reference, (12, len(reference)))
    evidence = Evidence(updates, start, own, range(12), lambda: made, 0.02)
    made = findings(Policy(updates=(test,)), evidence, updates, dict.fromkeys(updates, 1))
    return sum(len(voter.reasons) for voter in made)


@pytest.mark.parametrize("metric", ["auroc", "accuracy"])
def test_a_score_that_is_chance_refuses_honest_changes_by_chance_and_skill_does_not(metric):
    blank, generator = encode(LEARNER.initial_parameters(4)), np.random.default_rng(8)
    honest = {j: encode(trained(j, start=blank)) for j in range(5)}
    reference = trained(30, start=blank)
    owns = [_few(metric, lambda X: generator.random(len(X)) < 0.5) for _ in range(3)]

    def refused(test):
        return sum(_refusals(test, own, blank, honest, reference) for own in owns)

    assert refused(Score()) >= 45  # Of 180.
    assert refused(Skill()) <= 10
    assert refused(Skill(errors=0.0)) > refused(Score())


def test_nothing_that_is_sent_moves_what_skill_wants():
    limits = [
        [voter.reasons[1].limit for voter in found(Policy(updates=(Skill(),)), {0: beside, 1: POISON})]
        for beside in (HONEST, NOISE, encode(trained(5, labels=flipped)))
    ]
    other = [
        voter.reasons[0].limit
        for voter in found(Policy(updates=(Skill(),)), {0: encode(trained(5, labels=flipped))})
    ]
    assert limits[0] == limits[1] == limits[2] == other


def test_what_skill_wants_follows_from_the_voter_s_own_change():
    voters, start = found(Policy(updates=(Skill(),)), {0: POISON}), decode(START)
    before = OWN.tried(start, range(VOTERS), [360] * VOTERS)
    assert before.scores.max() > 0.52  # So that skill counts.
    for v, score in enumerate(before.scores):
        own = OWN.alone(start + np.float32(0.5) * (REFERENCES[v] - start), v, 360)
        error = OWN.score_error(before.outputs[v], own.outputs, v)
        assert 0 < error < 0.03
        wanted = score - 0.05 * max(0, 2 * score - 1) - 2 * error
        assert voters[v].reasons[0].limit == pytest.approx(wanted)


def test_an_accuracy_is_no_surer_than_one_answer():
    own = OwnRows([rows(20, 60)], [rows(30)], LEARNER, "accuracy", 2000)
    for each, error in ((own, 1 / 50), (OWN, 0)):
        same = each.alone(decode(START), 0, 50).outputs
        assert each.score_error(same, same, 0) == error


def test_noise_is_looked_for_where_it_may_decide_alone():
    assert [voter.scorings for voter in found(Policy(updates=(Skill(),)), {0: HONEST})] == [2] * VOTERS


def test_the_average_keeps_skill_at_full_step():
    slight = encode(decode(START) + 0.22 * (decode(POISON) - decode(START)))
    kept = found(Policy(updates=(Skill(),)), {0: slight})
    cleared = found(Policy(updates=(Skill(),), average=(Skill(step=1.0, errors=0.0),)), {0: slight})
    assert all(voter.accepted == (0,) for voter in kept)
    assert all(voter.accepted == () for voter in cleared)
    assert all(voter.reasons[0].test == "average skill" for voter in cleared)


def test_a_loss_may_rise_by_errors_of_the_voter_s_own_change():
    voters, start = found(Policy(updates=(Loss(errors=1.5),)), {0: POISON}), decode(START)
    for v, found_of in enumerate(voters):
        made = start + np.float32(0.5) * (REFERENCES[v] - start)
        before, after = (OWN.tried(model, [v], [360]).losses[0] for model in (start, made))
        error = np.std(after - before, ddof=1) / np.sqrt(360)
        assert 0.001 < error < 0.03
        assert found_of.reasons[0].limit == pytest.approx(0.02 + 1.5 * error)


def test_a_small_model_is_allowed_no_errors():
    """Of few parameters no direction tells a flip from noise: the README's own table lost its votes so."""
    size = len(decode(START))
    limits = [
        found(Policy(updates=(Loss(errors=1.5, parameters=most),)), {0: POISON})[0].reasons[0].limit
        for most in (0, size, size + 1)
    ]
    assert limits[0] == limits[1] > limits[2] == 0.02


def test_a_small_model_is_allowed_errors_of_its_own():
    size = len(decode(START))
    large, small = (
        found(Policy(updates=(Loss(errors=1.5, parameters=most, fewer=0.5),)), {0: POISON})[0]
        .reasons[0]
        .limit
        for most in (size, size + 1)
    )
    alike = found(Policy(updates=(Loss(errors=0.5),)), {0: POISON})[0].reasons[0].limit
    assert small == alike > 0.02 and large - 0.02 == pytest.approx((small - 0.02) * 3)


def test_nothing_that_is_sent_moves_what_a_loss_may_rise_by():
    policy = Policy(updates=(Loss(errors=1.5),))
    limits = [
        [voter.reasons[1].limit for voter in found(policy, {0: beside, 1: POISON})]
        for beside in (HONEST, NOISE, encode(trained(5, labels=flipped)))
    ]
    assert limits[0] == limits[1] == limits[2]


def test_an_average_may_rise_by_noise_and_by_no_more():
    """Found for one voter at a time: between tolerance and limit it passes, above both it does not."""
    judged = (Size(most=100.0),)
    without = found(Policy(updates=judged, average=(Loss(step=1.0),)), {0: POISON})
    rise = without[0].reasons[0].found
    made = OWN.alone(REFERENCES[0], 0, 360).losses - OWN.alone(decode(START), 0, 360).losses
    error = np.std(made, ddof=1) / np.sqrt(360)
    needs = (rise - 0.02) / error
    for errors, accepted in ((needs * 1.001, (0,)), (needs * 0.999, ())):
        allowed = found(Policy(updates=judged, average=(Loss(step=1.0, errors=errors),)), {0: POISON})
        assert allowed[0].accepted == accepted
    assert allowed[0].reasons[0] == Reason("average evidence", rise, pytest.approx(rise, rel=0.002))


def test_an_own_change_that_is_not_finite_says_nothing_of_noise():
    broken = np.full_like(REFERENCES, np.inf)
    errors = [measured({0: HONEST}, references).loss_error(1.0, 0) for references in (broken, REFERENCES)]
    assert errors[0] == 0.0 < errors[1]


def test_errors_of_any_number_let_no_loss_pass_that_is_not_finite():
    broken = HONEST.copy()
    broken[:] = 2**31 - 1
    policy = Policy(updates=(Loss(errors=1000.0),), average=(Loss(step=1.0, errors=1000.0),))
    assert [each.accepted for each in found(policy, {0: broken})] == [()] * VOTERS
    assert [each.accepted for each in found(policy, {0: POISON})] == [(0,)] * VOTERS


def test_skill_asks_nothing_of_a_target_without_a_score():
    own = OwnRows([rows(20, 60)], [rows(30)], LEARNER, None, 2000)
    evidence = Evidence({0: POISON}, START, own, [0], lambda: REFERENCES[:1], 0.02)
    (voter,) = findings(Policy(updates=(Skill(),)), evidence, {0: POISON}, {0: 1})
    assert voter.accepted == (0,)


def test_a_model_that_is_not_finite_passes_nothing():
    broken = HONEST.copy()
    broken[:] = 2**31 - 1
    assert all(voter.accepted == () for voter in found(NAMED["evidence"], {0: broken}))


def test_noise_of_any_size_lets_no_outputs_pass_that_are_not_finite(monkeypatch):
    policy = Policy(updates=(Skill(errors=1000.0),))
    assert _of_one(policy, POISON).accepted == (0,)

    real = type(OWN._predictor).outputs

    def overflowing(predictor, params, clients):
        outputs = real(predictor, params, clients)
        is_parent = np.array_equal(params, decode(START))
        return outputs if is_parent else [np.full_like(each, np.inf) for each in outputs]

    monkeypatch.setattr(type(OWN._predictor), "outputs", overflowing)
    assert _of_one(policy, POISON).reasons[0].test == "skill"


def _of_one(policy, update):
    own = OwnRows([rows(20, 60)], [rows(30)], LEARNER, "auroc", 2000)
    evidence = Evidence({0: update}, START, own, [0], lambda: REFERENCES[:1], 0.02)
    return findings(policy, evidence, {0: update}, {0: 1})[0]


def test_nobody_is_judged_where_nothing_is_admissible():
    refused = evidence_findings(
        NAMED["evidence"], {0: START}, {0: 1}, START, OWN, range(2), lambda: REFERENCES
    )
    assert refused == [Finding((), {0: Reason("admissible")})] * 2


def test_training_rows_judge_until_they_are_known_by_heart():
    X, y = rows(30)
    start = LEARNER.initial_parameters(0)
    (by_heart,) = LEARNER.train(
        start,
        [TrainingJob(X[:40], y[:40], 0)],
        TrainingSettings(local_epochs=400, batch=40, learning_rate=1e-2),
    )
    own = OwnRows([rows(20, 60)], [(X[:40], y[:40])], LEARNER, "auroc", 2000)
    assert own.counts(start, [0], 0.02) == [100]
    assert own.counts(by_heart, [0], 0.02) == [60]
    assert OwnRows([rows(20, 60)], [(X, y)], LEARNER, "auroc", 80).counts(start, [0], 9.0) == [80]


@pytest.mark.parametrize(
    ("most", "enough", "count"), [(80, 70, 70), (80, 50, 60), (40, 70, 40), (80, 90, 80)]
)
def test_training_rows_are_added_while_validation_rows_are_not_enough(most, enough, count):
    own = OwnRows([rows(20, 60)], [rows(30)], LEARNER, "auroc", most, enough)
    assert own.counts(LEARNER.initial_parameters(0), [0], 9.0) == [count]


def test_a_voter_finds_the_same_whoever_else_is_asked():
    together = found(NAMED["evidence-and-leave-one-out"], {0: HONEST, 1: POISON})
    policy = NAMED["evidence-and-leave-one-out"]
    updates = {0: HONEST, 1: POISON}
    alone = Evidence(updates, START, OWN, [1], lambda: REFERENCES[1:2], policy.budget)
    assert findings(policy, alone, updates, {0: 1, 1: 1}) == [together[1]]


@pytest.mark.parametrize(
    ("policy", "scorings"),
    [
        (Policy(updates=(Size(),)), 1),  # The parent, which says whether training rows judge.
        (Policy(updates=(Loss(), Score())), 1 + 3),  # One step, tried once for both.
        (Policy(updates=(Loss(), Score(step=1.0))), 1 + 3 + 3),
        # Its own change is tried where noise may decide: of the poisoned one, the others gain.
        (Policy(updates=(Skill(),)), 1 + 3 + 1),
        (Policy(updates=(Skill(errors=0.0), Skill())), 1 + 3 + 1),
        (Policy(updates=(Loss(errors=2.0), Score())), 1 + 3 + 1),
        # One average that passes, of the two honest ones.
        (Policy(updates=(Loss(),), average=(Loss(tolerance=5.0, step=1.0),)), 1 + 3 + 1),
        # That average again, and either of them left out.
        (
            Policy(updates=(Loss(),), average=(Loss(tolerance=5.0, step=1.0),), leave_one_out=LeaveOneOut()),
            1 + 3 + 1 + 2,
        ),
    ],
)
def test_a_voter_counts_the_models_that_it_tries(policy, scorings):
    updates = {0: HONEST, 1: encode(trained(3)), 2: POISON}
    assert [each.scorings for each in found(policy, updates)] == [scorings] * VOTERS


def test_who_has_nothing_admissible_to_judge_tries_no_model():
    nobody = evidence_findings(
        NAMED["evidence"], {0: START}, {0: 1}, START, OWN, range(VOTERS), lambda: REFERENCES
    )
    assert [each.scorings for each in nobody] == [0] * VOTERS
