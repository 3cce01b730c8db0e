"""Items of the paper from small runs: the files they write, and sentences that follow from the numbers."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from small_runs import quiet, records, reference, small

from offchain.errors import ReproductionError
from offchain.reproduction import statements as decide
from offchain.reproduction.catalogue import ITEMS
from offchain.reproduction.grid import play_all
from offchain.reproduction.items.learning import _reported
from offchain.reproduction.reproduce import chosen, planned, reproduce
from offchain.reproduction.result import Comparison
from offchain.reproduction.results_folder import ResultsFolder
from offchain.reproduction.shared_runs import attacked, clean
from offchain.reproduction.study import ETAS, STAKES, Study
from offchain.reproduction.trace import Trace
from offchain.simulation.cast import Cast

TINY = dict(clients=8, rows=800, proposer_bps=3000)
STUDY = Study(seeds=2, rounds=3, settings=TINY, image_settings=dict(clients=8, rows=300, local_epochs=1))
OF_LOANS = [
    name
    for name, item in ITEMS.items()
    if name != "cost" and any(run.task == "loans" for run in item.runs(STUDY))
]


def engine_of(settings):
    return reference


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder in which all runs of small items are kept."""
    folder = ResultsFolder(tmp_path_factory.mktemp("results") / "out", STUDY)
    runs = [run for name in OF_LOANS for run in ITEMS[name].runs(STUDY)]
    play_all(runs, folder.runs, engine_of, 1, quiet())
    return folder


@pytest.mark.parametrize(
    ("given", "sections"),
    [
        ({}, ""),  # The loans that come with the project are nobody's.
        ({"data": "x.csv"}, "V"),
        ({"images": "x.npz"}, "VI"),
        ({"data": "x.csv", "images": "x.npz"}, "V VI"),
        ({"data": "x.csv", "images": "x.npz", "task": "lending-club"}, ""),
        ({"data": "x.csv", "settings": {"task": "lending-club"}}, ""),
        ({"images": "x.npz", "image_settings": {"task": "digits"}}, ""),
    ],
)
def test_the_papers_figures_stand_beside_its_own_data_alone(given, sections):
    study = Study(**given)
    found = [section for section in ("V", "VI") if study.is_of_papers_data(section)]
    assert found == sections.split()
    assert [section for section in ("V", "VI") if _reported(study, section)[0]] == found


@pytest.mark.parametrize("name", OF_LOANS)
def test_every_item_writes_what_it_promises(results, name):
    console = quiet()
    reproduce([ITEMS[name]], STUDY, results, planned([ITEMS[name]], STUDY, "reference"), None, 1, console)
    table = pd.read_csv(results.path / f"{name}.csv")
    assert len(table) and not table.isna().all(axis=None)
    page = (results.path / f"{name}.md").read_text()
    for file in results.path.glob(f"{name}*.png"):
        assert file.stat().st_size > 10_000 and file.name in page
    assert name in console.file.getvalue()
    said = pd.read_csv(results.path / f"{name}-statements.csv")
    assert set(said.columns) == {"statement", "holds", "evidence"} and len(said)


@pytest.mark.parametrize("name", [n for n in OF_LOANS if n.startswith("fig")])
def test_figures_have_a_picture(results, name):
    result = ITEMS[name].compute(STUDY, results.runs)
    assert result.figure is not None and len(result.figure.axes) >= len(ETAS)


def test_table_3_is_the_mean_of_the_runs(results):
    table = ITEMS["table3"].compute(STUDY, results.runs).tables[""]
    ours = table[(table.learner == "verdict") & (table.eta == 0.3)].iloc[0]
    finals = [results.runs.trace(attacked(STUDY, "verdict", 0.3, seed)).final("run") for seed in (0, 1)]
    assert ours["mean"] == pytest.approx(np.mean(finals))
    assert ours["sd"] == pytest.approx(np.std(finals, ddof=1))
    oracle = table[table.learner == "Oracle"]["mean"]
    wanted = [results.runs.trace(clean(STUDY, seed)).final("oracle") for seed in (0, 1)]
    assert oracle.nunique() == 1 and oracle.iloc[0] == pytest.approx(np.mean(wanted))


def test_a_trace_counts_what_the_records_say():
    settings = small(rounds=12, proposer_stake=32, voter_stake=32, malicious_voters=0.4)
    played = records(settings)
    trace = Trace.of(settings, played)
    bad = Cast.of(settings).proposers
    assert trace.malicious.sum() == len(bad)
    for i, record in enumerate(played):
        proposers = set(record.included_clients) | set(record.excluded_clients)
        assert trace.proposals[i] == len(proposers)
        assert trace.bad[i] == len(proposers & bad)
        assert trace.included[i] == len(record.included_clients)
        assert trace.bad_included[i] == len(bad & set(record.included_clients))
        assert trace.tokens(True)[i] == pytest.approx(record.mean_tokens(bad))
    removed = {client: r.round for r in played for client in r.removed}
    assert removed, "nobody was removed: a weak test"
    assert all(trace.survival[c] == removed.get(c, 12) for c in range(settings.clients))


