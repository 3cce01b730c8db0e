"""Logs kept between two calls: new blocks only are asked for, and nothing is believed that does not hold."""

import logging

import pytest
from live import FAST, rewritten, signer
from players import Players

from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.errors import LogsError, NodeUnavailableError
from offchain.live.keeping.keeper import Keeper
from offchain.live.store_gate import ChainGate
from offchain.live.watching import history as history_module
from offchain.live.watching import log_cache as module
from offchain.live.watching.explain import statement_of
from offchain.live.watching.history import CONFIRMED, History
from offchain.live.watching.log_cache import log_cache
from offchain.live.watching.status import Watch, status_json

pytestmark = pytest.mark.usefixtures("snapshot")


@pytest.fixture
def cached(founded, tmp_path):
    return log_cache(founded[0], tmp_path)


@pytest.fixture
def kept_file(founded, tmp_path):
    deployment = founded[0]
    return tmp_path / f"{deployment.book.chain_id}-{deployment.manager.address}" / "logs"


@pytest.fixture
def asked(founded, monkeypatch):
    """Ranges of blocks whose logs were asked for."""
    chain, ranges = founded[1], []
    original = chain.logs

    def logs(addresses, first, last):
        ranges.append((first, last))
        return original(addresses, first, last)

    monkeypatch.setattr(chain, "logs", logs)
    return ranges


@pytest.fixture
def played_on(founded, members, anvil_node):
    """A round on the chain, with other blocks behind it."""
    deployment, chain = founded
    keeper, players = Keeper(chain, deployment, Sender(chain, signer(1), FAST)), Players(*founded, members)
    for _ in range(60):
        if players._view().drawn_at:
            break
        if not keeper.step():
            anvil_node.mine()
    players.play()
    for _ in range(20):
        if not keeper.step():
            anvil_node.mine()
    anvil_node.mine(CONFIRMED + 50)


def read(founded, cache):
    """All events as a process that starts has them, and whether some came from the cache."""
    deployment, chain = founded
    history = History(chain, [deployment.manager, deployment.pool], deployment.first_block, cache)
    news = history.advance()
    assert list(news.events) == history.events
    return history.events, history.recalled


def test_the_second_call_asks_for_new_blocks_only(founded, played_on, cached, asked, anvil_node):
    all_events, recalled = read(founded, cached)
    assert not recalled and "RoundFinalised" in {event.name for event in all_events}
    head = founded[1].head().number
    anvil_node.mine(30)
    asked.clear()
    assert read(founded, cached) == (all_events, True)
    assert asked == [(head - CONFIRMED + 1, head + 30)]
    asked.clear()
    assert read(founded, cached) == (all_events, True)
    assert asked == [(head + 30 - CONFIRMED + 1, head + 30)]


def test_a_process_that_runs_on_keeps_what_it_reads(
    founded, played_on, cached, asked, anvil_node, members, monkeypatch
):
    deployment, chain = founded
    monkeypatch.setattr(history_module, "KEPT_AGAIN", CONFIRMED + 20)
    running = History(chain, [deployment.manager, deployment.pool], deployment.first_block, cached)
    running.advance()
    before = cached.load()
    Players(*founded, members).send(members[0], Invocation(deployment.manager, "requestExit"))
    anvil_node.mine(before.block + 2 * CONFIRMED + 19 - chain.head().number)
    running.advance()
    assert cached.load() == before
    anvil_node.mine(1)
    asked.clear()
    running.advance()
    after, head = cached.load(), chain.head().number
    assert after.block == head - CONFIRMED == before.block + CONFIRMED + 20
    assert after.logs[: len(before.logs)] == before.logs and len(after.logs) > len(before.logs)
    assert asked == [(head, head), (before.block + 1, after.block)]
    assert read(founded, cached) == (running.events, True)


def test_a_process_that_runs_on_makes_no_cache_that_it_did_not_find(
    founded, played_on, cached, anvil_node, monkeypatch
):
    deployment, chain = founded
    monkeypatch.setattr(history_module, "KEPT_AGAIN", 50)
    running = History(chain, [deployment.manager, deployment.pool], deployment.first_block, cached)
    running.advance()
    cached.drop()
    anvil_node.mine(50)
    running.advance()
    assert cached.load() is None and read(founded, None)[0] == running.events


def test_requests_do_not_grow_with_the_chain(founded, cached, anvil_node, monkeypatch):
    deployment, chain = founded
    monkeypatch.setattr(history_module, "RANGE", 20)
    anvil_node.mine(deployment.first_block + 400 - chain.head().number)
    ask, requests = chain.rpc._ask, []
    monkeypatch.setattr(chain.rpc, "_ask", lambda *asked: requests.append(asked) or ask(*asked))

    def counted(cache):
        requests.clear()
        Watch(chain, deployment, cache=cache).look()
        return len(requests)

    assert [counted(cache) for cache in (None, cached, cached)] == [31, 32, 16]


def test_status_and_statements_share_it_and_say_the_same(founded, played_on, cached, members, asked):
    deployment, chain = founded
    status = status_json(Watch(chain, deployment).look())
    changes = statement_of(chain, deployment, members[0].address).changes
    for _ in range(2):
        asked.clear()
        assert status_json(Watch(chain, deployment, cache=cached).look()) == status
        assert statement_of(chain, deployment, members[0].address, cached).changes == changes
    assert all(first > deployment.first_block for first, _ in asked) and len(asked) == 2


