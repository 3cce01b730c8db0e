"""A run in numbers, counted by hand on rounds made for it."""

import json
import re

import pytest
from small_runs import quiet, small

from ml.judging.findings import Finding, Reason
from offchain.runs.report import print_report
from offchain.runs.summary import summarise, tail_mean
from offchain.settings import TOKEN
from offchain.simulation.cast import Cast
from offchain.simulation.records import GasUse, RoundRecord, Scores, Seconds, judgement

SETTINGS = small(clients=4, malicious=0.5, malicious_voters=0.25)
CAST = Cast(proposers=frozenset({0, 1}), voters=frozenset({2}))
KEYS = {
    "config",
    "accuracy",
    "accuracy_by_round",
    "tokens",
    "removed",
    "excluded",
    "included",
    "seconds",
    "gas",
    "transactions",
}


def record(round_, **changes):
    values = dict(
        round=round_,
        proposers=(0, 3),
        voters=(1, 2),
        unable=(),
        updates={0: ("00" * 32, 1), 3: ("11" * 32, 1)},
        ballots={1: 2, 2: 1},
        included=2,
        included_clients=(3,),
        excluded_clients=(0,),
        void=False,
        model="00",
        parameters="00",
        removed=(),
        balances=(TOKEN, 2 * TOKEN, 6 * TOKEN, 10 * TOKEN),
        reward_pool=TOKEN // 2,
        scores=Scores(accuracy=round_ / 10, auroc=0.5),
        baselines={"without_attack": Scores(accuracy=1.0, auroc=1.0)},
        gas={"draw": GasUse(transactions=1, gas=100), "propose": GasUse(transactions=2, gas=60)},
        seconds=Seconds(train=1, score=2, chain=3, baselines=4, total=11),
    )
    return RoundRecord(**{**values, **changes})


ROUNDS = [
    record(1),
    record(2, removed=(1,), included_clients=(0, 3), excluded_clients=()),
    record(3, removed=(3, 2), gas={"draw": GasUse(transactions=1, gas=200)}),
    # Client 2 only votes falsely: its proposals count as honest, itself as malicious.
    record(3, proposers=(0, 2), excluded_clients=(0, 2), included_clients=(), gas={}),
]


@pytest.mark.parametrize(
    "votes, noes",
    [
        (None, {"score": (1, 1), "size": (0, 1)}),
        ("honest", {"score": (1, 1), "size": (0, 1)}),
        ("own", {"size": (0, 1)}),  # Its members vote otherwise than they find.
    ],
)
def test_honest_noes_are_counted_by_test_and_by_who_proposed(votes, noes):
    no = Reason("score", 0.5, 0.6)
    found = [Finding((), {0: no, 1: no}), Finding((1,), {0: Reason("size", 2.0, 1.5)}), Finding((), {0: no})]
    played = [record(1, judgement=judgement("verdict", [1, 3, 2], found)), record(2)]
    settings = SETTINGS.model_copy(update={"coalition_votes": votes})
    refusals = summarise(settings, CAST, played, setup_seconds=5).refusals
    assert {test: (each.honest, each.malicious) for test, each in refusals.items()} == noes


@pytest.fixture
def summary():
    return summarise(SETTINGS, CAST, ROUNDS, setup_seconds=5)


def test_every_number_is_what_the_rounds_add_up_to(summary):
    assert summary.accuracy_by_round == [0.1, 0.2, 0.3, 0.3] and summary.accuracy == 0.3
    assert summary.baselines["without_attack"].accuracy == 1.0
    assert summary.tokens.model_dump() == {
        "honest_mean": 10,
        "malicious_mean": 3,
        "pool": 0.5,
        "total": 19.5,
    }
    assert summary.removed.model_dump() == {"honest": 1, "malicious": 2}
    assert summary.included.model_dump() == {"honest": 3, "malicious": 1}
    assert summary.excluded.model_dump() == {"honest": 1, "malicious": 3}
    assert summary.gas == {"draw": 400 / 3, "propose": 30, "round": 130}
    assert summary.transactions == 7
    assert summary.seconds == {
        "train": 4,
        "score": 8,
        "chain": 12,
        "baselines": 16,
        "setup": 5,
        "total": 49,
    }


def test_the_file_has_the_keys_that_others_read(summary):
    written = json.loads(summary.model_dump_json())
    assert written.keys() >= KEYS
    assert written["config"]["proposer_stake"] == 8
    assert {"train", "score", "chain", "total"} <= written["seconds"].keys()


def test_accuracy_is_the_mean_of_the_last_50_rounds_or_of_the_last_third():
    assert tail_mean([0.0] * 100 + [1.0] * 50) == 1
    assert tail_mean([0.0, *[1.0] * 49]) == 0.98
    assert tail_mean([0.0] * 32 + [1.0] * 17) == 1
    assert tail_mean([0.7]) == 0.7


def test_a_group_without_clients_has_no_mean():
    nobody = Cast(frozenset(), frozenset())
    assert summarise(SETTINGS, nobody, ROUNDS, 0).tokens.malicious_mean is None


def test_a_record_survives_json():
    assert RoundRecord.model_validate_json(ROUNDS[0].model_dump_json()) == ROUNDS[0]
    assert json.loads(ROUNDS[0].model_dump_json())["balances"][3] == str(10 * TOKEN)


def test_the_report_says_what_happened(summary):
    console = quiet()
    print_report(console, summary)
    text = console.file.getvalue()
    assert (
        "4 clients, 2 that propose badly (label-flip), 1 that vote falsely; policy verdict; 4 rounds" in text
    )
    cells = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    rows = {name: values for name, *values in cells}
    assert rows["this run, with stakes and votes"] == ["0.300", "0.500"]
    assert rows["tokens of a client, of 64 at the start"] == ["10.0", "3.0"]
    assert rows["clients removed: they could not stake when seated"] == ["1", "2"]
    assert rows["updates excluded, their stakes lost"] == ["1", "3"]
    assert rows["transactions"] == ["12.0", "3.000"]
    assert rows["a whole round"] == ["130"]
    assert "of 6, then fewer than 4 members were left" in text.replace(" \n", " ")
