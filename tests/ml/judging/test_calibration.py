"""What honest updates need of each test, against the test itself."""

import numpy as np
import pytest
from test_evidence import (
    HONEST,
    OWN,
    POISON,
    REFERENCES,
    START,
    VOTERS,
    encode,
    excused,
    found,
    knowing,
    remembered,
    shuffled,
    skewed,
    trained,
)

from ml.judging.calibration import direction_note, needed, sees_direction, warnings
from ml.judging.evidence import Evidence
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
from ml.judging.policy import EVIDENCE, Policy
from ml.updates.schema import Schema

UPDATES = {0: HONEST, 3: POISON}


@pytest.mark.parametrize(
    "test",
    [
        Size(most=1.01),
        Direction(parameters=1, least=0.4),
        Direction(parameters=1, least=0.4, layer="first"),
        Relation(parameters=1),
        Opposed(),
        Loss(),
        Loss(errors=2.0),
        Score(),
        Skill(),
        ClassLoss(tolerance=0.03),
        Contrast(least=-1.0),
        Contrast(least=-1.0, share=0.1),
        Contrast(least=-1.0, gain=0.5),
        Contrast(least=-1.0, less=0.5, floor=0.1),
        Contrast(least=-1.0, errors=8.0, less=9.0, floor=7.0),
    ],
)
def test_with_the_setting_that_all_need_all_pass_and_just_below_it_one_does_not(test):
    evidence = Evidence(UPDATES, START, OWN, range(VOTERS), lambda: REFERENCES, 0.02)
    need = needed(test, [evidence])
    assert need.values.size == 2 * VOTERS
    outer = need.that_passes(1.0)
    sign = 1 if need.is_upper else -1

    def refused(setting):
        changed = type(test)(**test.model_dump() | {need.setting: setting})
        return sum(len(voter.reasons) for voter in found(Policy(updates=(changed,)), UPDATES))

    assert refused(outer + sign * 1e-9) == 0
    assert refused(outer - sign * 1e-6) == 1
    assert need.refused == pytest.approx(refused(getattr(test, need.setting)) / need.values.size)
    assert need.that_passes(0.5) == pytest.approx(np.median(need.values))


def test_what_all_may_take_back_is_what_the_one_that_takes_most_does():
    start, own, rates = knowing()
    updates = {0: encode(trained(2, shuffled, start)), 1: encode(trained(3, start=start)), 2: excused()}

    def seen(untaught):
        return Evidence(updates, start, OWN, range(VOTERS), lambda: own, 0.02, untaught=untaught)

    def refused(most):
        return sum(len(voter.reasons) for voter in remembered(updates, own, rates, most=most))

    asked = needed(Forgetting(parameters=1), [seen(lambda places: rates[places])])
    outer = asked.that_passes(1.0)
    assert outer > 0.2 and asked.refused == pytest.approx(refused(0.05) / asked.values.size)
    assert refused(outer + 1e-9) == 0 and refused(outer - 1e-6) == 1
    assert (asked.values[2 * VOTERS :] == 0).all() and not seen(None).is_asked(Forgetting(parameters=1))


@pytest.mark.parametrize("parameters, seen", [(9_999, False), (10_000, True)])
def test_a_direction_is_seen_of_many_parameters_or_beside_the_loss(parameters, seen):
    schema = Schema.of([("weight", (parameters,))])
    assert sees_direction(EVIDENCE, schema) is seen
    assert not sees_direction(Policy(updates=(Direction(layer="first", parameters=1), Relation())), schema)
    assert sees_direction(Policy(updates=(Loss(), Opposed())), schema)
    assert sees_direction(Policy(updates=(Loss(), Contrast())), schema)
    assert sees_direction(Policy(updates=(Contrast(below=10_000),)), schema) is not seen


def test_no_error_helps_what_points_away_and_nothing_is_needed_of_models_that_are_not_asked():
    evidence = Evidence(UPDATES, START, OWN, range(VOTERS), lambda: REFERENCES, 0.02)
    assert needed(Contrast(least=1.0), [evidence]).that_passes(1.0) == 1000
    assert not evidence.is_asked(Contrast(below=len(START)))
    updates = {0: HONEST, 1: skewed(0.15)}
    evidence = Evidence(updates, START, OWN, range(VOTERS), lambda: REFERENCES, 0.02)
    for gain, errors in ((0.0, 0), (1.0, 1000)):
        taught, harmful = needed(Contrast(least=1.0, gain=gain), [evidence]).values.reshape(2, VOTERS)
        assert not taught.any() and (harmful == errors).any()


def test_a_policy_that_looks_away_from_the_direction_of_so_small_a_model_is_told():
    small, large = (Schema.of([("weight", (parameters,))]) for parameters in (9_999, 10_000))
    note = direction_note("evidence-beyond-noise", small)
    assert note.startswith("of 9,999 parameters policy evidence-beyond-noise asks for no direction")
    assert "--policy evidence-by-training" in note
    assert direction_note("evidence-beyond-noise", large) is None
    for others in (
        "evidence-by-training",
        "evidence-and-contrast",
        "evidence-and-opposed",
        "likelihood",
        "verdict",
        "aggregate",
    ):
        assert direction_note(others, small) is None


def test_founders_are_warned_of_a_tolerance_beyond_half_of_what_is_known_or_below_half_of_the_noise():
    assert list(warnings(EVIDENCE, 0.2, 0.03)) == []
    (weak,) = warnings(EVIDENCE, 0.039, 0.03)
    assert "more than half" in weak and "0.0390" in weak
    (noisy,) = warnings(EVIDENCE, None, 0.041)
    assert "nine times in ten" in noisy
    (young,) = warnings(EVIDENCE, 0.2, 0.03, 0.0044)
    assert "more than half of the 0.0044 that an honest change" in young and "evidence-by-training" in young
    assert list(warnings(EVIDENCE, 0.2, 0.03, 0.039)) == [young.replace("0.0044", "0.0390")]
    assert list(warnings(EVIDENCE, 0.2, 0.03, 0.04)) == []
    assert list(warnings(Policy(updates=(Size(),), leave_one_out=LeaveOneOut()), 0.001, 1.0)) == []
