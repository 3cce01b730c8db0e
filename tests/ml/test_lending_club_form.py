"""Lending Club as a table's file: the same rows as the built-in encoding's, bit for bit."""

import numpy as np
import pytest
from lending_club_form import FILES, form_of, text_of
from test_loan_files import RIGHT, TABLE, sheet

from ml.settings import ALLOWED_MISSING
from ml.tasks.built_in.lending_club.columns import typed
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding
from ml.tasks.built_in.lending_club.reading import read
from ml.tasks.built_in.loans.book import book
from ml.tasks.loading import Named
from ml.tasks.tables.form import read_form
from ml.tasks.tables.reading import read_table
from ml.tasks.tables.task import TableTask
from ml.training import make_learner
from ml.training.module import ModuleLearner
from ml.training.perceptron import Perceptron

FEATURES = ["application", "all"]
FITTED = CommonEncoding.fit(typed(book(3000), "application"), "application")
"""On other loans, so that the few of a test have nothing to do with it."""


def as_table(form, path):
    return read_table(form, path, ALLOWED_MISSING, accept=True)


def require_same(rows, encoding, table):
    assert rows.inputs.tobytes() == encoding.encode(table).tobytes()
    assert rows.targets.tobytes() == table.labels.tobytes() and len(rows)


@pytest.mark.parametrize("content", RIGHT.values(), ids=RIGHT)
def test_however_loans_are_written_a_table_gives_the_bits_of_the_encoding(tmp_path, content):
    path = tmp_path / "loans.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    require_same(as_table(form_of(FITTED), path), FITTED, TABLE)


def test_the_same_loans_are_set_apart_and_left_out(tmp_path):
    path = tmp_path / "loans.csv"
    few = lambda cells, value, every: cells.where(np.arange(len(cells)) % every > 0, value)  # noqa: E731
    path.write_text(
        sheet(
            loan_status=lambda cells: few(few(cells, "Current", 4), "", 9),
            annual_inc=lambda cells: few(cells, "", 13),
            home_ownership=lambda cells: few(cells, "BOAT", 5),
            earliest_cr_line=lambda cells: few(cells, "Jan-2029", 23),
        )
    )
    expected = read(path, "application", 1)
    rows = read_table(form_of(FITTED), path, 1, accept=True)
    require_same(rows, FITTED, expected.table)
    assert rows.usage.apart == {"of loan_status 'Current'": 13, "without a loan_status": 7}
    assert (rows.usage.used, rows.usage.lost) == (expected.usage.used, expected.usage.lost)
    assert rows.usage.columns["annual_inc"].missing and rows.usage.columns["credit_months"].unreadable
    assert "expected months between earliest_cr_line and issue_d from 0" in " ".join(rows.usage.told())


@pytest.mark.parametrize("features", FEATURES)
def test_the_file_in_the_repository_is_that_of_the_real_loans(real_loans, features):
    table = read(real_loans, features).table
    encoding = CommonEncoding.fit(table, features)
    assert FILES[features].read_text(encoding="utf-8") == text_of(form_of(encoding))
    require_same(as_table(read_form(FILES[features]), real_loans), encoding, table)


@pytest.mark.parametrize("features", FEATURES)
def test_it_trains_and_votes_as_the_built_in_task_does(features):
    task = Named(str(FILES[features]), {}).load()
    other = Named("lending-club", {"features": features}).load()
    plain = {"least_steps": 0, "learning_rate": 1e-3}
    assert task.simulation == {**plain, **other.simulation}
    assert task.form.model.hidden == (128, 128)


def test_a_table_of_two_outcomes_takes_the_passes_that_are_written_out():
    task = TableTask(form_of(FITTED))
    encoding = FITTED.encode(TABLE)
    learner = make_learner(task, encoding.shape[1:], ())
    plain = ModuleLearner(task, encoding.shape[1:], ())
    assert isinstance(learner, Perceptron)
    assert (learner.schema, learner.constants) == (plain.schema, plain.constants), "of no other rules"
    model = learner.initial_parameters(3)
    (outputs,), (others,) = (each.predictor([encoding]).outputs(model, [0]) for each in (learner, plain))
    np.testing.assert_allclose(outputs, np.ravel(others), atol=1e-6)
    (accuracy,) = learner.metrics(outputs, TABLE.labels).values()
    assert accuracy == pytest.approx(((outputs > 0) == TABLE.labels).mean())
