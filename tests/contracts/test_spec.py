"""docs/SPEC.md says the calls, errors and events that there are, and no others."""

import re
from pathlib import Path

import pytest

SPEC = (Path(__file__).resolve().parents[2] / "docs" / "SPEC.md").read_text()
SECTION = re.compile(r"^### `(\w+)\.(\w+)\(([^`\n]*)\)`$(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
PARTS = ["Preconditions", "Effects", "Emits", "Reverts"]
NAMED = re.compile(r"`([A-Z]\w+)\(([^)`]*)\)`")
CONTRACTS = ("RoundManager", "StakePool", "Relay")
# What comes with OpenZeppelin's EIP712 and never happens: the domain does not change, its name and version are short.
NEVER = {("EIP712DomainChanged", ()), ("InvalidShortString", ()), ("StringTooLong", ("str",))}

SECTIONS = {f"{contract}.{call}": (values, text) for contract, call, values, text in SECTION.findall(SPEC)}


def named(text: str) -> set[tuple[str, tuple[str, ...]]]:
    """Errors and events, with the names of their values."""
    return {(name, tuple(filter(None, values.split(", ")))) for name, values in NAMED.findall(text)}


def known(items) -> set[tuple[str, tuple[str, ...]]]:
    return {(abi.name, tuple(value.name for value in abi.inputs)) for abi in items}


def part(call: str, name: str) -> str:
    """The text of one of the four parts of a call."""
    text = SECTIONS[call][1]
    start = text.index(f"* **{name}**:")
    return text[start:].split("\n* **")[0]


@pytest.fixture(scope="module")
def abis(project):
    return [contract.contract_type for contract in project.contracts.values()]


def test_the_calls_are_those_of_the_abi(project):
    calls = {
        f"{contract}.{abi.name}": ", ".join(f"{value.type} {value.name}" for value in abi.inputs)
        for contract in CONTRACTS
        for abi in getattr(project, contract).contract_type.mutable_methods
    }
    assert {call: values for call, (values, _) in SECTIONS.items()} == calls


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_calls_are_those_of_the_interface(project, contract):
    interface = getattr(project, f"I{contract}").contract_type
    calls = {call.partition(".")[2] for call in SECTIONS if call.startswith(f"{contract}.")}
    assert calls == {abi.name for abi in interface.mutable_methods}


@pytest.mark.parametrize("call", SECTIONS)
def test_each_call_has_its_four_parts_in_order(call):
    assert re.findall(r"^\* \*\*(\w+)\*\*:", SECTIONS[call][1], re.MULTILINE) == PARTS


@pytest.mark.parametrize("call", SECTIONS)
def test_what_a_call_emits_are_events(abis, call):
    assert named(part(call, "Emits")) <= known(event for abi in abis for event in abi.events)


@pytest.mark.parametrize("call", SECTIONS)
def test_what_a_call_reverts_with_are_errors(abis, call):
    assert named(part(call, "Reverts")) <= known(error for abi in abis for error in abi.errors)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_no_event_and_no_error_is_forgotten(project, contract):
    abi = getattr(project, contract).contract_type
    events = {item for call in SECTIONS for item in named(part(call, "Emits"))}
    assert known(abi.events) - NEVER <= events
    assert known(abi.errors) - named(SPEC) - NEVER == set()


def test_bounds_are_those_of_the_constructor(project):
    """Each parameter with a bound is in the table, and no other."""
    source = (Path(project.path) / "contracts" / "libraries" / "ParametersCheck.sol").read_text()
    checked = set(re.findall(r'_at(?:Least|Most)\("(\w+)"', source))
    table = SPEC[SPEC.index("| parameter | must be |") :]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == checked
