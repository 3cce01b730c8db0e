import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import UpdateError
from ml.updates.average_passes import LARGEST_WEIGHT
from ml.updates.fixed_point import SCALE, aggregate, decode, encode

INT32 = st.integers(-(2**31), 2**31 - 1)


@st.composite
def weighted_updates(draw):
    count, size = draw(st.integers(1, 16)), draw(st.integers(1, 8))
    updates = [draw(st.lists(INT32, min_size=size, max_size=size)) for _ in range(count)]
    cap = (2**32 - 1) // count
    samples = [draw(st.integers(1, cap)) for _ in range(count)]
    return updates, samples


def exact(updates, samples):
    # Python's // rounds to minus infinity and its integers do not overflow.
    return [
        sum(n * w for n, w in zip(samples, column, strict=True)) // sum(samples)
        for column in zip(*updates, strict=True)
    ]


@given(weighted_updates())
@settings(deadline=None, max_examples=200)
def test_the_average_is_exact_and_rounds_to_minus_infinity(case):
    updates, samples = case
    result = aggregate([np.array(update, np.int32) for update in updates], samples)
    assert result.dtype == np.int32
    assert result.tolist() == exact(updates, samples)


def test_the_average_does_not_depend_on_order():
    generator = np.random.default_rng(0)
    updates = [generator.integers(-(2**31), 2**31, 1000).astype(np.int32) for _ in range(4)]
    samples = [1, 7, 1000, 3]
    results = {
        aggregate([updates[i] for i in order], [samples[i] for i in order]).tobytes()
        for order in itertools.permutations(range(4))
    }
    assert len(results) == 1


@pytest.mark.parametrize("extreme", [-(2**31), 2**31 - 1])
def test_the_largest_total_weight_does_not_overflow(extreme):
    update = np.array([extreme], np.int32)
    assert aggregate([update, update], [2**31, 2**31 - 1]).tolist() == [extreme]


GOOD = np.zeros(3, np.int32)


@pytest.mark.parametrize(
    ("updates", "samples", "message"),
    [
        ([], [], "0 updates with 0 sample counts"),
        ([GOOD], [1, 2], "1 updates with 2 sample counts"),
        ([GOOD, GOOD[:2]], [1, 1], r"must be int32 \[3\], got int32 with shape \(2,\)"),
        ([GOOD.astype(np.int64)], [1], "got int64"),
        ([GOOD], [0], r"positive integers, got \[0\]"),
        ([GOOD], [-1], r"positive integers, got \[-1\]"),
        ([GOOD], [1.0], r"positive integers, got \[1.0\]"),
        ([GOOD], [True], r"positive integers, got \[True\]"),
        ([GOOD, GOOD], [2**32 - 1, 1], "sum to 4294967296, above 4294967295"),
    ],
)
def test_an_average_that_cannot_be_is_refused(updates, samples, message):
    with pytest.raises(UpdateError, match=message):
        aggregate(updates, samples)


@given(st.lists(st.integers(-(2**24), 2**24), min_size=1))
@settings(deadline=None)
def test_what_float32_can_hold_survives_decoding_and_encoding(values):
    fixed = np.array(values, np.int32)
    assert np.array_equal(encode(decode(fixed)), fixed)


@given(st.lists(st.floats(-2047, 2047, width=32), min_size=1))
@settings(deadline=None)
def test_encoding_is_within_half_a_step(values):
    parameters = np.array(values, np.float32)
    error = encode(parameters) / SCALE - parameters.astype(np.float64)
    assert np.abs(error).max() <= 0.5 / SCALE


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2048.0, -2048.001, 1e30])
def test_what_is_not_finite_or_out_of_range_is_not_encoded(value):
    with pytest.raises(UpdateError, match="parameter 1 is "):
        encode(np.array([0, value], np.float32))


