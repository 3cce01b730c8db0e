"""Calls, events and errors of a contract, to bytes and back, from its compiled ABI."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import eth_abi
from eth_utils import abi as abi_utils
from ethpm_types import ContractType

from offchain.errors import ChainError

Log = Mapping[str, Any]
SELECTOR_BYTES = 4


@dataclass(frozen=True)
class DecodedEvent:
    """One log: the event's name, its values by name, the index of its transaction in the block."""

    name: str
    values: Mapping[str, Any]
    transaction_index: int


class Interface:
    """One contract's ABI, by name. Addresses are lower-case hex, integers int, bytes bytes."""

    def __init__(self, contract_type: ContractType) -> None:
        """Index the entries of a compiled contract's ABI."""
        self.name = contract_type.name or "contract"
        self._entries = [entry.model_dump() for entry in contract_type.abi]
        self._bytecode = contract_type.deployment_bytecode

    def deployment(self, *arguments: object) -> bytes:
        """Init code with the constructor's arguments appended."""
        constructor = next((e for e in self._entries if e["type"] == "constructor"), {"inputs": []})
        types = [abi_utils.collapse_if_tuple(entry) for entry in constructor["inputs"]]
        if self._bytecode is None or self._bytecode.bytecode is None:
            raise ChainError(f"{self.name} has no bytecode; it cannot be deployed.")
        return bytes.fromhex(self._bytecode.bytecode.removeprefix("0x")) + eth_abi.encode(types, arguments)

    def encode(self, call: str, *arguments: object) -> bytes:
        """Calldata of `call`."""
        selector, inputs, _ = self._functions[call]
        return selector + eth_abi.encode(inputs, arguments)

    def decode_result(self, call: str, data: bytes) -> tuple[Any, ...]:
        """The values that `call` returned."""
        return eth_abi.decode(self._functions[call][2], data)

    def decode_events(self, logs: list[Log]) -> list[DecodedEvent]:
        """This contract's events among `logs`; others are left out."""
        return [event for log in logs if (event := self._decode_event(log)) is not None]

    def decode_error(self, data: bytes) -> tuple[str, dict[str, object]] | None:
        """A custom error's name and its values by name; None when `data` is no error of this contract."""
        entry = self._errors.get(data[:SELECTOR_BYTES])
        if entry is None:
            return None
        types = [abi_utils.collapse_if_tuple(value) for value in entry["inputs"]]
        values = eth_abi.decode(types, data[SELECTOR_BYTES:])
        return entry["name"], {value["name"]: v for value, v in zip(entry["inputs"], values, strict=True)}

    @cached_property
    def _functions(self) -> dict[str, tuple[bytes, list[str], list[str]]]:
        return {
            entry["name"]: (
                abi_utils.function_abi_to_4byte_selector(entry),  # type: ignore[arg-type]
                [abi_utils.collapse_if_tuple(value) for value in entry["inputs"]],
                [abi_utils.collapse_if_tuple(value) for value in entry["outputs"]],
            )
            for entry in self._entries
            if entry["type"] == "function"
        }

    @cached_property
    def _events(self) -> dict[str, dict[str, Any]]:
        return {
            "0x" + abi_utils.event_abi_to_log_topic(entry).hex(): entry  # type: ignore[arg-type]
            for entry in self._entries
            if entry["type"] == "event"
        }

    @cached_property
    def _errors(self) -> dict[bytes, dict[str, Any]]:
        return {
            abi_utils.function_abi_to_4byte_selector({**entry, "type": "function"}): entry  # type: ignore[arg-type]
            for entry in self._entries
            if entry["type"] == "error"
        }

    def _decode_event(self, log: Log) -> DecodedEvent | None:
        topics = list(log["topics"])
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [value for value in entry["inputs"] if value["indexed"]]
        plain = [value for value in entry["inputs"] if not value["indexed"]]
        words = b"".join(bytes.fromhex(topic.removeprefix("0x")) for topic in topics[1:])
        values = _values(indexed, words) | _values(plain, bytes.fromhex(log["data"].removeprefix("0x")))
        return DecodedEvent(entry["name"], values, int(log["transactionIndex"], 16))


def _values(inputs: list[dict[str, Any]], data: bytes) -> dict[str, Any]:
    decoded = eth_abi.decode([abi_utils.collapse_if_tuple(value) for value in inputs], data)
    return {value["name"]: v for value, v in zip(inputs, decoded, strict=True)}
