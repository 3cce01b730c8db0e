import threading

import pytest

from ml.parallel import Workers, processors


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_are_in_the_order_of_the_items(count):
    assert Workers(count).map(lambda n: n * n, range(40)) == [n * n for n in range(40)]


def test_an_exception_of_any_item_is_raised():
    with pytest.raises(ZeroDivisionError):
        Workers(2).map(lambda n: 1 / n, [1, 2, 0])


def test_one_worker_works_where_it_is_asked_and_several_are_prepared():
    here = threading.current_thread()
    assert Workers(1).map(lambda _: threading.current_thread(), [0, 1]) == [here, here]
    prepared = []
    workers = Workers(2, lambda: prepared.append(threading.current_thread()))
    used = set(workers.map(lambda _: threading.current_thread(), range(10)))
    assert here not in used
    assert used <= set(prepared)


def test_jobs_that_share_a_machine_are_told_how_many_threads_to_use(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert processors() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert processors() >= 1
