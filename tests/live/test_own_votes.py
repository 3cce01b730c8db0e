"""What a client found of updates is kept for its owner; a policy beside the binding one decides nothing."""

import json
import logging
import os
from io import StringIO
from types import SimpleNamespace

import click
import loans_learning
import numpy as np
import pytest
from rich.console import Console

from ml.errors import DataError
from ml.judging.findings import Finding, Reason
from ml.judging.policy import EVIDENCE
from ml.updates.canonical import to_bytes
from offchain.errors import OffchainError, WorkerError
from offchain.learning.description import Learning
from offchain.live.client.judging import Judging, Question
from offchain.live.client.local_learning import learning_of
from offchain.live.client.own_data import DataOptions
from offchain.live.watching import own_votes
from offchain.live.watching.own_votes import OwnVote, OwnVotes, found
from offchain.live.watching.status_report import _votes
from offchain.policy_option import PolicyParameter


@pytest.fixture(scope="module")
def learning():
    """One of eight members, votes by `verdict`, with `evidence` in the shadow."""
    rules = Learning(**loans_learning.describe(inputs=93, rows=2_000))
    return learning_of(rules, None, DataOptions(share=(0, 8)), {}, "cpu", shadow="evidence")


@pytest.fixture(scope="module")
def question(learning):
    """The member's own update, one five times as far, one turned round, and one whose bytes nobody has."""
    genesis = learning.genesis
    update = learning.update([genesis], 1, secret=0).update
    change = update - genesis
    blobs = dict(enumerate(map(to_bytes, (update, genesis + 5 * change, genesis - change))))
    model = SimpleNamespace(round=0, parameters=genesis)
    return Question(1, blobs | {3: None}, dict.fromkeys(range(4), 1), [model])


def test_a_ballot_and_its_reasons_are_kept_before_another_policy_is_asked(
    learning, question, tmp_path, caplog
):
    votes = OwnVotes(tmp_path)
    judging = Judging(learning, votes)
    with caplog.at_level(logging.INFO):
        ballot = judging.ballot(question)
        (alone,) = votes.all()
        judging.beside()
        judging.beside()  # Asked once.
    (both,) = votes.all()
    assert alone.shadow is None and both.binding == alone.binding
    assert (alone.binding.policy, alone.binding.ballot, alone.round) == ("verdict", ballot, 1)
    assert ballot & 1 and alone.binding.refused[3].test == "admissible"
    shadow = both.shadow
    assert (shadow.policy, shadow.ballot) == ("evidence", 0b0001)
    far, turned = shadow.refused[1], shadow.refused[2]
    assert far.test == "size" and far.found / far.limit == pytest.approx(5 / 1.5, rel=0.01)
    assert turned.test == "direction" and turned.found < turned.limit == pytest.approx(-0.1)
    assert [each.message for each in caplog.records if "judged" in each.message] == [
        "judged",
        "judged in shadow",
    ]


@pytest.mark.parametrize(
    "failure", [DataError("these rows have no score"), WorkerError("the task ended")], ids=["rows", "worker"]
)
def test_a_policy_beside_that_fails_leaves_the_vote_as_it_is(
    learning, question, tmp_path, caplog, monkeypatch, failure
):
    votes = OwnVotes(tmp_path)
    judging = Judging(learning, votes)
    judging.ballot(question)
    before = votes.all()

    def fails(*given):
        raise failure

    monkeypatch.setattr(learning, "judged", fails)
    judging.beside()
    assert votes.all() == before
    assert f"the shadow policy found nothing: {failure}" in caplog.text


FOUND = found("evidence", 0, Finding((0,), {1: Reason("evidence", 0.034567, 0.02), 2: Reason("admissible")}))
INFINITE = found("verdict", 0, Finding((), {0: Reason("evidence", np.inf, 0.02)}))


