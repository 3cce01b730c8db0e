"""What strangers wrote, in messages."""

import pytest

from ml.errors import DataError
from ml.messages import cleaned, quoted
from offchain.errors import OffchainError


@pytest.mark.parametrize(
    "number", [*range(32), 0x7F, 0x85, 0x9B, 0x2028, 0x202E, 0x2066, 0x200B, 0xFEFF, 0xD800]
)
def test_no_control_character_gets_through(number):
    assert cleaned(f"a{chr(number)}b") == "a b"


@pytest.mark.parametrize("kind", [DataError, OffchainError])
def test_every_error_is_one_line(kind):
    assert str(kind("oops\n2026-01-01T00:00:00Z error forged\x1b]0;pwned\x07")) == (
        "oops 2026-01-01T00:00:00Z error forged ]0;pwned"
    )


def test_what_is_long_is_cut():
    assert len(str(OffchainError("x" * 10**6))) == 4000


@pytest.mark.parametrize("failing", [ValueError, SystemExit])
def test_what_cannot_be_shown_is_told_by_its_kind(failing):
    class Odd:
        def __repr__(self):
            raise failing

        __str__ = __repr__

    assert cleaned(Odd()) == quoted(Odd()) == "Odd that cannot be shown"
