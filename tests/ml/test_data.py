import gzip

import numpy as np
import pytest
from federations import load
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ml.data.rows import Rows
from ml.data.splits import split_rows
from ml.data.table import Category
from ml.data.text import records
from ml.errors import DataError
from ml.judging.scoring import score
from ml.seeds import derive_seed
from ml.settings import SplitSettings, TrainingSettings
from ml.tasks.built_in.lending_club import reading as lending_club
from ml.tasks.built_in.lending_club.columns import CATEGORICAL, CREDIT_MONTHS, required, typed
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding
from ml.tasks.built_in.lending_club.task import LendingClub
from ml.tasks.built_in.lending_club.unfitted import loan_rows
from ml.tasks.built_in.loans.book import book
from ml.tasks.federating import federate, kinds_of
from ml.tasks.targets import Labels
from ml.training.learner import TrainingJob
from ml.training.perceptron import Perceptron


def settings(path, **changes):
    return {"task": "lending-club", "path": path, "clients": 4} | changes


def split_of(rows, clients):
    """The split of rows of which nothing is known."""
    of = Rows(np.zeros((rows, 1)), np.zeros(rows))
    return split_rows(
        of, kinds_of(Labels(), of), SplitSettings(clients=clients), np.random.default_rng(derive_seed(0, 1))
    )


def shared_out(loans, clients):
    class Given(LendingClub):
        def rows(self, path):
            return loan_rows(loans, "application")

    return federate(Given(), None, SplitSettings(clients=clients))


def same(one, other):
    """Whether two tables hold the same loans, however their categories are numbered."""
    texts = [
        {name: [c.values[code] for code in c.codes] for name, c in table.categories.items()}
        for table in (one, other)
    ]
    numbers = all(np.array_equal(one.numbers[name], other.numbers[name]) for name in one.numbers)
    return texts[0] == texts[1] and numbers and np.array_equal(one.labels, other.labels)


def usable(path, **options):
    return lending_club.read(path, "application", **options).table


# The built-in book


def test_the_book_is_always_the_same():
    assert book(500).equals(book(500))
    assert book(3).annual_inc.tolist() == [54332.0, 73322.0, 44144.0]


def test_the_book_has_lending_clubs_fields_and_nothing_missing(small_book):
    assert set(small_book.columns) == set(required("application"))
    assert not small_book.isna().any().any()


def test_the_book_is_as_large_as_asked_and_its_base_rate_is_near_85_percent():
    loans = book(40_000)
    assert len(loans) == 40_000
    assert 0.83 < (loans.loan_status == "Fully Paid").mean() < 0.87


def test_the_paper_network_reaches_95_percent_on_the_book():
    data = load(clients=1, rows=40_000)
    learner = Perceptron(len(data.feature_names))
    only = data.clients[0]
    job = TrainingJob(only.X_train, only.y_train, seed=0)
    trained = learner.train(learner.initial_parameters(0), [job], TrainingSettings(local_epochs=2))[0]
    assert 0.945 < score(trained, data.X_test, data.y_test, "accuracy", learner) < 0.975


# The split


@pytest.mark.parametrize(("rows", "clients"), [(40_000, 50), (1003, 7), (32, 5)])
def test_the_split_is_a_partition_into_equal_shares(rows, clients):
    split = split_of(rows, clients)
    everyone = np.concatenate([*split.train, *split.validation, split.test])
    assert len(set(everyone)) == len(everyone)
    assert len(split.test) == round(rows * 0.2)
    assert rows - len(everyone) < clients
    share = len(split.train[0]) + len(split.validation[0])
    assert {len(part) for part in split.validation} == {round(share * 0.2)}
    assert {len(part) for part in split.train} == {share - round(share * 0.2)}


