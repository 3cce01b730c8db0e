"""Long-running programs: health lines, patience, a clean stop, logs; accounts; and docs that hold."""

import errno
import json
import logging
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from live import FAST, signer, write_configuration

from offchain.errors import ChainError
from offchain.live.access.sender import Sender
from offchain.live.deploying.book import Software
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deployer import Deployer
from offchain.live.errors import AccountError, InsufficientFundsError, StaleDecisionError
from offchain.live.logs import JsonFormatter, TextFormatter
from offchain.live.service import Health, Stopped, run_forever, stopping
from offchain.live.starting import deployed_with_other, require_funds
from offchain.software import VERSION, lock_digest

ROOT = Path(__file__).resolve().parents[2]


def test_a_clock_that_is_off_is_only_said(caplog):
    health = Health(seconds=0)
    with caplog.at_level(logging.INFO, logger="offchain"):
        health.tell(int(time.time()) - 600, round=3)
        health.tell(int(time.time()) - 600, round=3)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1 and "seconds ahead of the chain's latest block" in warnings[0]
    lines = [record for record in caplog.records if record.getMessage() == "healthy"]
    assert [line.round for line in lines] == [3, 3] and 599 <= lines[0].lag_seconds <= 605


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_at_once_and_leaves_the_handlers_as_they_were(number, terminal_that_closes):
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match=signal.Signals(number).name), stopping():
        signal.raise_signal(number)
        raise AssertionError("went on")
    assert signal.getsignal(number) is before


def test_who_is_to_outlive_a_terminal_does():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As `nohup` has it.
    try:
        with stopping():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_fails_is_tried_again_after_growing_pauses(monkeypatch):
    slept, answers = [], [ChainError("one"), StaleDecisionError("two"), InsufficientFundsError("three"), True]

    def step():
        if not answers:
            raise Stopped
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(Stopped):
        run_forever(step, 1.0)
    assert [
        round(seconds / base, 3) for seconds, base in zip(slept, (2, 2, 4), strict=True)
    ] == pytest.approx([1, 1, 1], abs=0.2)


def test_what_this_machine_refuses_is_tried_again(monkeypatch, caplog):
    full = OSError(errno.EMFILE, "Too many open files", "logs")

    def step():
        raise full

    monkeypatch.setattr("offchain.live.service.time.sleep", lambda seconds: (_ for _ in ()).throw(Stopped()))
    with pytest.raises(Stopped):
        run_forever(step, 1)
    assert "logs cannot be read or written: Too many open files; this process may have no more" in caplog.text


def test_a_node_that_is_gone_for_weeks_is_asked_every_minute(monkeypatch):
    slept = []

    def step():
        if len(slept) == 3000:
            raise Stopped
        raise ChainError("gone")

    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(Stopped):
        run_forever(step, 1.0)
    assert all(48 <= seconds <= 72 for seconds in slept[10:])


def test_records_are_lines_of_text_or_json():
    record = logging.makeLogRecord(
        {"name": "offchain.x", "levelname": "INFO", "msg": "sent %s", "args": ("it",)}
    )
    record.hash, record.created, record.msecs = "0x1", 0.0, 5.0
    assert TextFormatter().format(record) == "1970-01-01T00:00:00Z info    sent it hash=0x1"
    assert json.loads(JsonFormatter().format(record)) == {
        "time": "1970-01-01T00:00:00.005Z",
        "level": "info",
        "logger": "offchain.x",
        "message": "sent it",
        "hash": "0x1",
    }


def test_an_account_without_coin_is_refused_at_the_start(founded):
    with pytest.raises(InsufficientFundsError, match="has none of the native coin of chain 11155111"):
        require_funds(founded[1], "0x" + "77" * 20)


