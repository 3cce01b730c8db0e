"""Names and units by Prometheus's conventions; labels without strangers' secrets."""

import re

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from offchain.live.access.rpc import Rpc, host
from offchain.live.errors import NodeUnavailableError
from offchain.monitoring import measures

GROUPS = {
    name: (*measures.PROGRAM, *getattr(measures, name)) for name in ("CLIENT", "KEEPER", "RELAY", "STORE")
}
UNITS = ("seconds", "bytes", "tokens", "coins")


def exposed(group):
    registry = CollectorRegistry()
    for each in group:
        registry.register(each)
    return generate_latest(registry).decode()


def families():
    return [family for group in GROUPS.values() for each in group for family in each.describe()]


def test_names_are_prometheus_names():
    for family in families():
        assert re.fullmatch(r"stakefed_[a-z]+(_[a-z]+)*", family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_milliseconds", "_ms", "_minutes", "_wei", "_kb", "_percent"))


def test_what_is_a_duration_an_amount_or_a_size_says_its_unit():
    words = re.compile(r"\b(Until|Age|Time to|Unix time)\b|\bTokens\b|\bcoin\b", re.IGNORECASE)
    measured = [f for f in families() if f.type in ("gauge", "histogram") and words.match(f.documentation)]
    assert len(measured) > 10
    assert [f.name for f in measured if not f.name.endswith(UNITS)] == []


def test_every_measure_is_told_by_some_program():
    defined = {
        name for name, value in vars(measures).items() if name.isupper() and hasattr(value, "describe")
    }
    told = {id(each) for group in GROUPS.values() for each in group}
    assert {name for name in defined if id(getattr(measures, name)) not in told} == set()


@pytest.mark.parametrize("group", GROUPS)
def test_each_program_tells_the_node_the_round_and_its_health(group):
    text = exposed(GROUPS[group])
    for name in ("node_requests", "node_refusals", "block_lag_seconds", "round_number", "healthy"):
        assert f"# HELP stakefed_{name}" in text
    assert "seat" in text if group == "CLIENT" else "# HELP stakefed_seat" not in text


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:secret@node.example/v3/KEY123456", "node.example"),
        ("https://me:sec/ret@node.example:8545/a", "node.example:8545"),
        ("https://:secret@node.example?key=KEY123456#KEY123456", "node.example"),
        ("https://node.example?key=KEY123456", "node.example"),
        ("http://[::1]:8545", "[::1]:8545"),
    ],
)
def test_a_nodes_name_in_a_label_holds_no_secret(url, told):
    assert host(url) == told


def test_what_a_node_is_asked_and_what_it_refuses_is_counted_without_its_secrets():
    url = "http://me:pass/word@127.0.0.1:9/v3/KEY123456"
    with pytest.raises(NodeUnavailableError) as error:
        Rpc([url], tries=2, pause=0.0).request("eth_chainId")
    text = exposed(GROUPS["STORE"])
    assert 'stakefed_node_requests_total{node="127.0.0.1:9"} 2.0' in text
    assert 'stakefed_node_refusals_total{kind="busy",node="127.0.0.1:9"} 2.0' in text
    for secret in ("me:", "pass", "word", "KEY123456"):
        assert secret not in text and secret not in str(error.value)


# What somebody who ran a network as a stranger wished to see, and how it is told.
EVERYBODY = {
    "lag": "block_lag_seconds",
    "round": "round_number",
    "phase": "round_phase",
    "seconds left": "phase_remaining_seconds",
    "requests by node": "node_requests_total",
    "refusals by node": "node_refusals_total",
    "health": "healthy",
    "rewards left": "budget_tokens",
    "version": "build_info",
}
PAYERS = {"coin": "account_coins", "transactions": "transactions_total", "gas": "gas_used_total"}
WISHED = {
    "CLIENT": {
        **PAYERS,
        "seat": "seat",
        "seats missed": "seats_missed_total",
        "free": "free_tokens",
        "escrow": "escrow_tokens",
        "training": "training_seconds_count",
        "judging": "judging_seconds_count",
        "loss of the global model on own rows": "model_loss",
        "its scores": "model_score",
        "cache": "cache_bytes",
        "artefacts missing": "artefacts_missing",
    },
    "KEEPER": {**PAYERS, "calls": "duties_total"},
    "RELAY": {**PAYERS, "waiting": "relay_waiting_entries", "answers": "http_responses_total"},
    "STORE": {"kept": "store_artefacts_kept_total", "answers": "http_responses_total"},
}


@pytest.mark.parametrize("program", WISHED)
def test_all_that_was_wished_for_is_told(program):
    families = [family for each in GROUPS[program] for family in each.describe()]
    ends = {"counter": "_total", "histogram": "_count", "info": "_info"}
    told = {family.name + ends.get(family.type, "") for family in families}
    wanted = EVERYBODY | WISHED[program]
    assert {wish for wish, name in wanted.items() if f"stakefed_{name}" not in told} == set()