def test_a_run_that_ended_early_stays_as_it_was():
    settings = small(rounds=500, malicious_voters=1.0, malicious=0.0, attack="none", proposer_stake=64)
    played = records(settings)
    assert len(played) < 500
    trace = Trace.of(settings, played)
    assert trace.balances.shape == (500, settings.clients)
    assert (trace.balances[-1] == trace.balances[len(played) - 1]).all()
    assert trace.scores["run"][-1] == played[-1].scores["accuracy"]
    assert trace.proposals[len(played) :].sum() == 0


def test_runs_shared_by_items_are_named_once():
    for name in ("fig8", "fig9", "fig10", "fig11"):
        assert set(ITEMS[name].runs(STUDY)) == set(ITEMS["fig8"].runs(STUDY))
    assert set(ITEMS["fig6"].runs(STUDY)) <= set(ITEMS["fig8"].runs(STUDY))
    assert set(ITEMS["fig6"].runs(STUDY)) <= set(ITEMS["table3"].runs(STUDY))
    assert len(set(ITEMS["fig8"].runs(STUDY))) == len(ETAS) * len(STAKES) * 2 * STUDY.seeds


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"[" * 100_000, b'{"seeds": "\xff"}', b'{"seeds": 2, "seeds": 3}'],
    ids=["empty", "list", "null", "deep", "no UTF-8", "twice"],
)
def test_a_results_folder_whose_settings_are_none_is_refused_and_left_as_it_is(tmp_path, content):
    (tmp_path / "study.json").write_bytes(content)
    with pytest.raises(ReproductionError, match=f"the results folder {tmp_path} cannot be used: ") as refused:
        ResultsFolder(tmp_path, STUDY)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400
    assert [file.name for file in tmp_path.iterdir()] == ["study.json"]


def test_results_of_other_settings_are_refused_and_nothing_is_overwritten(tmp_path):
    ResultsFolder(tmp_path / "out", STUDY)
    before = (tmp_path / "out" / "study.json").read_text()
    with pytest.raises(
        ReproductionError, match="holds results with seeds 2, not 3; choose another with --out"
    ):
        ResultsFolder(tmp_path / "out", STUDY.model_copy(update={"seeds": 3}))
    assert (tmp_path / "out" / "study.json").read_text() == before
    ResultsFolder(tmp_path / "out", STUDY)


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ReproductionError, match="holds something other than results"):
        ResultsFolder(tmp_path, STUDY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_data_and_not_its_path_is_in_the_study(tmp_path):
    (tmp_path / "a.csv").write_text("loans")
    ResultsFolder(tmp_path / "out", Study(data=tmp_path / "a.csv"))
    described = json.loads((tmp_path / "out" / "study.json").read_text())
    assert str(tmp_path) not in json.dumps(described) and len(described["data"]) == 64


def test_items_are_chosen_by_name():
    assert [item.name for item in chosen(["fig6", "fig5", "fig6"])] == ["fig6", "fig5"]
    assert [item.name for item in chosen(["all"])] == list(ITEMS)
    with pytest.raises(ReproductionError, match="there is no item 'fig99'; there are fig4"):
        chosen(["fig99"])


class TestStatements:
    def test_monotone(self):
        rising = partial(decide.monotone, "x")
        assert rising({1: 0.0, 2: 0.0, 3: 1.0}).holds and not rising({1: 1.0, 2: 0.0}).holds
        assert (
            rising({1: 1.0, 2: 0.0}, falling=True).holds and not rising({1: 0.0, 2: 1.0}, falling=True).holds
        )

    def test_below_is_strict(self):
        assert decide.below("x", dict(a=1.0, b=2.0)).holds
        assert not decide.below("x", dict(a=1.0, b=1.0)).holds

    def test_bounds_are_inclusive(self):
        assert decide.at_most("x", 1, 1).holds and not decide.at_most("x", 1.01, 1).holds
        assert decide.at_least("x", 1, 1).holds and not decide.at_least("x", 0.99, 1).holds

    def test_more_is_not_as_much(self):
        assert decide.more("x", 1.01, 1).holds and not decide.more("x", 1, 1).holds
        assert decide.less("x", 0.99, 1).holds and not decide.less("x", 1, 1).holds

    def test_intervals_are_students(self):
        # t(0.975, 4) = 2.7764; five values with mean 3 and deviation √2.5.
        low, high = decide.interval(np.arange(1.0, 6.0))
        assert (low, high) == pytest.approx(
            (3 - 2.7764 * 2.5**0.5 / 5**0.5, 3 + 2.7764 * 2.5**0.5 / 5**0.5), abs=1e-4
        )
        assert decide.interval(np.array([1.0])) == (-np.inf, np.inf)

    def test_apart(self):
        low, high = np.array([0.1, 0.11, 0.12]), np.array([0.8, 0.81, 0.82])
        assert decide.apart("x", low, high).holds
        assert not decide.apart("x", high, low).holds
        assert not decide.apart("x", low, low + 0.01).holds

    def test_every_names_what_fails(self):
        both = decide.every("all", [decide.at_most("one", 1, 2), decide.at_most("two", 3, 2)])
        assert not both.holds and both.evidence == "not for two: 3 against 2"
        assert decide.every("all", [decide.at_most("one", 1, 2)]).holds


def test_a_comparison_without_a_number_has_no_difference():
    assert np.isnan(Comparison("x", "a curve", 1.0).difference)
    assert Comparison("x", "2", 1.5, paper_mean=2).difference == -0.5