def test_the_position_of_what_is_not_encoded_is_found_in_a_large_update():
    for kind, value in ((np.float32, np.nan), (np.float64, np.nextafter(2048, 0))):
        parameters = np.zeros(300_000, kind)
        parameters[200_001] = value
        with pytest.raises(UpdateError, match="parameter 200001 is "):
            encode(parameters)


def test_large_updates_are_encoded_averaged_and_decoded_as_small_ones():
    floats = np.random.default_rng(0).uniform(-2000, 2000, (3, 200_000)).astype(np.float32)
    updates = [encode(vector) for vector in floats]
    weights = [1, 7, 2**31]
    exact = np.rint(floats.astype(np.float64) * SCALE).astype(np.int64)
    assert np.array_equal(updates, exact)
    assert np.array_equal(decode(updates[0]), (updates[0] / SCALE).astype(np.float32))
    sums = sum(vector.astype(object) * weight for vector, weight in zip(exact, weights, strict=True))
    assert np.array_equal(aggregate(updates, weights), sums // sum(weights))


SIZE = 2**18  # From here on the average is compiled.


@st.composite
def heavy_samples(draw):
    """Weights whose sum is `LARGEST_WEIGHT`, or less."""
    count = draw(st.integers(1, 16))
    total = draw(st.one_of(st.just(LARGEST_WEIGHT), st.integers(count + 1, LARGEST_WEIGHT)))
    cuts = draw(st.lists(st.integers(1, total - 1), min_size=count - 1, max_size=count - 1, unique=True))
    ends = [0, *sorted(cuts), total]
    return [high - low for low, high in itertools.pairwise(ends)]


@given(heavy_samples(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_the_compiled_average_is_that_of_integers(samples, seed):
    generator = np.random.default_rng(seed)
    updates = [generator.integers(-(2**31), 2**31, SIZE).astype(np.int32) for _ in samples]
    for update in updates:  # Ends of the range, and neighbours of whole quotients.
        update[:64] = -(2**31)
        update[64:128] = 2**31 - 1
        update[128:256] = generator.integers(-2, 3, 128)
        update[256:512] = 2**31 - 1 - generator.integers(0, 2, 256)
        update[512:768] = -(2**31) + generator.integers(0, 2, 256)
    by_integers = np.concatenate([aggregate([u[half] for u in updates], samples) for half in HALVES])
    assert np.array_equal(aggregate(updates, samples), by_integers)


HALVES = (slice(0, SIZE // 2), slice(SIZE // 2, SIZE))


@pytest.mark.parametrize("value", [-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 2, 2**31 - 1])
@pytest.mark.parametrize("other", [-1, 1])
def test_the_heaviest_compiled_average_rounds_down_by_a_hair(value, other):
    """One sample of four million pulls the average just below, or just above, a whole number."""
    second = min(max(value + other, -(2**31)), 2**31 - 1)
    samples = [LARGEST_WEIGHT - 1, 1]
    updates = [np.full(SIZE, value, np.int32), np.full(SIZE, second, np.int32)]
    expected = ((LARGEST_WEIGHT - 1) * value + second) // LARGEST_WEIGHT
    assert set(aggregate(updates, samples).tolist()) == {expected}


def test_heavier_averages_are_not_compiled():
    updates = [np.full(SIZE, 2**31 - 1, np.int32), np.full(SIZE, 2**31 - 2, np.int32)]
    samples = [2**31, 2**31 - 1]
    expected = sum(n * int(u[0]) for n, u in zip(samples, updates, strict=True)) // sum(samples)
    assert set(aggregate(updates, samples).tolist()) == {expected}


def test_the_ends_of_the_range_are_encoded():
    ends = np.array([-2048, np.nextafter(np.float32(2048), np.float32(0))], np.float32)
    assert encode(ends).tolist() == [-(2**31), 2**31 - 128]


@pytest.mark.parametrize("parameters", [np.zeros(2, np.int32), np.zeros((1, 2), np.float32)])
def test_only_vectors_of_floats_are_encoded(parameters):
    with pytest.raises(UpdateError, match="vector of floats"):
        encode(parameters)