def test_the_split_depends_on_the_seed_alone(small_book):
    first, again, other = (load(clients=4, rows=500, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.clients[3].X_train, again.clients[3].X_train)
    assert np.array_equal(first.y_test, again.y_test)
    assert not np.array_equal(first.y_test, other.y_test)


def test_rows_and_labels_stay_together(small_book):
    marked = typed(small_book.assign(dti=(small_book.loan_status == "Fully Paid") * 1.0), "application")
    data = shared_out(marked, 3)
    dti = data.feature_names.index("dti")
    for client in data.clients:
        for X, y in ((client.X_train, client.y_train), (client.X_validation, client.y_validation)):
            assert X.dtype == y.dtype == np.float32
            assert X.shape == (len(y), len(data.feature_names))
            assert np.array_equal(X[:, dti] > 0, y == 1)
    assert np.array_equal(data.X_test[:, dti] > 0, data.y_test == 1)


# The encoding


def test_the_encoding_sees_training_rows_only(small_book):
    before = shared_out(typed(small_book, "application"), 4)
    split = split_of(len(small_book), 4)
    hidden = np.concatenate([split.test, *split.validation])
    changed = small_book.copy()
    changed.iloc[hidden, changed.columns.get_loc("dti")] += 1e6
    changed.iloc[hidden, changed.columns.get_loc("purpose")] = "yacht"
    after = shared_out(typed(changed, "application"), 4)
    assert after.feature_names == before.feature_names
    for one, other in zip(before.clients, after.clients, strict=True):
        assert np.array_equal(one.X_train, other.X_train)
        assert not np.array_equal(one.X_validation, other.X_validation)


def test_numbers_are_standardised_and_categories_one_hot(small_book):
    loans = typed(small_book, "application")
    encoding = CommonEncoding.fit(loans, "application")
    X = encoding.encode(loans)
    numbers = X[:, -16:]
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(numbers.std(axis=0), 1, atol=1e-4)
    assert np.array_equal(np.unique(X[:, :-16]), [0, 1])
    assert (X[:, :-16].sum(axis=1) == len(CATEGORICAL)).all()
    assert encoding.names[-1] == CREDIT_MONTHS


def test_it_encodes_as_scikit_learn_does(small_book):
    """The encoders of the first edition, to the last bit."""
    loans = typed(small_book, "application")
    encoding = CommonEncoding.fit(loans, "application")
    texts = np.array([[c.values[code] for code in c.codes] for c in loans.categories.values()]).T
    one_hot = OneHotEncoder(sparse_output=False, dtype=np.float32).fit_transform(texts)
    numbers = StandardScaler().fit_transform(
        np.asfortranarray(np.stack(list(loans.numbers.values()), axis=1))
    )
    assert np.array_equal(encoding.encode(loans), np.hstack([one_hot, numbers]).astype(np.float32))


# Lending Club's file


def test_a_file_gives_the_loans_it_holds(loan_file, small_book):
    assert same(usable(loan_file()), typed(small_book, "application"))
    data = load(**settings(loan_file()))
    assert len(data.clients) == 4
    assert [(usage.rows, usage.used) for usage in data.usages] == [(2000, 2000)]


def test_a_file_read_in_pieces_is_the_same(loan_file, small_book, monkeypatch):
    # By state, so that no piece knows every category.
    path = loan_file(small_book.sort_values("addr_state"))
    whole = usable(path)
    monkeypatch.setattr(records, "_PIECE", 300)
    pieces = usable(path)
    assert isinstance(pieces.categories["addr_state"], Category)
    assert same(whole, pieces)


def test_the_age_of_the_credit_line_is_counted_at_issue(loan_file, small_book):
    dated = small_book.assign(issue_d="Mar-2011", earliest_cr_line="Dec-1999")
    assert (usable(loan_file(dated)).numbers[CREDIT_MONTHS] == 135).all()


def test_loans_undecided_incomplete_or_unreadable_are_left_out_and_counted(loan_file, small_book):
    frame = small_book.astype({"dti": object, "annual_inc": object})
    frame.loc[0, "loan_status"] = "Current"
    frame.loc[1, "loan_status"] = "Does not meet the credit policy. Status:Fully Paid"
    frame.loc[2, "emp_length"] = None
    frame.loc[3, "dti"] = "n/a?"
    frame.loc[4, "annual_inc"] = "inf"
    frame.loc[5, "issue_d"] = "soon"
    frame.loc[6, "loan_status"] = None
    frame.loc[7, "earliest_cr_line"] = "Dec-2028"
    read = lending_club.read(loan_file(frame), "application")
    assert read.table.numbers["loan_amnt"].tolist() == small_book["loan_amnt"].tolist()[8:]
    assert all(np.isfinite(column).all() for column in read.table.numbers.values())
    assert read.usage.told() == [
        "loans.csv: 1992 of 2000 loans are used",
        "left out, of status 'Current': 1",
        "left out, of status 'Does not meet the credit policy. Status:Fully Paid': 1",
        "left out, without a status: 1",
        "left out for gaps or what cannot be read: 5",
        "emp_length is missing in 1",
        "annual_inc is unreadable in 1, such as 'inf' in line 6",
        "dti is unreadable in 1, such as 'n/a?' in line 5",
        "issue_d is unreadable in 1, such as 'soon' in line 7",
        "earliest_cr_line is unreadable in 1, such as 'Dec-2028' in line 9",
    ]


def test_a_sample_of_rows_depends_on_the_seed(loan_file):
    first, again, other = (load(**settings(loan_file(), rows=400, seed=seed)) for seed in (0, 0, 1))
    assert first.usages[0].used == 400 and first.usages[0].apart == {"usable, but not drawn": 1600}
    assert len(first.y_test) == 80
    assert np.array_equal(first.X_test, again.X_test)
    assert first.X_test.shape != other.X_test.shape or not np.array_equal(first.X_test, other.X_test)


def refused(path, message, **changes):
    with pytest.raises(DataError, match=message) as caught:
        load(**settings(path, **changes))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / "nowhere.csv", "there is no file .*nowhere.csv")


