"""Voters' own rows, the same in simulations and live: what they refer to, and what they make of an update."""

from dataclasses import replace

import numpy as np
import pytest

from ml.judging.policy import EVIDENCE
from ml.tasks.targets import Numbers
from ml.updates.fixed_point import decode, encode
from offchain.settings import SimulationSettings
from offchain.simulation.federation import Federation, all_rows

LONG = SimulationSettings(
    clients=8, rows=1200, engine="reference", policy="evidence", batch=16, local_epochs=6
)


@pytest.fixture(scope="module")
def federation():
    return Federation(LONG, all_rows(LONG))


def length(change):
    return np.linalg.norm(change.astype(np.float64))


def reference(federation, client):
    return federation._voters.references(EVIDENCE, federation.genesis, [client])[client]


def test_an_honest_update_ends_where_voters_let_it(federation):
    whole = federation.train(federation.genesis, [0], 1)[0]
    sent = federation.train_from([federation.genesis], [0], 1)[0]
    start = decode(federation.genesis)
    own, long, short = reference(federation, 0) - start, decode(whole) - start, decode(sent) - start
    assert length(long) > 1.5 * length(own)
    assert length(short) == pytest.approx(1.25 * length(own), rel=1e-3)
    assert short @ long == pytest.approx(length(short) * length(long), rel=1e-3)


def test_one_that_keeps_the_bound_or_meets_none_is_sent_as_it_is(federation):
    start = decode(federation.genesis)
    small = encode(start + (reference(federation, 0) - start) * np.float32(1.2))
    voters = federation._voters
    assert voters.shortened("evidence", {0: small}, federation.genesis)[0] is small
    whole = federation.train(federation.genesis, [0], 1)[0]
    for policy in ("verdict", "aggregate", "likelihood"):
        assert voters.shortened(policy, {0: whole}, federation.genesis)[0] is whole


def test_voters_accept_what_honest_clients_send_and_not_what_they_trained(federation):
    proposers, voters = [0, 1, 2], [3, 4, 5, 6, 7]

    def noes(updates):
        found = federation.findings("evidence", updates, [federation.genesis], voters)
        return sum(len(each.reasons) for each in found)

    sent = federation.train_from([federation.genesis], proposers, 1)
    trained = federation.train(federation.genesis, proposers, 1)
    assert noes(dict(enumerate(trained.values()))) == 15
    assert noes(dict(enumerate(sent.values()))) <= 3


def test_what_shortens_honest_updates_is_trained_side_by_side(federation, monkeypatch):
    learner, together = federation._common.learner, []
    train = type(learner).train

    def counted(self, start, jobs, settings):
        together.append(len(jobs))
        return train(self, start, jobs, settings)

    alone = {client: federation.train_from([federation.genesis], [client], 2)[client] for client in (0, 1, 2)}
    federation._voters._made = ((0, b""), {})
    monkeypatch.setattr(type(learner), "train", counted)
    sent = federation.train_from([federation.genesis], [0, 1, 2], 2)
    assert together == [3, 3]
    assert all((sent[client] == alone[client]).all() for client in alone)


def test_base_rates_take_the_place_of_labels_where_labels_are_what_a_loss_of_ours_takes(
    federation, monkeypatch
):
    voters, start = federation._voters, decode(federation.genesis)
    job = voters._job(5, voters._steps(EVIDENCE), is_taught=True)
    plain = replace(job, y=np.full_like(job.y, job.y.mean()))
    (expected,) = voters._common.learner.train(start, [plain], voters._short)
    taught = reference(federation, 5)
    (made,) = voters._untaught(EVIDENCE, federation.genesis, [3, 5])([1])
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6)
    assert not np.allclose(made, taught, rtol=0, atol=1e-4)

    class Numbered(type(voters._task)):
        target = Numbers()

    class Priced(type(voters._task)):
        def losses(self, outputs, targets):
            return outputs[:, 0] * 0

    for other in (Numbered, Priced):
        monkeypatch.setattr(voters, "_task", object.__new__(other))
        assert voters._untaught(EVIDENCE, federation.genesis, [3, 5]) is None


