"""Code that keeps failing is left alone for longer each time, and no longer than an answer is of use."""

import logging
from contextlib import suppress

import pytest

from ml.errors import MLError
from offchain.errors import RestingError, WorkerError
from offchain.live.client.resting import LONGEST_SECONDS, Rest


class Code:
    """A task's code that fails while it is told to, on a clock of its own."""

    def __init__(self):
        self.now, self.tried, self.fails, self.takes = 1000.0, [], WorkerError, 0.0
        self.rest = Rest(lambda: self.now)

    def ask(self, left=None):
        with self.rest.between(left):
            self.tried.append(self.now)
            self.now += self.takes
            if self.fails:
                raise self.fails("it ended")

    def look(self, seconds, left=None):
        """Ask once a second; the seconds between two tries."""
        ends = self.now + seconds
        while self.now < ends:
            with suppress(WorkerError, MLError):
                self.ask(None if left is None else max(0.0, left - self.now))
            self.now += 1
        return [later - sooner for sooner, later in zip(self.tried, self.tried[1:], strict=False)]


@pytest.fixture
def code():
    return Code()


@pytest.mark.parametrize("kind", [WorkerError, MLError])
def test_each_failure_in_turn_doubles_the_rest_up_to_a_bound(code, kind):
    code.fails = kind
    assert code.look(4000) == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]


def test_thousands_of_failures_are_no_more_than_the_bound(code):
    for _ in range(5000):
        with suppress(WorkerError):
            code.ask()
        code.now = code.rest._until
    assert code.tried[-1] - code.tried[-2] == LONGEST_SECONDS


def test_while_it_rests_nothing_is_tried_and_that_is_another_error(code):
    with pytest.raises(WorkerError, match="it ended"):
        code.ask()
    with pytest.raises(RestingError, match="left alone for a while"):
        code.ask()
    assert len(code.tried) == 1


def test_a_success_ends_it(code):
    code.look(40)
    code.fails, code.now = None, code.rest._until
    code.ask()
    code.ask()
    code.fails = WorkerError
    assert code.look(10)[-2:] == [0, 5]


def test_a_rest_ends_when_the_answer_would_come_too_late(code):
    code.look(200)
    code.tried.clear()
    code.look(100, left=code.now + 30)  # The next try was due much later.
    assert code.tried[0] == 1000 + 200 + 30


def test_time_that_the_code_hung_is_no_part_of_its_rest(code):
    code.takes = 300.0
    code.look(1500)
    assert code.tried[:3] == [1000, 1000 + 300 + 5, 1000 + 300 + 5 + 300 + 10]


def test_the_log_says_how_often_and_until_when(code, caplog):
    with caplog.at_level(logging.WARNING):
        code.look(12)
    assert [record.getMessage() for record in caplog.records] == [
        "the task's code failed once; tried again in 5 s",
        "the task's code failed 2 times in turn; tried again in 10 s",
    ]