def test_a_folder_is_no_file(tmp_path):
    refused(tmp_path, "cannot be read as a CSV")


@pytest.mark.parametrize("keep", [0.5, 0.001])
def test_a_truncated_archive_is_cut_off(loan_file, keep):
    path = loan_file(name="loans.csv.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    refused(path, "is cut off or damaged")


def test_a_damaged_archive_is_said_to_be(loan_file):
    path = loan_file(name="loans.csv.gz")
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 200] = bytes(200)
    path.write_bytes(whole)
    refused(path, "is cut off or damaged|cannot be read")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00\x01" * 50, b"\0\1\2" * 30], ids=["empty", "not text", "zeros"]
)
def test_what_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "loans.csv"
    path.write_bytes(content)
    refused(path, "cannot be read as a CSV|lacks the columns")


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "loans.csv.gz"
    path.write_bytes(b"loan_amnt,term\n1,2\n")
    refused(path, "cannot be read as a CSV or CSV.GZ")


def test_an_archive_of_nothing_is_refused(tmp_path):
    path = tmp_path / "loans.csv.gz"
    path.write_bytes(gzip.compress(b""))
    refused(path, "cannot be read as a CSV")


def test_missing_columns_are_named(loan_file, small_book):
    path = loan_file(small_book.drop(columns=["dti", "purpose"]))
    refused(path, "lacks the columns purpose, dti, which features 'application' need")
    refused(loan_file(), "lacks the columns funded_amnt, .*features 'all' need", features="all")


def test_a_file_without_decided_loans_is_refused(loan_file, small_book):
    refused(
        loan_file(small_book.assign(loan_status="Current")),
        "no loan with status 'Fully Paid' or 'Charged Off'",
    )


def test_a_file_whose_loans_all_lack_a_value_says_which(loan_file, small_book):
    refused(loan_file(small_book.assign(dti=None)), "2000 of 2000 loans .* dti is missing in 2000")
    refused(loan_file(small_book.assign(dti=None)), "0 of 2000 loans are used", allow_missing=1)


@pytest.mark.parametrize(("status", "only"), [("Fully Paid", "1"), ("Charged Off", "0")])
def test_loans_of_one_class_are_refused(loan_file, small_book, status, only):
    refused(
        loan_file(small_book.assign(loan_status=status)),
        rf"training rows have one outcome only of 'Fully Paid' \({only}\); more than one is needed",
    )


def test_too_few_loans_for_the_clients_are_refused(loan_file):
    refused(loan_file(), "2000 rows are too few for 400 clients: 4 training rows each", clients=400)
    with pytest.raises(DataError, match="100 rows are too few for 50 clients"):
        load(rows=100)


def test_asking_for_more_rows_than_there_are_is_refused(loan_file):
    refused(loan_file(), "has 2000 usable rows, 2001 were asked for", rows=2001)