UNEQUAL = SimulationSettings(
    clients=10, rows=4000, engine="reference", policy="evidence", shares="quantity", batch=32
)


def test_a_small_member_does_not_refuse_what_a_large_one_sends_for_its_length():
    federation = Federation(UNEQUAL, all_rows(UNEQUAL))
    counts = [len(own.y_train) for own in federation._voters._rows]
    small, large = np.argsort(counts)[:3], np.argsort(counts)[-3:]
    assert min(counts[i] for i in large) > 3 * max(counts[i] for i in small)
    sent = federation.train_from([federation.genesis], [int(i) for i in large], 1)
    found = federation.findings(
        "evidence", dict(enumerate(sent.values())), [federation.genesis], [int(i) for i in small]
    )
    assert "size" not in {reason.test for each in found for reason in each.reasons.values()}


def test_references_may_have_the_steps_of_the_largest_members_pass():
    federation = Federation(UNEQUAL, all_rows(UNEQUAL))
    voters, policy = federation._voters, EVIDENCE.model_copy(update={"steps_of": "largest"})
    counts = [len(own.y_train) for own in voters._rows]
    passes = [-(-count // UNEQUAL.batch) for count in counts]
    largest, smallest = int(np.argmax(counts)), int(np.argmin(counts))
    assert np.median(passes) < EVIDENCE.reference_steps < max(passes)
    start, by_middle, by_largest = (
        decode(federation.genesis),
        *(voters.references(each, federation.genesis, [smallest])[smallest] for each in (EVIDENCE, policy)),
    )
    bound = EVIDENCE.model_copy(update={"steps_each": EVIDENCE.reference_steps})
    assert (by_largest == voters.references(bound, federation.genesis, [smallest])[smallest]).all()
    assert length(by_largest - start) > 1.2 * length(by_middle - start)
    whole = federation.train(federation.genesis, [largest], 1)[largest]
    sent = [
        length(decode(voters.shortened(each, {largest: whole}, federation.genesis)[largest]) - start)
        for each in (EVIDENCE, policy)
    ]
    assert sent[1] > 1.2 * sent[0]


def test_references_may_have_the_steps_of_training_so_that_nobody_cuts_what_it_learned():
    settings = SimulationSettings(**LONG.model_dump(exclude_unset=True) | {"batch": 64})
    federation = Federation(settings, all_rows(settings))
    by_pass, by_training = (
        EVIDENCE.model_copy(update={"steps_of": name}) for name in ("largest", "training")
    )
    (sent,) = federation.train(federation.genesis, [0], 1).values()
    voters, rows = federation._voters, len(federation._voters._rows[0].y_train)
    bound = EVIDENCE.model_copy(update={"steps_each": 6 * -(-rows // settings.batch)})
    whole, cut = (voters.shortened(each, {0: sent}, federation.genesis)[0] for each in (by_training, by_pass))
    assert bound.steps_each <= EVIDENCE.reference_steps and whole is sent and cut is not sent
    made = [voters.references(each, federation.genesis, [0])[0] for each in (by_training, bound)]
    assert (made[0] == made[1]).all()


def test_a_batch_of_more_rows_than_there_are_takes_no_memory_for_them():
    settings = SimulationSettings(**LONG.model_dump(exclude_unset=True) | {"batch": 10**6})
    voters = Federation(settings, all_rows(settings))._voters
    assert len(voters._job(0, 3, True).y) == 3 * 4096
    start = decode(voters._common.genesis)
    longest = EVIDENCE.model_copy(update={"steps_each": 3})
    assert length(voters.references(longest, voters._common.genesis, [0])[0] - start) > 0


def test_founders_may_bind_everybodys_steps(federation):
    start = decode(federation.genesis)
    few, many = (
        federation._voters.references(
            EVIDENCE.model_copy(update={"steps_each": steps}), federation.genesis, [0]
        )[0]
        for steps in (2, 40)
    )
    assert length(many - start) > 3 * length(few - start)
