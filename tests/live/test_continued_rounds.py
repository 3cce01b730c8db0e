"""Which round's model a deployment that is continued hands on."""

import pytest

from offchain.errors import LineageError
from offchain.live.continuing.origin import inclusion_in
from offchain.live.verifying.lineage import Lineage
from offchain.live.watching.decisions import Inclusion, Step
from offchain.live.watching.rounds import Publication


def lineage(*included):
    """Of rounds of which some included an update."""
    made = Lineage(None, type("P", (), {"rules": b""}), None, None)
    for number, has in enumerate(included, 1):
        updates = (Publication("0x", bytes([number]), 1),)
        last = made.head.inclusion
        made._steps.append(Step(number, b"", Inclusion(number, updates) if has else last))
    return made


def test_the_last_round_that_included_anything_is_the_default():
    assert inclusion_in(lineage(True, True, False), None).round == 2
    assert inclusion_in(lineage(True, True, False), 1).round == 1


@pytest.mark.parametrize(
    ("rounds", "number", "told"),
    [
        ((), None, "included no update in 0 rounds"),
        ((False, False), None, "included no update in 2 rounds"),
        (
            (True, False),
            3,
            "round 3 of the deployment to be continued has no outcome yet; the last that has is 2",
        ),
        (
            (True, False),
            2,
            "round 2 of the deployment to be continued included no update; its model is that of round 1",
        ),
        (
            (False, True),
            1,
            "round 1 of the deployment to be continued included no update; nor did one before",
        ),
    ],
)
def test_a_round_without_a_model_of_its_own_is_refused(rounds, number, told):
    with pytest.raises(LineageError, match=told):
        inclusion_in(lineage(*rounds), number)
