"""Calls, events and errors of a contract, to bytes and back, from its compiled ABI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import UnsignedIntegerDecoder
from eth_abi.encoding import UnsignedIntegerEncoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import BaseEquals, registry
from ethpm_types import ContractType
from ethpm_types.abi import ABIType, ErrorABI, EventABI, MethodABI

from ml.updates.hashing import keccak256
from offchain.errors import ChainError
from offchain.reference import Phase, Seat

Log = Mapping[str, Any]
SELECTOR_BYTES = 4
ENUMS: Mapping[str, type[IntEnum]] = {"Phase": Phase, "Seat": Seat}
"""The contracts' own, by their names: an error's values of these are told by name."""


def _codec() -> ABICodec:
    """The library's codec, as strict as it is.

    Ape, once imported, gives the registry that everyone shares a decoder that takes missing bytes for zeros:
    a contract that answers nothing would have answered 0.
    """
    own = registry.copy()  # type: ignore[no-untyped-call]
    own.unregister("uint")
    unsigned = BaseEquals("uint")  # type: ignore[no-untyped-call]
    own.register(unsigned, UnsignedIntegerEncoder, UnsignedIntegerDecoder, label="uint")
    return ABICodec(own)


_CODEC = _codec()
encode, decode = _CODEC.encode, _CODEC.decode


@dataclass(frozen=True)
class DecodedEvent:
    """One log: the event's name and its values by name."""

    name: str
    values: Mapping[str, Any]


class Interface:
    """One contract's ABI, by name. Addresses are lower-case hex, integers int, bytes bytes."""

    def __init__(self, contract_type: ContractType) -> None:
        """Index the entries of a compiled contract's ABI."""
        self.name = contract_type.name or "contract"
        self._type = contract_type
        self._functions: dict[str, MethodABI] = {
            entry.name: entry for entry in contract_type.abi if isinstance(entry, MethodABI)
        }
        self._selectors = {name: _hash(f.selector)[:SELECTOR_BYTES] for name, f in self._functions.items()}
        self._events = {
            "0x" + _hash(e.selector).hex(): e for e in contract_type.abi if isinstance(e, EventABI)
        }
        self._errors = {
            _hash(e.selector)[:SELECTOR_BYTES]: e for e in contract_type.abi if isinstance(e, ErrorABI)
        }

    def deployment(self, *arguments: object) -> bytes:
        """Init code with the constructor's arguments appended.

        Raises:
            ChainError: When it has no bytecode, as interfaces have none.
        """
        code = self._type.deployment_bytecode
        if code is None or code.bytecode in (None, "", "0x"):
            raise ChainError(f"{self.name} has no bytecode; an interface cannot be deployed.")
        return bytes.fromhex(str(code.bytecode).removeprefix("0x")) + encode(
            _types(self._type.constructor.inputs), arguments
        )

    def encode(self, call: str, *arguments: object) -> bytes:
        """Calldata of `call`."""
        return self._selectors[call] + encode(_types(self._functions[call].inputs), arguments)

    def decode_result(self, call: str, data: bytes) -> tuple[Any, ...]:
        """The values that `call` returned."""
        return decode(_types(self._functions[call].outputs), data)

    def decode_events(self, logs: Sequence[Log]) -> list[DecodedEvent]:
        """This contract's events among `logs`; others are left out."""
        return [event for log in logs if (event := self._decode_event(log)) is not None]

    def decode_error(self, data: bytes) -> tuple[str, dict[str, Any]] | None:
        """A custom error's name and its values by name; None when `data` is no error of this contract.

        A value of one of `ENUMS` is its member, an int with a name.
        """
        entry = self._errors.get(data[:SELECTOR_BYTES])
        if entry is None:
            return None
        try:
            values = _values(entry.inputs, data[SELECTOR_BYTES:])
            return entry.name, values | _named(entry.inputs, values)
        except (DecodingError, ValueError):
            return None  # Another contract's, or cut off.

    def _decode_event(self, log: Log) -> DecodedEvent | None:
        topics = list(log["topics"])
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [value for value in entry.inputs if value.indexed]
        plain = [value for value in entry.inputs if not value.indexed]
        words = b"".join(bytes.fromhex(topic.removeprefix("0x")) for topic in topics[1:])
        data = bytes.fromhex(log["data"].removeprefix("0x"))
        return DecodedEvent(entry.name, _values(indexed, words) | _values(plain, data))


def _hash(signature: str) -> bytes:
    return keccak256(signature.encode())


def _types(inputs: Sequence[ABIType]) -> list[str]:
    return [value.canonical_type for value in inputs]


def _values(inputs: Sequence[ABIType], data: bytes) -> dict[str, Any]:
    decoded = decode(_types(inputs), data)
    return {value.name or "": v for value, v in zip(inputs, decoded, strict=True)}


def _named(inputs: Sequence[ABIType], values: Mapping[str, Any]) -> dict[str, IntEnum]:
    """Members of `ENUMS` among values."""
    kinds = {value.name or "": ENUMS.get(_enum(value)) for value in inputs}
    return {name: kind(values[name]) for name, kind in kinds.items() if kind is not None}


def _enum(value: ABIType) -> str:
    """The name of a value's enum, as the contract's source has it; "" when it is none."""
    kind, _, name = str(value.internal_type or "").partition(" ")
    return name.rpartition(".")[2] if kind == "enum" else ""
