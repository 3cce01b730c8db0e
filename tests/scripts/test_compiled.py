"""Contracts are those of the sources that lie there, whatever was compiled before."""

from pathlib import Path

import ape
import pytest

from offchain.chain import compiled
from offchain.chain.compiled import compiled_contracts, forget_stale_contracts
from offchain.errors import ChainError

LIBRARY = """
pragma solidity 0.8.37;
library Answer {{ function value() internal pure returns (uint256) {{ return {}; }} }}
"""
IMPORTER = """
pragma solidity 0.8.37;
import {Answer} from "./Answer.sol";
contract Asked { function answer() external pure returns (uint256) { return Answer.value(); } }
"""


@pytest.fixture
def sources_of_two(tmp_path):
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Answer.sol").write_text(LIBRARY.format(0x1234))
    (tmp_path / "contracts" / "Asked.sol").write_text(IMPORTER)
    made = ape.Project(tmp_path, config_override={"solidity": {"version": "0.8.37"}})
    made.load_contracts()
    return made


def code(sources_of_two):
    return sources_of_two.load_contracts()["Asked"].contract_type.runtime_bytecode.bytecode


def test_a_library_that_changed_reaches_the_contracts_that_import_it(sources_of_two):
    before = code(sources_of_two)
    forget_stale_contracts(sources_of_two)
    assert sources_of_two.manifest.contract_types, "nothing changed, and everything was forgotten"

    (sources_of_two.path / "contracts" / "Answer.sol").write_text(LIBRARY.format(0x5678))
    forget_stale_contracts(sources_of_two)
    after = code(sources_of_two)
    assert "611234" in before and "615678" in after


def test_a_source_that_went_is_noticed(sources_of_two):
    (sources_of_two.path / "contracts" / "Asked.sol").unlink()
    forget_stale_contracts(sources_of_two)
    assert "Asked" not in sources_of_two.load_contracts()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"[" * 5000,
        b'{"Relay": 3}',
        b'{"Relay": {"abi": "x"}}',
        b"\xff",
        b'{"a": 1e999}',
    ],
)
def test_contracts_of_a_wheel_that_are_damaged_are_a_sentence(content, tmp_path, monkeypatch):
    brought = tmp_path / "contracts.json"
    brought.write_bytes(content)
    monkeypatch.setattr(compiled, "_BROUGHT", brought)
    with pytest.raises(ChainError, match=r"contracts.json is damaged \(.*\); install StakeFed again") as told:
        compiled.compiled_contracts()
    assert "\n" not in str(told.value) and len(str(told.value)) < 400


def test_contracts_of_a_wheel_that_this_user_may_not_read_are_not_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_BROUGHT", tmp_path)
    monkeypatch.setattr(Path, "is_file", lambda path: path == tmp_path)
    with pytest.raises(ChainError, match="cannot be read .*: let this user read it"):
        compiled.compiled_contracts()


def test_contracts_of_another_folder_are_not_taken_for_ours(sources_of_two, monkeypatch):
    monkeypatch.setattr(ape, "project", sources_of_two)
    with pytest.raises(ChainError, match="is not StakeFed's checkout, .*: change to that folder"):
        compiled_contracts()


def test_contracts_that_this_user_may_not_compile_are_told(sources_of_two, monkeypatch):
    def refuse(project):
        raise PermissionError(13, "Permission denied", "contracts/.cache")

    (sources_of_two.path / "contracts" / "RoundManager.sol").write_text("")
    monkeypatch.setattr(ape, "project", sources_of_two)
    monkeypatch.setattr(compiled, "forget_stale_contracts", refuse)
    with pytest.raises(
        ChainError, match="Permission denied: contracts/.cache.: have `ape compile` called there"
    ):
        compiled_contracts()
