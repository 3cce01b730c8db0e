import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import UpdateError
from ml.judging.ballots import bitmap, flipped
from ml.judging.findings import Reason
from ml.judging.policies import admissible, parse_updates, passes, score_findings
from ml.judging.scoring import ValidationSets
from ml.training.perceptron import Perceptron
from ml.updates.canonical import to_bytes
from ml.updates.fixed_point import SCALE, aggregate

ROWS = 10
LEARNER = Perceptron(ROWS, hidden=ROWS)
SCHEMA = LEARNER.schema
LAST = {name: place for name, _, place in SCHEMA.slices()}["layer3.weight"]


def model(*logits):
    """An update whose logit on row i is logits[i]: identities below, the logits as the last weights.

    Rows are the unit vectors and every label is 1, so row i is right iff its logit is positive.
    """
    parameters = np.zeros(SCHEMA.size, np.int32)
    for name, shape, place in SCHEMA.slices():
        if name in ("layer1.weight", "layer2.weight"):
            parameters[place] = (np.eye(*shape) * SCALE).astype(np.int32).ravel()
    parameters[LAST] = (np.array(logits) * SCALE).astype(np.int32)
    return parameters


def right(count, strength=1.0):
    """A model that is right on the first `count` rows."""
    return model(*[strength] * count, *[-strength] * (ROWS - count))


def validation(*voters):
    """One validation set per voter: the rows it holds."""
    X = np.eye(ROWS, dtype=np.float32)
    sets = [(X[list(rows)], np.ones(len(rows), np.float32)) for rows in voters]
    return ValidationSets(sets, LEARNER, "accuracy")


ALL = range(ROWS)
PARENT = right(8, 2.0)


def ballots(*arguments):
    return [bitmap(found.accepted) for found in score_findings(*arguments)]


def vote(policy, updates, *voters, tolerance=0.05, samples=None, parent=PARENT):
    weights = samples or dict.fromkeys(updates, 1)
    sets = validation(*(voters or [ALL]))
    return ballots(policy, updates, weights, parent, sets, range(len(voters or [ALL])), tolerance)


def score(update, rows):
    return sum(update[LAST][row] > 0 for row in rows) / len(rows)


@pytest.mark.parametrize(
    ("candidate", "current", "tolerance", "accepted"),
    [
        (0.95, 1.0, 0.05, True),
        (0.9499, 1.0, 0.05, False),
        (0.5, 0.5, 0.0, True),
        (0.4, 0.5, 0.0, False),
        (0, 0, 0.05, True),
    ],
)
def test_equation_two(candidate, current, tolerance, accepted):
    assert passes(np.array([candidate]), np.array([current]), tolerance).tolist() == [accepted]


@pytest.mark.parametrize(
    ("scores", "aggregate_ballot", "verdict_ballot"),
    [
        # (rows right of ten, strength): the parent has 8 right, so 7 fails at ε = 0.05; the stronger wins the
        # average.
        ([(8, 1), (9, 1)], 0b11, 0b11),
        ([(8, 1), (2, 0.5)], 0b11, 0b01),
        ([(2, 1), (8, 0.5)], 0b00, 0b10),
        ([(2, 1), (3, 1)], 0b00, 0b00),
        ([(7, 1)], 0b0, 0b0),
        ([(8, 1)], 0b1, 0b1),
        ([], 0, 0),
    ],
)
def test_the_table_of_policies(scores, aggregate_ballot, verdict_ballot):
    updates = {position: right(*one) for position, one in enumerate(scores)}
    assert vote("aggregate", updates) == [aggregate_ballot]
    assert vote("verdict", updates) == [verdict_ballot]


def test_bit_j_is_seat_position_j():
    updates = {15: right(10), 3: right(2), 0: right(9)}
    assert vote("verdict", updates) == [1 << 15 | 1]
    assert vote("aggregate", {15: right(10), 3: right(9)}) == [1 << 15 | 1 << 3]


def test_each_voter_judges_on_its_own_rows():
    updates = {0: right(5), 1: model(*[-1] * 5, *[1] * 5)}
    assert vote("verdict", updates, range(5), range(5, 8), ALL) == [0b01, 0b10, 0b00]


def test_voters_are_answered_in_the_order_asked():
    updates = {0: right(5), 1: model(*[-1] * 5, *[1] * 5)}
    sets = validation(range(5), ALL, range(5, 8))
    assert ballots("verdict", updates, {0: 1, 1: 1}, PARENT, sets, [2, 0], 0.05) == [0b10, 0b01]


def test_the_tolerance_is_relative_to_the_current_score():
    updates = {0: right(7)}
    assert vote("verdict", updates, tolerance=0.12) == [0]  # 0.88 · 0.8 = 0.704
    assert vote("verdict", updates, tolerance=0.13) == [1]  # 0.87 · 0.8 = 0.696


def test_sample_counts_weigh_the_average():
    updates = {0: right(8), 1: right(2)}
    assert vote("aggregate", updates, samples={0: 3, 1: 1}) == [0b11]
    assert vote("aggregate", updates, samples={0: 1, 1: 3}) == [0b00]


