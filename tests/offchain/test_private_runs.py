"""Runs whose honest clients add noise: what is counted, what is told, who stops."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from small_runs import quiet, records, reference, simulation, small, timeless

from ml.attacks.labels import flipped
from offchain.errors import RunFolderError, SettingsError
from offchain.page.from_run import story_of_run
from offchain.runs.report import print_report
from offchain.runs.run import resume_run, start_run
from offchain.settings import parse_settings
from offchain.simulation.budgets import Budgets
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.simulation import Simulation
from scripts.simulate import cli as simulate

pytest.importorskip("opacus", reason="opacus is optional: requirements-privacy.txt")

PRIVATE = dict(dp_epsilon=6, dp_updates=2, dp_delta=1e-4, dp_clip=2.0, malicious=0.2, baselines=False)


@pytest.fixture(scope="module")
def private_run():
    return records(small(**PRIVATE))


def sent(rounds):
    return Counter(client for record in rounds for client in record.updates)


def test_a_client_sends_no_more_updates_than_its_noise_is_for(private_run):
    run = simulation(small(**PRIVATE))
    seated = Counter(client for record in private_run for client in record.proposers)
    attackers = run.cast.proposers
    assert max(seated[c] for c in seated if c not in attackers) > 2
    for client, times in seated.items():
        assert sent(private_run)[client] == (times if client in attackers else min(times, 2)), client


def test_what_was_spent_is_what_the_client_that_sent_most_gave_away(private_run):
    settings = small(**PRIVATE)
    plans = Federation(settings, all_rows(settings)).plans
    attackers = simulation(settings).cast.proposers
    for number, record in enumerate(private_run, start=1):
        counts = sent(private_run[:number])
        most = max((plans[c].spent(n) for c, n in counts.items() if c not in attackers), default=0.0)
        assert record.epsilon == most
    assert private_run[0].epsilon < private_run[-1].epsilon <= 6
    assert {plan.privacy.clip for plan in plans} == {2.0}


def test_noise_is_what_differs(private_run):
    plain, private = (Federation(each, all_rows(each)) for each in (small(), small(**PRIVATE)))
    assert np.array_equal(plain.genesis, private.genesis) and plain.rules == private.rules
    assert plain.plans == [] and records(small())[0].epsilon is None
    one, other = (each.train(each.genesis, [3], 1)[3] for each in (plain, private))
    assert not np.array_equal(one, other)
    assert np.array_equal(other, private.train(private.genesis, [3], 1)[3])
    assert not np.array_equal(other, private.train(private.genesis, [3], 2)[3])


def test_who_poisons_its_rows_adds_no_noise():
    plain, private = (Federation(each, all_rows(each)) for each in (small(), small(**PRIVATE)))

    def poison(shard):
        return shard.inputs, flipped(shard.target, shard.targets)

    poisoned = [each.train(each.genesis, [3], 1, poison, 0.5)[3] for each in (plain, private)]
    assert np.array_equal(*poisoned)
    assert np.array_equal(*(each.train_centrally(each.genesis, [3], 1) for each in (plain, private)))


def test_updates_are_not_shortened_by_rows_that_no_noise_hides():
    settings = small(policy="evidence", **PRIVATE)
    federation = Federation(settings, all_rows(settings))
    (made,) = federation.train_from([federation.genesis], [3], 1).values()
    assert np.array_equal(made, federation.train(federation.genesis, [3], 1)[3])


def test_a_run_that_was_interrupted_counts_on(tmp_path, private_run, monkeypatch):
    class Cut(Exception):
        pass

    play, count = Simulation.play_round, iter(range(100))

    def cut(self):
        if next(count) == 3:
            raise Cut
        return play(self)

    monkeypatch.setattr(Simulation, "play_round", cut)
    with pytest.raises(Cut):
        start_run(tmp_path / "run", small(**PRIVATE), reference, quiet(), picture=False)
    monkeypatch.undo()
    summary = resume_run(tmp_path / "run", lambda _: reference, quiet(), picture=False)
    whole = records(small(**PRIVATE))
    assert [timeless(a) for a in whole] == [timeless(b) for b in private_run]
    assert summary.privacy.model_dump() == {
        "epsilon": private_run[-1].epsilon,
        "delta": 1e-4,
        "target": 6.0,
        "updates": 2,
    }
    told = quiet()
    print_report(told, summary)
    assert f"give away ε {private_run[-1].epsilon:.2f}" in told.file.getvalue()

    story = story_of_run(tmp_path / "run")
    assert [each.scores["run"]["ε spent"] for each in story.rounds] == [each.epsilon for each in private_run]
    assert (
        f"ε {private_run[-1].epsilon:.2f} spent by the one who sent most, of 6 for 2 updates"
        in story.about[-1]
    )
    with pytest.raises(RunFolderError, match="complete"):
        resume_run(tmp_path / "run", lambda _: reference, quiet())


def test_without_noise_nothing_is_counted():
    budgets = Budgets([], ())
    budgets.spend([1, 2])
    assert budgets.allows(1) and budgets.most is None


def test_who_is_exempt_counts_for_nothing():
    plan = SimpleNamespace(privacy=SimpleNamespace(updates=1))
    budgets = Budgets([plan, plan], {0})
    budgets.spend([0, 0])
    assert budgets.allows(0) and budgets.allows(1) and budgets.most == 0
    plan = Federation(small(**PRIVATE), all_rows(small(**PRIVATE))).plans[0]
    budgets = Budgets([plan] * 3, {0})
    budgets.spend([0, 1])
    assert budgets.most == plan.spent(1) > 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(dp_epsilon=0), "dp_epsilon is 0: input should be greater than 0"),
        (dict(dp_epsilon="nan"), "dp_epsilon is nan: "),
        (dict(dp_epsilon=1, dp_delta=1), "dp_delta is 1: input should be less than 1"),
        (dict(dp_epsilon=1, dp_clip=-1), "dp_clip is -1"),
        (dict(dp_epsilon=1, dp_updates=0), "dp_updates is 0: "),
        (
            dict(dp_epsilon=1, train="a.py:f"),
            "dp_epsilon is of the default training, and train is one of your own",
        ),
        (dict(dp_epsilon=1, task="examples/flower_task.py:Digits"), "trains in a way of its own"),
    ],
)
def test_settings_that_cannot_be_are_told(change, told):
    with pytest.raises(SettingsError, match=told):
        parse_settings(change)


def test_rows_that_are_too_few_for_delta_are_told_before_a_folder_is_made(tmp_path):
    given = ["--engine", "reference", "--clients", "10", "--dp-epsilon", "1", "--dp-delta", "0.5"]
    result = CliRunner().invoke(simulate, [*given, "--out", str(tmp_path / "run")])
    assert result.exit_code == 1 and "--dp-delta is 0.5, and one of" in result.output
    assert not (tmp_path / "run").exists()
