"""The compiler and the chain are found on the machine, or else taken from npm."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.link_toolchain import (
    FOUNDRY_VERSION,
    ROOT,
    SOLC_VERSION,
    ToolchainError,
    install_foundry_tool,
    install_solc,
)

NODE_MODULES = ROOT / "node_modules"
SOURCE = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\ncontract Empty {}\n"


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    return tmp_path / "venv"


@pytest.fixture
def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the PATH, of a user whose home is empty."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def a_program() -> Path:
    """A native program of this machine that answers to `--version` with FOUNDRY_VERSION."""
    found = next(NODE_MODULES.glob("@foundry-rs/cast-*/bin/cast"), None)
    if found is None:
        pytest.skip("npm has no Foundry for this platform")
    return found


def test_npm_compiler_answers_as_the_native_one_and_compiles(
    venv: Path, on_the_path: Path, monkeypatch: pytest.MonkeyPatch
):
    node = shutil.which("node", path=os.defpath + os.pathsep + "/usr/local/bin")
    if node is None:
        pytest.skip("node is not in a usual place")
    (on_the_path / "node").symlink_to(node)

    assert install_solc(venv) == "npm's wasm build"

    monkeypatch.undo()
    solc = venv / "solcx" / f"solc-v{SOLC_VERSION}"
    version = subprocess.run([solc, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.endswith("Linux.g++\n")
    assert f"Version: {SOLC_VERSION}+commit." in version
    request = {
        "language": "Solidity",
        "sources": {"Empty.sol": {"content": SOURCE}},
        "settings": {"outputSelection": {"*": {"*": ["abi"]}}},
    }
    answer = subprocess.run(
        [solc, "--standard-json"], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    assert json.loads(answer.stdout)["contracts"] == {"Empty.sol": {"Empty": {"abi": []}}}


def test_native_compiler_is_preferred(venv: Path, on_the_path: Path):
    shutil.copy(a_program(), on_the_path / "solc")

    assert install_solc(venv, FOUNDRY_VERSION) == f"native, {on_the_path / 'solc'}"
    assert (venv / "solcx" / f"solc-v{FOUNDRY_VERSION}").stat().st_size == a_program().stat().st_size


@pytest.mark.parametrize("release", ["1.7", "1.7.10", SOLC_VERSION])
def test_native_compiler_of_another_release_is_not_taken(venv: Path, on_the_path: Path, release: str):
    (on_the_path / "solc").symlink_to(a_program())

    with pytest.raises(ToolchainError) as refused:
        install_solc(venv, release)

    assert str(refused.value) == (
        f"neither node nor solc {release} is on the PATH; install Node.js 20 or newer"
    )


def test_script_of_a_version_switcher_is_not_taken(venv: Path, on_the_path: Path):
    (on_the_path / "solc").write_text(f"#!/bin/sh\necho Version: {SOLC_VERSION}+commit.0\n")
    (on_the_path / "solc").chmod(0o755)

    with pytest.raises(ToolchainError):
        install_solc(venv)


def test_npm_anvil_is_preferred_to_the_machine_s(venv: Path, on_the_path: Path):
    a_program()
    (on_the_path / "anvil").write_text("#!/bin/sh\necho anvil Version: 0.2.0\n")
    (on_the_path / "anvil").chmod(0o755)

    assert install_foundry_tool("anvil", venv, NODE_MODULES) == "npm"
    assert f"Version: {FOUNDRY_VERSION}" in answer_of(venv / "bin" / "anvil", "--version")


def test_machine_s_anvil_is_taken_where_npm_has_none(venv: Path, on_the_path: Path, tmp_path: Path):
    (on_the_path / "anvil").write_text("#!/bin/sh\necho anvil Version: 1.5.0\n")
    (on_the_path / "anvil").chmod(0o755)

    source = install_foundry_tool("anvil", venv, tmp_path / "no_node_modules")

    assert source == f"{on_the_path / 'anvil'}, version 1.5.0"
    assert answer_of(venv / "bin" / "anvil") == "anvil Version: 1.5.0\n"


def test_no_anvil_anywhere_is_an_error(venv: Path, on_the_path: Path, tmp_path: Path):
    with pytest.raises(ToolchainError) as refused:
        install_foundry_tool("anvil", venv, tmp_path / "no_node_modules")

    assert str(refused.value) == (
        f"npm has no anvil for this platform and none is on the PATH; install Foundry {FOUNDRY_VERSION}"
    )


def test_anvil_is_started_without_step_traces_and_with_the_limits(
    venv: Path, on_the_path: Path, tmp_path: Path
):
    (on_the_path / "anvil").write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    (on_the_path / "anvil").chmod(0o755)
    install_foundry_tool("anvil", venv, tmp_path / "no_node_modules")

    words = answer_of(
        venv / "bin" / "anvil", "--mnemonic", "test test junk", "--steps-tracing", "--port", "1"
    )

    assert words.splitlines() == [
        "--prune-history",
        "--enable-tx-gas-limit",
        "--mnemonic",
        "test test junk",
        "--port",
        "1",
    ]
    more = answer_of(venv / "bin" / "anvil", "--prune-history", "64")
    assert more.splitlines() == ["--enable-tx-gas-limit", "--prune-history", "64"]


@pytest.mark.parametrize("name", ["ape", "other"])
def test_ape_in_a_folder_that_is_gone_ends_with_a_sentence(tmp_path: Path, name: str):
    program = tmp_path / name
    program.write_text(f"import runpy; runpy.run_path({str(ROOT / 'tools' / 'venv_paths.py')!r})\n")
    gone = tmp_path / "gone"
    gone.mkdir()
    python = Path(sys.base_prefix) / "bin" / "python3"  # No virtual environment, whose own copy would say it.
    command = ["sh", "-c", 'rmdir "$PWD" && exec "$0" "$1"', python, program]
    ended = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False)
    told = "Error: the folder that this was called in is gone: change to one that is there (cd)\n"
    assert (ended.returncode, ended.stderr) == ((1, told) if name == "ape" else (0, ""))


def answer_of(program: Path, *words: str) -> str:
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