# Each passes alone, right on 8 rows of 10, and so wrong on two of its own that the average is too.
CLASHING = {
    0: model(*[1] * 8, -9, -9),
    1: model(*[1] * 6, -9, -9, 1, 1),
    2: model(*[1] * 4, -9, -9, 1, 1, 1, 1),
}


def test_when_the_average_of_the_passing_fails_the_worst_is_cleared_until_it_passes():
    better = {**CLASHING, 0: model(*[1] * 9, -9)}
    assert vote("verdict", better) == [0b001]
    assert vote("aggregate", better) == [0b000]


def test_of_equally_bad_updates_the_highest_position_is_cleared():
    assert vote("verdict", CLASHING) == [0b001]


def by_the_book(updates, rows, parent, samples, tolerance):
    """One voter's ballot under `verdict`, as PROTOCOL section 5 words it."""
    bar = (1 - tolerance) * score(parent, rows)
    kept = {j: update for j, update in updates.items() if score(update, rows) >= bar}
    while kept and score(aggregate(list(kept.values()), [samples[j] for j in kept]), rows) < bar:
        del kept[min(kept, key=lambda j: (score(kept[j], rows), -j))]
    return sum(1 << j for j in kept)


LOGITS = st.lists(st.sampled_from([-4.0, -1.0, -0.5, 0.5, 1.0, 2.0]), min_size=ROWS, max_size=ROWS)


@given(
    st.lists(LOGITS, min_size=1, max_size=5, unique_by=tuple),
    st.lists(st.sets(st.sampled_from(ALL), min_size=1), min_size=1, max_size=4),
    st.lists(st.integers(1, 5), min_size=5, max_size=5),
    st.sampled_from([0.0, 0.05, 0.4]),
)
@settings(deadline=None, max_examples=150)
def test_shared_work_gives_what_each_voter_finds_alone(logits, voters, weights, tolerance):
    updates = {2 * i: model(*one) for i, one in enumerate(logits)}
    samples = {j: weights[j // 2] for j in updates}
    expected = [by_the_book(updates, sorted(rows), PARENT, samples, tolerance) for rows in voters]
    found = vote("verdict", updates, *map(sorted, voters), tolerance=tolerance, samples=samples)
    assert found == expected


@pytest.mark.parametrize("policy", ["aggregate", "verdict"])
def test_inadmissible_updates_get_bit_zero_and_no_part_in_the_average(policy):
    good = right(9)
    updates = {
        0: PARENT.copy(),
        1: good,
        2: good.copy(),
        3: good[:-1],
        4: good.astype(np.int64),
        5: right(10),
    }
    assert list(admissible(updates, PARENT)) == [1, 5]
    assert vote(policy, updates) == [0b100010]
    # Alone in the average, the copies of a good update could not outweigh a bad one.
    crowd = {0: right(2, 2.0), **{j: good.copy() for j in range(1, 6)}}
    assert vote("aggregate", crowd) == [0b00]


@pytest.mark.parametrize("policy", ["aggregate", "verdict"])
def test_with_nothing_admissible_ballots_are_zero(policy):
    assert vote(policy, {0: PARENT.copy()}, ALL, ALL) == [0, 0]


def test_only_well_formed_bytes_are_parsed():
    good = to_bytes(right(9))
    blobs = {7: good, 2: good[:-1], 1: None, 0: b"", 4: good + b"\0", 3: to_bytes(right(3))}
    parsed = parse_updates(blobs, SCHEMA)
    assert list(parsed) == [3, 7]
    assert parsed[7].tobytes() == good


def test_a_bad_sample_count_is_an_error_not_a_ballot():
    with pytest.raises(UpdateError, match="positive integers"):
        vote("aggregate", {0: right(9)}, samples={0: 0})


@given(st.sets(st.integers(0, 15)), st.sets(st.integers(0, 15)))
@settings(deadline=None)
def test_flipping_inverts_published_bits_only(accepted, published):
    honest = bitmap(accepted & published)
    assert flipped(honest, published) == bitmap(published - accepted)
    assert flipped(flipped(honest, published), published) == honest


def test_reasons_are_the_score_that_failed_its_limit_and_whose():
    updates = {0: right(8), 1: right(3), 2: PARENT, 4: right(7)}
    weights = dict.fromkeys(updates, 1)
    (found,) = score_findings("verdict", updates, weights, PARENT, validation(ALL), [0], 0.05)
    assert found.accepted == (0,)
    assert found.reasons == {
        1: Reason("score", 0.3, 0.95 * 0.8),
        2: Reason("admissible"),
        4: Reason("score", 0.7, 0.95 * 0.8),
    }
    (paper,) = score_findings("aggregate", {0: right(3)}, {0: 1}, PARENT, validation(ALL), [0], 0.05)
    assert paper.reasons == {0: Reason("average score", 0.3, 0.95 * 0.8)}


def test_a_voter_counts_the_models_that_it_scores():
    updates, weights = {0: right(8), 1: right(9), 2: right(7)}, {0: 1, 1: 1, 2: 1}

    def scorings(policy):
        return score_findings(policy, updates, weights, PARENT, validation(ALL), [0], 0.05)[0].scorings

    assert scorings("aggregate") == 1 + 1  # The parent and the average.
    assert scorings("verdict") == 1 + 3 + 1  # 7 of 10 fails by itself; the average of the others passes.