@pytest.mark.parametrize("blocks", [0, 100], ids=["shorter", "with other blocks"])
def test_a_chain_that_is_another_now_is_read_again(founded, played_on, cached, anvil_node, members, blocks):
    fork, player = anvil_node.rpc.request("evm_snapshot"), Players(*founded, members)
    player.send(members[0], Invocation(founded[0].manager, "requestExit"))
    anvil_node.mine(CONFIRMED + 10)
    with_exit, _ = read(founded, cached)
    anvil_node.rpc.request("evm_revert", fork)
    anvil_node.mine(blocks or 1)
    without, recalled = read(founded, cached)
    assert not recalled and len(without) < len(with_exit) and without == with_exit[: len(without)]
    assert read(founded, cached) == (without, True)


def with_another_digit(data, place):
    """Still logs, of something that did not happen."""
    return data[:place] + (b"1" if data[place : place + 1] == b"0" else b"0") + data[place + 1 :]


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "one digit": lambda path: path.write_bytes(with_another_digit(path.read_bytes(), -50)),
    "no text": lambda path: path.write_bytes(b"\xff" * 1000),
    "a list": lambda path: rewritten(path, lambda content: content.update(logs=[[]])),
    "another first block": lambda path: rewritten(path, lambda content: content.update(first=0)),
    "another deployment": lambda path: rewritten(
        path, lambda content: content.update(contracts=["0x" + "12" * 20])
    ),
    "another contract": lambda path: rewritten(
        path, lambda content: content["logs"][0].update(address="0x" + "12" * 20)
    ),
    "twice": lambda path: rewritten(path, lambda content: content["logs"].insert(0, content["logs"][0])),
    "later": lambda path: rewritten(path, lambda content: content["logs"][-1].update(blockNumber="0xfffff")),
    "no number": lambda path: rewritten(path, lambda content: content["logs"][0].update(blockNumber="0x-1")),
    "more": lambda path: rewritten(path, lambda content: content.update(code="rm")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_or_of_something_else_is_thrown_away(
    founded, played_on, cached, kept_file, damage, caplog, members
):
    all_events, _ = read(founded, cached)
    damage(kept_file)
    with caplog.at_level(logging.WARNING):
        assert cached.load() is None
    assert "is thrown away: " in caplog.text and not kept_file.exists()
    assert read(founded, cached) == (all_events, False)
    assert read(founded, cached) == (all_events, True)


def test_a_file_that_is_too_large_is_not_read(founded, played_on, cached, kept_file, monkeypatch):
    read(founded, cached)
    monkeypatch.setattr(module, "_LARGEST", 100)
    assert cached.load() is None and not kept_file.exists()


def test_a_log_that_no_contract_made_is_read_again(founded, played_on, cached, kept_file):
    all_events, _ = read(founded, cached)
    rewritten(kept_file, lambda content: content["logs"][0].update(data="0x"))
    assert read(founded, cached) == (all_events, False)


def test_logs_that_do_not_add_up_are_read_again(founded, played_on, cached, kept_file, members, caplog):
    deployment, chain = founded
    changes = statement_of(chain, deployment, members[0].address, cached).changes
    rewritten(kept_file, lambda content: content["logs"].pop(0))
    with caplog.at_level(logging.WARNING):
        assert statement_of(chain, deployment, members[0].address, cached).changes == changes
    assert "reading all again" in caplog.text
    assert read(founded, cached)[1], "kept again"

    status = status_json(Watch(chain, deployment, cache=cached).look())
    rewritten(kept_file, lambda content: content["logs"].pop(1))
    assert status_json(Watch(chain, deployment, cache=cached).look()) == status


def test_a_disk_that_takes_nothing_is_no_error(founded, played_on, tmp_path):
    (tmp_path / "file").touch()
    cache = log_cache(founded[0], tmp_path / "file")
    assert read(founded, cache)[0] == read(founded, cache)[0]


def test_the_logs_of_a_node_that_errs_are_said(founded, monkeypatch):
    deployment, chain = founded
    original = chain.logs
    monkeypatch.setattr(chain, "logs", lambda *asked: [{**log, "data": "0x"} for log in original(*asked)])
    with pytest.raises(
        NodeUnavailableError, match=f"a log of {deployment.pool.address} .* is not of its form"
    ):
        History(chain, [deployment.manager, deployment.pool], deployment.first_block).advance()


def test_a_keeper_and_a_store_begin_with_what_is_kept(founded, played_on, cached, asked):
    deployment, chain = founded
    read(founded, cached)
    asked.clear()
    Keeper(chain, deployment, Sender(chain, signer(1), FAST), cache=cached).step()
    gate = ChainGate(chain, deployment, cached)
    published = [e.values["root"] for e in read(founded, None)[0] if e.name == "UpdatePublished"]
    asked.pop()
    assert published and all(gate.is_published(root) for root in published)
    assert len(asked) == 2 and all(first > deployment.first_block for first, _ in asked)


def test_a_keeper_reads_again_what_a_cache_left_out(founded, played_on, cached, kept_file, caplog):
    deployment, chain = founded
    read(founded, cached)
    rewritten(kept_file, lambda content: content["logs"].pop(1))  # The first member's joining.
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST), cache=cached)
    with pytest.raises(LogsError):
        keeper.step()
    keeper.step()
    assert "reading all again" in caplog.text
