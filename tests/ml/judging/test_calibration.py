"""What honest updates need of each test, against the test itself."""

import numpy as np
import pytest
from test_evidence import HONEST, OWN, POISON, REFERENCES, START, VOTERS, found

from ml.judging.calibration import needed, warnings
from ml.judging.evidence import Evidence
from ml.judging.policy import (
    EVIDENCE,
    ClassLoss,
    Direction,
    LeaveOneOut,
    Loss,
    Policy,
    Relation,
    Score,
    Size,
    Skill,
)

UPDATES = {0: HONEST, 3: POISON}


@pytest.mark.parametrize(
    "test",
    [
        Size(most=1.01),
        Direction(parameters=1, least=0.4),
        Direction(parameters=1, least=0.4, layer="first"),
        Relation(parameters=1),
        Loss(),
        Loss(errors=2.0),
        Score(),
        Skill(),
        ClassLoss(tolerance=0.03),
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


def test_founders_are_warned_of_a_tolerance_beyond_half_of_what_is_known_or_below_half_of_the_noise():
    assert list(warnings(EVIDENCE, 0.2, 0.03)) == []
    (weak,) = warnings(EVIDENCE, 0.039, 0.03)
    assert "more than half" in weak and "0.0390" in weak
    (noisy,) = warnings(EVIDENCE, None, 0.041)
    assert "nine times in ten" in noisy
    assert list(warnings(Policy(updates=(Size(),), leave_one_out=LeaveOneOut()), 0.001, 1.0)) == []
