"""Devices and services that do not answer."""

import threading
from types import SimpleNamespace

import pytest

from offchain.live.access.account import AccountKey, address_of
from offchain.live.access.asking import Answers
from offchain.live.errors import AccountError, SigningError, UnansweredError


@pytest.mark.parametrize("raised", [TimeoutError, SystemExit, KeyError])
def test_an_answer_is_given_and_whatever_is_raised_is_said(raised):
    answers = Answers()
    assert answers.wait_for(lambda: 7) == 7
    with pytest.raises(UnansweredError, match="the service's own"):
        answers.wait_for(lambda: (_ for _ in ()).throw(raised("the service's own")))


def test_a_device_that_never_answers_is_given_up_and_not_asked_twice():
    pressed, asked = threading.Event(), []
    answers = Answers(0.05)

    def ask():
        asked.append(1)
        pressed.wait()
        return 7

    with pytest.raises(UnansweredError, match="did not answer within 0.05 seconds"):
        answers.wait_for(ask)
    with pytest.raises(UnansweredError, match="has not answered an earlier question yet"):
        answers.wait_for(ask)
    assert len(asked) == 1
    pressed.set()
    while True:
        try:
            assert answers.wait_for(lambda: 8) == 8
            break
        except UnansweredError:
            continue


def test_an_account_that_never_signs_is_a_refusal_and_no_wait_for_ever(monkeypatch):
    monkeypatch.setattr("offchain.live.access.account.Answers", lambda: Answers(0.05))
    never = threading.Event()
    account = SimpleNamespace(address="0x" + "ab" * 20, sign_message=lambda message: never.wait())
    with pytest.raises(SigningError, match="did not sign a message .it did not answer within 0.05 seconds"):
        AccountKey(account).sign_message(b"x")
    never.set()


def test_accounts_that_nobody_lists_are_an_error_in_a_sentence(monkeypatch):
    class Hangs:
        @property
        def aliases(self):
            threading.Event().wait()

    monkeypatch.setattr("offchain.live.access.account.Answers", lambda: Answers(0.05))
    monkeypatch.setattr("offchain.live.access.account.ape", SimpleNamespace(accounts=Hangs()))
    with pytest.raises(AccountError, match="cannot list its accounts: it did not answer"):
        address_of("mine")


def test_a_file_that_an_account_needs_is_named():
    with pytest.raises(UnansweredError, match="^Permission denied: /home/x/.ape$"):
        Answers().wait_for(lambda: fail(PermissionError(13, "Permission denied", "/home/x/.ape")))


def fail(error):
    raise error


def test_an_account_that_does_not_tell_its_address_is_an_error_in_a_sentence():
    class Locked:
        @property
        def address(self):
            raise ConnectionError("no device")

    with pytest.raises(AccountError, match="does not tell its address .no device"):
        AccountKey(Locked())
