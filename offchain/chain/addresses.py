"""Addresses as people write them: the one place that reads them."""

import re

from eth_utils.address import to_checksum_address

from offchain.pasted import is_secret, said_back

_DIGITS = 40
_CHAINS_OWN = 2**16
"""Below are contracts that come with a chain, such as precompiles, and 0x…dead."""
_FORM = re.compile(r"0[xX][0-9a-fA-F]{40}")
_HEX = re.compile(r"(0[xX])?[0-9a-fA-F]+")
_OTHERS = re.compile(r"(?!0?[xX])[0-9a-zA-Z]{25,110}")
_ALIAS = re.compile(r"[A-Za-z][\w-]{0,40}")
_NAME = re.compile(r"\.\w{2,}$")
_SEEN = re.compile(r"[\x21-\x7e]*")


def address(value: str) -> str:
    """Return an address in lower case.

    Written in small and capital letters, an address carries a checksum, which has to hold (EIP-55); in
    letters of one kind it carries none.

    Raises:
        ValueError: When it is none, or the zero address, or mistyped.
    """
    if not _FORM.fullmatch(value) or not int(value[2:], 16):
        raise ValueError(
            f"{said_back(value)} is no address; expected 0x and 40 hexadecimal digits, not all zero"
            f"{_hint(value)}"
        )
    digits, lowered = value[2:], "0x" + value[2:].lower()
    has_checksum = digits not in (digits.lower(), digits.upper())
    if has_checksum and to_checksum_address(lowered)[2:] != digits:
        raise ValueError(
            f"{value!r} is mistyped: its capital letters are a checksum (EIP-55), which does not fit its "
            "digits; copy the address again from where it came from"
        )
    return lowered


def is_nobodys(value: str) -> bool:
    """Whether nobody has the key of an address, which was chosen for its looks or comes with a chain.

    >>> is_nobodys("0x" + "0" * 36 + "dead"), is_nobodys("0x" + "ee" * 20), is_nobodys("0x" + "7e" * 20)
    (True, True, False)
    """
    return int(value, 16) < _CHAINS_OWN or len(set(value[2:].lower())) == 1


def _hint(value: str) -> str:
    """What was given instead, where that can be told."""
    reason = _reason(value)
    return f": {reason}" if reason else ""


def _reason(value: str) -> str:
    text = value.strip()
    if is_secret(text):
        return "if it is a key, do not use it again, for it may stand in this shell's history"
    if _NAME.search(text):
        return "names are not looked up here, since they can be pointed elsewhere; give the address itself"
    if not _SEEN.fullmatch(value):
        return "there are spaces, or characters that cannot be seen or only look like others; type it anew"
    if re.fullmatch(r"[oO][xX][0-9a-fA-F]+", text):
        return "it begins with the letter O, where the digit 0 belongs"
    if re.fullmatch(r"(\w+:)+0[xX]\S+", text):
        return "leave out what stands before 0x"
    if re.fullmatch(r"[xX][eE]\d\d\w{26,31}", text):
        return "this is an ICAP; write it as 0x and hexadecimal digits"
    if not _HEX.fullmatch(text):
        if _OTHERS.fullmatch(text):
            return "it may be another chain's"
        is_alias = _ALIAS.fullmatch(text)
        return "if it is an account's alias, `ape accounts list` shows its address" if is_alias else ""
    digits = re.sub("^0[xX]", "", text)
    if len(digits) != _DIGITS:
        return f"it has {len(digits)} of them"
    return "write 0x in front of it" if digits == text else ""
