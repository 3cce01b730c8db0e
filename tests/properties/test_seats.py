"""Who sits where: a permutation, the same in contract and reference, and a fair one."""

from collections import Counter

import pytest
from eth_utils import keccak
from scipy.stats import chi2

from offchain.reference import seats
from offchain.reference.commitments import digest

DRAWS = 40_000
MEMBERS = 50
RARE = 1e-4


@pytest.fixture(scope="module")
def contract(harness):
    return harness("SeatsHarness")


def seed_of(number):
    """A round's seed: 96 bits."""
    return int.from_bytes(keccak(text=f"seed {number}")) % 2**96


def positions(contract, seed, members, first, many):
    return contract("positions", seed, members, first, many)[2:]


@pytest.mark.parametrize("first", range(4, 201, 50))
def test_every_small_membership_is_permuted_as_in_the_reference(contract, first):
    for members in range(first, min(first + 50, 201)):
        seed = seed_of(members)
        drawn = positions(contract, seed, members, 0, members)
        assert sorted(drawn) == list(range(members))
        assert drawn == [seats.position(seed, index, members) for index in range(members)]
        assert [seats.index_at(seed, place, members) for place in drawn] == list(range(members))


@pytest.mark.parametrize("members", [1000, 4096, 4097, 65_535, 1_000_003, 2**24 - 2])
def test_large_memberships(contract, members):
    seed, many = seed_of(members), 150
    for first in (0, members // 2, members - many):
        drawn = positions(contract, seed, members, first, many)
        assert len(set(drawn)) == many and max(drawn) < members
        assert drawn == [seats.position(seed, first + i, members) for i in range(many)]
        assert [seats.index_at(seed, place, members) for place in drawn] == list(range(first, first + many))


@pytest.mark.parametrize("walk", [seats.position, seats.index_at])
@pytest.mark.parametrize("outside", [-1, 6, 7, 8, 9, 1000])
def test_outside_of_the_membership_there_is_no_walk(walk, outside):
    with pytest.raises(ValueError, match=rf"{outside} is not in \[0, 6\)"):
        walk(seed_of(1), outside, 6)


def test_a_thousand_members_are_permuted(contract):
    drawn = [p for first in range(0, 1000, 250) for p in positions(contract, seed_of(1), 1000, first, 250)]
    assert sorted(drawn) == list(range(1000))


@pytest.mark.parametrize("bps", [1, 333, 1000, 3000, 4999, 5000])
def test_seat_counts(contract, bps):
    for members in [*range(4, 60), 149, 150, 155, 160, 161, 320, 1000, 16_398, 16_399, 2**24 - 2]:
        for voters in (1, 5, 15, 16_382):
            counts = tuple(contract("counts", members, bps, voters))
            assert counts == seats.counts(members, bps, voters)
            assert 1 <= counts[0] <= 16 and 1 <= counts[1] <= voters and sum(counts) <= members


@pytest.mark.parametrize(
    ("members", "proposers"), [(4, 1), (14, 1), (15, 2), (50, 5), (154, 15), (155, 16), (999, 16)]
)
def test_a_tenth_proposes_rounded_half_up_to_sixteen(members, proposers):
    assert seats.counts(members, 1000, 16_382) == (proposers, members - proposers)


def p_value(observed, cells):
    """Chi-square against equal shares of `cells` cells."""
    total = sum(observed.values())
    expected = total / cells
    empty = cells - len(observed)
    statistic = sum((n - expected) ** 2 for n in observed.values()) / expected + empty * expected
    return chi2.sf(statistic, cells - 1)


@pytest.fixture(scope="module")
def pairs(contract):
    """Positions of members 0 and 1 under many seeds, from the contract."""
    many = 2000
    drawn = [v for first in range(0, DRAWS, many) for v in contract("pairs", first, many, MEMBERS)[2:]]
    return [divmod(value, MEMBERS) for value in drawn]


def test_every_position_is_as_likely(pairs):
    for member in (0, 1):
        assert p_value(Counter(pair[member] for pair in pairs), MEMBERS) > RARE


def test_every_pair_of_positions_is_as_likely(pairs):
    assert all(first != second for first, second in pairs)
    assert p_value(Counter(pairs), MEMBERS * (MEMBERS - 1)) > RARE


def test_proposing_in_one_round_says_nothing_of_the_next(pairs):
    """Seeds follow one another as rounds do: who proposed is as likely to propose again."""
    proposers = seats.counts(MEMBERS, 1000, 16_382)[0]
    proposed = [first < proposers for first, _ in pairs]
    table = Counter(zip(proposed, proposed[1:], strict=False))
    share = proposers / MEMBERS
    expected = {
        (a, b): (share if a else 1 - share) * (share if b else 1 - share) for a in (0, 1) for b in (0, 1)
    }
    total = sum(table.values())
    statistic = sum((table[key] - total * p) ** 2 / (total * p) for key, p in expected.items())
    assert chi2.sf(statistic, 3) > RARE


def test_four_steps_would_not_do(monkeypatch):
    """Why there are eight: with half as many the test of pairs fails, so the test can fail."""
    monkeypatch.setattr(seats, "STEPS", 4)
    drawn = Counter()
    for number in range(DRAWS):
        seed = int.from_bytes(digest(number)) % 2**96
        drawn[seats.position(seed, 0, MEMBERS), seats.position(seed, 1, MEMBERS)] += 1
    assert p_value(drawn, MEMBERS * (MEMBERS - 1)) < RARE