def test_a_missing_account_and_a_wrong_passphrase_are_said_so(own_keystore, monkeypatch):
    from live import keystore

    from offchain.chain.signing import Transaction
    from offchain.live.access.account import unlock

    keystore(own_keystore, institution=(7).to_bytes(32))
    with pytest.raises(
        AccountError, match="there is no account 'nobody' in Ape's keystore; there are .*institution"
    ):
        unlock("nobody")
    with pytest.raises(AccountError, match="is locked and there is nobody to ask"):
        unlock("institution")
    monkeypatch.setenv("APE_ACCOUNTS_institution_PASSPHRASE", "wrong")
    with pytest.raises(AccountError, match="cannot be unlocked \\(the passphrase is wrong"):
        unlock("institution")
    monkeypatch.setenv("APE_ACCOUNTS_institution_PASSPHRASE", "a passphrase")
    key = unlock("institution")
    assert key.address == signer(7).address
    for to in (b"", bytes.fromhex(key.address[2:])):
        transaction = Transaction(3, to, b"\x01\x02", 50_000, 10**9, 10**6, 11_155_111)
        assert key.sign(transaction) == signer(7).sign(transaction)
    assert key.sign_message(b"salt") == key.sign_message(b"salt") != key.sign_message(b"other")


def test_the_gas_in_the_docs_is_what_a_deployment_takes(founded, compiled, tmp_path):
    path = ROOT / "deployments" / "sepolia.yaml"
    configuration = load_configuration(path)
    chain = founded[1]
    deployer = Deployer(
        chain, compiled, configuration, configuration.learning.rules, tmp_path / "sepolia.json"
    )
    table = dict(
        re.findall(r"^\| (\w+).* \| ([\d,]+) \|$", (ROOT / "docs/DEPLOY.md").read_text(), re.MULTILINE)
    )
    priced = {price.contract: price.gas for price in deployer.prices(signer(1).address)}
    written = {name: int(gas.replace(",", "")) for name, gas in table.items()}
    assert set(priced) == set(written)
    for name, gas in priced.items():
        assert written[name] == pytest.approx(gas, rel=0.02), f"{name} takes {gas:,}"


def test_what_is_estimated_is_what_is_paid(anvil_node, founded, compiled, tmp_path):
    configuration = load_configuration(write_configuration(tmp_path))
    chain = founded[1]
    deployer = Deployer(chain, compiled, configuration, b"\x09" * 32, tmp_path / "net.json")
    estimated = {price.contract: price.gas for price in deployer.prices(signer(1).address)}
    assert not (tmp_path / "net.json").exists()
    book = deployer.run(Sender(chain, signer(1), FAST))
    for name, gas in estimated.items():
        used = int(chain.receipt(book.contracts[name].transaction)["gasUsed"], 16)
        assert used == pytest.approx(gas, rel=0.02), name


def test_the_tests_that_the_docs_name_exist():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/DEPLOY.md").read_text()))
    code = "".join(path.read_text() for path in (ROOT / "tests/live").glob("*.py"))
    assert named and {name for name in named if f"def {name}(" not in code} == set()


def test_the_book_and_the_health_line_tell_the_software(founded, caplog):
    software = founded[0].book.software
    assert software is not None and (software.version, software.lock) == (VERSION, lock_digest())
    assert re.fullmatch("[0-9a-f]{64}", software.lock)
    with caplog.at_level(logging.INFO, logger="offchain"):
        Health(seconds=0).tell(int(time.time()))
    (line,) = [record for record in caplog.records if record.getMessage() == "healthy"]
    assert (line.version, line.lock) == (VERSION, lock_digest()[:12])


def test_another_version_than_deployed_is_said_and_stops_nobody(founded):
    deployment = founded[0]
    assert deployed_with_other(deployment) is None
    older = deployment.book.model_copy(update={"software": None})
    assert deployed_with_other(replace(deployment, book=older)) is None
    other = deployment.book.model_copy(update={"software": Software(version="9.9\n", lock="")})
    told = deployed_with_other(replace(deployment, book=other))
    assert told is not None and f"was made with stakefed 9.9, lock unknown; this is {VERSION}, lock" in told
