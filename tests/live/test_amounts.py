"""Amounts in what a person reads are tokens, in contracts' errors too."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from ethpm_types.abi import ErrorABI

from ml.updates.hashing import keccak256
from offchain.chain.abi import ENUMS, Interface
from offchain.chain.compiled import compiled_contracts
from offchain.errors import AMOUNTS, CallRevertedError
from offchain.live.deploying.amounts import Unit, in_tokens
from offchain.live.deploying.parameters import base_units
from offchain.live.errors import ConfigurationError, NodeRefusedError

_NONE = {
    "InvalidParameter", "WrongPhase", "TooFewMembers", "RoundsExhausted", "AnchorNotUsable", "AnchorUsable",
    "NotSeated", "UnexpectedSeat", "SamplesOutOfRange", "TooEarly", "NoDuty", "SeatsOpen", "NothingToSettle",
    "SeatUnsettled", "InvalidSeedProof", "RosterFull", "ERC2612ExpiredSignature", "InvalidAccountNonce",
    "ECDSAInvalidSignatureLength", "FieldNotPresentInBlockHeader",
}  # fmt: skip
"""Errors whose numbers are rounds, blocks, seconds, seats or the like."""


def test_every_number_in_a_contracts_error_is_an_amount_or_known_to_be_none():
    errors = {
        entry.name: {value.name for value in entry.inputs if "int" in value.canonical_type}
        for contract in compiled_contracts().values()
        for entry in contract.abi
        if isinstance(entry, ErrorABI)
    }
    numbers = {name: values for name, values in errors.items() if values and name not in _NONE}
    assert numbers == {name: set(values) for name, values in AMOUNTS.items()}


@pytest.mark.parametrize(
    ("amount", "shown"), [(lambda units: f"{units / 10} T", "0.5 T"), (None, "5 base units")]
)
def test_a_refusal_tells_amounts_and_keeps_their_units(amount, shown):
    values = {"client": "0xab", "free": 5, "bond": 90}
    error = CallRevertedError("join", "BondNotCovered", values, *([amount] if amount else []))
    assert f"the contract refused join: BondNotCovered(client=0xab, free={shown}, bond=" in str(error)
    assert error.values["free"] == 5


def test_a_unit_is_asked_for_once_and_when_it_is_told(monkeypatch):
    answers = iter([[2], ["T"]])
    chain = SimpleNamespace(read=lambda calls: next(answers))
    tell = in_tokens(chain, SimpleNamespace(token=None))
    assert (tell(150), tell(200)) == ("1.5 T", "2 T")


def test_where_no_node_tells_the_unit_base_units_are_called_so():
    def read(calls):
        raise NodeRefusedError("eth_call", "gone")

    assert in_tokens(SimpleNamespace(read=read), SimpleNamespace(token=None))(150) == "150 base units"


def test_an_enums_value_in_a_contracts_error_is_told_by_name():
    manager = Interface(compiled_contracts()["RoundManager"])
    words = b"".join(value.to_bytes(32) for value in (7, 5, 2))
    name, values = manager.decode_error(keccak256(b"WrongPhase(uint256,uint8,uint8)")[:4] + words)
    assert str(CallRevertedError("publish", name, values)) == (
        "the contract refused publish: WrongPhase(round=7, actual=REVEAL, expected=PROPOSE)"
    )
    assert values == {"round": 7, "actual": 5, "expected": 2}
    seat = keccak256(b"UnexpectedSeat(uint256,address,uint8,uint8)")[:4] + b"".join(
        value.to_bytes(32) for value in (7, 0xAB, 0, 1)
    )
    assert "actual=NONE, expected=COMMITTED)" in str(CallRevertedError("", *manager.decode_error(seat)))


def test_a_number_that_no_member_of_an_enum_has_is_no_error_of_the_contract():
    manager = Interface(compiled_contracts()["RoundManager"])
    words = b"".join(value.to_bytes(32) for value in (7, 99, 2))
    assert manager.decode_error(keccak256(b"WrongPhase(uint256,uint8,uint8)")[:4] + words) is None


def test_every_enum_of_the_contracts_errors_is_known_by_its_name():
    kinds = {
        str(value.internal_type).rpartition(".")[2].removeprefix("enum ")
        for contract in compiled_contracts().values()
        for entry in contract.abi
        if isinstance(entry, ErrorABI)
        for value in entry.inputs
        if str(value.internal_type).startswith("enum ")
    }
    assert kinds == {*ENUMS, "HeaderField"}  # Of OpenZeppelin's reader of headers, which no person meets.


@pytest.mark.parametrize("amount", [2**96 - 1, 10**29 + 1, 10**28 + 10**9 + 1, 2**256 - 1, 1])
def test_the_largest_amounts_are_told_and_read_to_the_last_digit(amount):
    unit = Unit(18, "T")
    whole, fraction = divmod(amount, 10**18)
    told = unit.text(amount)
    assert told == f"{whole}.{fraction:018}".rstrip("0").rstrip(".")
    assert unit.base_units(told) == amount == base_units("supply", Decimal(told), 18)


@pytest.mark.parametrize(
    "typed",
    ["12345678901.1234567890123456789", "1e60", "1e99999", str(2**256), "1,5", "9" * 400, "1e-19", "NaN"],
)
def test_what_no_token_has_is_no_amount(typed):
    with pytest.raises(ConfigurationError, match="is no amount of T: expected a number above 0 with at most"):
        Unit(18, "T").base_units(typed)


def test_a_supply_beyond_all_numbers_is_told():
    with pytest.raises(ConfigurationError, match="supply is 1E.999999: the token has 18 decimals"):
        base_units("supply", Decimal("1e999999"), 18)


def test_a_supply_that_is_finer_than_the_token_is_not_rounded():
    with pytest.raises(ConfigurationError, match="supply is 12345678901.12.*9: the token has 18 decimals"):
        base_units("supply", Decimal("12345678901.1234567890123456789"), 18)
