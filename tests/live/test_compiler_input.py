"""What `ape run deploy` writes beside the address book: compiled again, it gives what was deployed."""

import json
import subprocess

from ape_solidity._utils import get_executable
from packaging.version import Version

from offchain.chain.compiled import compiled_contracts, compiler_input
from offchain.live.deploying.book import source_path, write_source

VERSION = Version("0.8.37")
DEPLOYED = (
    "RoundManager",
    "StakePool",
    "Relay",
    "StakeToken",
    "PrevrandaoSeed",
    "BlockhashSeed",
    "MerkleAdmission",
    "RegistryAdmission",
)


def test_compiled_again_it_gives_the_deployed_bytes(tmp_path):
    """With the metadata's hash at their end, in which every letter of every source counts."""
    path = source_path(tmp_path / "net.yaml")
    write_source(path, compiler_input())
    given = json.loads(path.read_text())
    assert path.name == "net.compiler.json" and not any("mocks" in name for name in given["sources"])
    answer = json.loads(
        subprocess.run(
            [str(get_executable(VERSION)), "--standard-json"],
            input=path.read_bytes(),
            cwd=tmp_path,
            capture_output=True,
            check=True,
        ).stdout
    )
    assert [e["formattedMessage"] for e in answer.get("errors", ()) if e["severity"] == "error"] == []
    again = {name: made for file in answer["contracts"].values() for name, made in file.items()}
    known = compiled_contracts()
    for name in DEPLOYED:
        code = bytes(known[name].get_deployment_bytecode())
        assert bytes.fromhex(again[name]["evm"]["bytecode"]["object"]) == code, name
        runtime = bytes.fromhex(again[name]["evm"]["deployedBytecode"]["object"])
        assert len(runtime) == len(bytes(known[name].get_runtime_bytecode())) > 0, name
