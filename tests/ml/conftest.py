import pytest
import torch

from ml.tasks.built_in.loans.book import book


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Keep the small models here from fighting for cores with whatever else runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_book():
    return book(2_000)


@pytest.fixture
def loan_file(tmp_path, small_book):
    """Write a loan book, changed by the test, where a Lending Club file is expected."""

    def write(frame=small_book, name="loans.csv"):
        path = tmp_path / name
        frame.to_csv(path, index=False)
        return path

    return write
