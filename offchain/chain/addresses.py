"""Addresses as people write them: the one place that reads them."""

import re

from eth_utils.address import to_checksum_address

_FORM = re.compile(r"0[xX][0-9a-fA-F]{40}")


def address(value: str) -> str:
    """Return an address in lower case.

    Written in small and capital letters, an address carries a checksum, which has to hold (EIP-55); in
    letters of one kind it carries none.

    Raises:
        ValueError: When it is none, or the zero address, or mistyped.
    """
    if not _FORM.fullmatch(value) or not int(value[2:], 16):
        raise ValueError(f"{value!r} is no address; expected 0x and 40 hexadecimal digits, not all zero")
    digits, lowered = value[2:], "0x" + value[2:].lower()
    has_checksum = digits not in (digits.lower(), digits.upper())
    if has_checksum and to_checksum_address(lowered)[2:] != digits:
        raise ValueError(
            f"{value!r} is mistyped: its capital letters are a checksum (EIP-55), which does not fit its "
            "digits; copy the address again from where it came from"
        )
    return lowered
