"""Stricter forms of what Ape offers to expect errors and events.

`ape.reverts` passes when a revert cannot be decoded and when a value is misnamed, and Ape's events compare
equal when a value is left out. Here the whole error and the whole list of events must match.
"""

from ast import literal_eval
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import ape
from ape.exceptions import ContractLogicError, CustomError
from ape_ethereum.trace import TransactionTrace
from eth_abi import decode
from eth_utils import keccak, to_checksum_address


@contextmanager
def reverts(error, **values) -> Iterator[None]:
    """The block reverts with this custom error and exactly these values."""
    # Ape draws the call tree of every revert, which takes most of the time and is of no use to one expected.
    with patch.object(TransactionTrace, "show"), ape.reverts() as info:
        yield
    assert _error(info.value, error.abi) == (error.abi.name, values)


def _error(refusal: ContractLogicError, abi) -> tuple[str, dict]:
    if isinstance(refusal, CustomError):
        return refusal.abi.name, dict(refusal.inputs)
    # Ape decodes the errors of the contract called; of those that it calls in turn it hands on the data.
    data = _revert_data(refusal.revert_message)
    if not data.startswith(keccak(text=abi.selector)[:4]):
        return refusal.revert_message, {}
    types = [value.canonical_type for value in abi.inputs]
    decoded = zip(abi.inputs, decode(types, data[4:]), strict=True)
    return abi.name, {value.name: _checksummed(value, item) for value, item in decoded}


def _revert_data(message: str) -> bytes:
    if message.startswith("0x"):
        return bytes.fromhex(message[2:])
    # py-evm's are Python literals, and Ape leaves those as they are that hold an apostrophe.
    return literal_eval(message) if message.startswith('b"') else b""


def _checksummed(value, item):
    return to_checksum_address(item) if value.canonical_type == "address" else item


def emitted(receipt) -> list[tuple[str, str, dict]]:
    """All events of a transaction, in order: contract, name and values."""
    return expected(*receipt.events)


def expected(*events) -> list[tuple[str, str, dict]]:
    """Events as `emitted` shows them."""
    return [(event.contract_address, event.event_name, dict(event.event_arguments)) for event in events]