def test_a_vote_reads_as_it_was_kept_and_in_words(tmp_path):
    votes = OwnVotes(tmp_path)
    votes.keep(OwnVote(round=7, binding=FOUND, shadow=INFINITE))
    assert votes.all() == [OwnVote(round=7, binding=FOUND, shadow=INFINITE)]
    words = [FOUND.told(position) for position in range(4)]
    assert words == ["yes", "evidence 0.0346, limit 0.02", "not admissible", "no"]
    assert json.loads(INFINITE.model_dump_json())["refused"]["0"]["found"] is None


def test_the_last_votes_stay_and_a_round_has_one(tmp_path, monkeypatch):
    monkeypatch.setattr(own_votes, "KEPT", 2)
    votes = OwnVotes(tmp_path)
    for number in (1, 9, 10, 10):
        votes.keep(OwnVote(round=number, binding=FOUND))
    assert [vote.round for vote in votes.all()] == [9, 10]


def test_no_votes_and_broken_ones_are_told(tmp_path):
    with pytest.raises(
        OffchainError, match="no votes are kept in .*: give the client's address, and --cache"
    ):
        OwnVotes(tmp_path).all()
    (tmp_path / "votes").mkdir()
    (tmp_path / "votes" / "3.vote.json").write_text('{"round": 3, "binding": {"ballot": 70000}}')
    with pytest.raises(OffchainError, match=r"3\.vote\.json does not hold a vote .*: remove it"):
        OwnVotes(tmp_path).all()
    (tmp_path / "votes" / "3.vote.json").unlink()
    os.mkfifo(tmp_path / "votes" / "3.vote.json")
    with pytest.raises(OffchainError, match="cannot be read: it is no plain file"):
        OwnVotes(tmp_path).all()


def test_a_disk_that_takes_nothing_keeps_nobody_from_voting(learning, question, tmp_path, caplog):
    (tmp_path / "votes").write_text("in the way")
    assert Judging(learning, OwnVotes(tmp_path)).ballot(question) & 1
    assert "what was found of updates cannot be kept" in caplog.text


def test_a_status_shows_them_beside_what_was_decided():
    published = {place: SimpleNamespace(client=f"0x{place:040x}") for place in (0, 1)}
    decided = SimpleNamespace(number=7, published=published, outcome=SimpleNamespace(included=0b10))
    running = SimpleNamespace(number=8, published=published, outcome=None)
    status = SimpleNamespace(rounds=(decided, running))
    of_rounds = [OwnVote(round=number, binding=FOUND, shadow=INFINITE) for number in (7, 8, 9)]
    console = Console(file=StringIO(), width=160)
    console.print(_votes(status, of_rounds))
    lines = [line.split("│") for line in console.file.getvalue().splitlines() if "│ 0x" in line]
    told = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert [line[3:] for line in told[:2]] == [
        ["no", "yes", "not evidence"],
        ["yes", "evidence 0.0346, limit 0.02", "no"],
    ]
    assert [line[0] for line in told] == ["7", "7", "8", "8"] and told[2][3] == "open"
    console = Console(file=StringIO(), width=160)
    console.print(_votes(status, [OwnVote(round=7, binding=FOUND)]))
    assert "in shadow" not in console.file.getvalue()


def test_a_policy_is_a_name_or_in_a_file(tmp_path):
    def given(value):
        return PolicyParameter().convert(str(value), None, None)

    file = tmp_path / "own.yaml"
    file.write_text("rounds: 3\npolicy:\n  - {test: size, most: 2}\n")
    assert given("verdict") == "verdict" and given(file).updates[0].most == 2
    file.write_text("policy: evidence\n")
    assert given(file) == "evidence" and EVIDENCE.updates
    for content, sentence in (
        ("rounds: 3\n", "has no `policy`; expected a name or a list of tests"),
        ("policy: evidnce\n", "there is no policy 'evidnce'; use aggregate"),
        ("policy: [{test: size, most: -1}]\n", "most is -1"),
    ):
        file.write_text(content)
        with pytest.raises(click.BadParameter, match=sentence):
            given(file)
    with pytest.raises(click.BadParameter, match=r"there is no policy 'evidnce'; use .*, or a YAML file"):
        given("evidnce")
    with pytest.raises(click.BadParameter, match="there is no policy file"):
        given(tmp_path / "nowhere.yaml")
