"""What `/health` says: of blocks that stop, of seats that were missed, of what stops a program."""

import math

import pytest

from offchain.monitoring.vitals import Vitals


class Clocks:
    def __init__(self):
        self.monotonic, self.unix = 1000.0, 1_700_000_000.0

    def later(self, seconds):
        self.monotonic += seconds
        self.unix += seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def vitals(clocks):
    return Vitals(lambda: clocks.monotonic, lambda: clocks.unix)


def test_blocks_that_come_are_well_and_blocks_that_stop_are_not(vitals, clocks):
    for number in range(5):
        vitals.saw(number, int(clocks.unix), 1)
        clocks.later(150)
        assert vitals.problems() == []
    clocks.later(31)
    vitals.saw(4, int(clocks.unix), 1)  # Looking is not enough.
    assert vitals.problems() == ["no new block for 181 seconds, more than 180: the latest is 4"]
    vitals.saw(5, int(clocks.unix), 1)
    assert vitals.problems() == []


def test_a_program_that_never_sees_a_block_is_not_well(vitals, clocks):
    assert vitals.problems() == [] and math.isnan(vitals.lag)
    clocks.later(181)
    assert vitals.problems() == ["no new block for 181 seconds, more than 180: no block was seen yet"]


def test_a_chain_that_stopped_before_the_start_is_told_at_once(vitals, clocks):
    vitals.saw(9, int(clocks.unix) - 3600, 1)
    assert "no new block for 3600 seconds" in vitals.problems()[0]
    assert vitals.lag == 3600


@pytest.mark.parametrize("off", [-900, 900])
def test_a_clock_that_is_off_turns_nobody_red_for_good(vitals, clocks, off):
    clocks.unix += off
    vitals.saw(9, 1_700_000_000, 1)
    clocks.later(12)
    vitals.saw(10, 1_700_000_012, 1)
    assert vitals.problems() == [] and vitals.lag == off


def test_a_missed_seat_is_told_through_the_next_round_and_is_news_once(vitals, clocks):
    vitals.saw(1, int(clocks.unix), 7)
    assert vitals.missed(7, "vote") and not vitals.missed(7, "vote")
    for round_ in (7, 8):
        vitals.saw(round_, int(clocks.unix), round_)
        assert vitals.problems() == ["the seat of round 7 was missed: vote came too late"]
    vitals.saw(9, int(clocks.unix), 9)
    assert vitals.problems() == []
    assert vitals.missed(9, "vote")


def test_a_trouble_is_told_until_it_is_over(vitals):
    vitals.trouble("coin", "the account has nothing")
    assert vitals.problems() == ["the account has nothing"]
    vitals.trouble("coin", None)
    vitals.trouble("coin", None)
    assert vitals.problems() == []
