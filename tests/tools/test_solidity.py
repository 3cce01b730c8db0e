"""Tests in Solidity attack the bytes that are deployed: as Ape compiled them, and no second compilation."""

import json
import re

import solidity

TAKEN = re.compile(r'"(\w+\.sol):(\w+)"')


def test_forge_takes_what_ape_compiled_and_compiles_none_of_it(project, tmp_path):
    compiled = {name: each.contract_type for name, each in project.load_contracts().items()}
    texts = [path.read_text() for path in (solidity.ROOT / "tests" / "forge").rglob("*.sol")]
    taken = {found for text in texts for found in TAKEN.findall(text)}
    assert ("RoundManager.sol", "RoundManager") in taken and solidity.listed()

    solidity.lay_out(tmp_path)
    for file, name in taken:
        laid = json.loads((tmp_path / file / f"{name}.json").read_text())
        assert laid["bytecode"]["object"] == compiled[name].deployment_bytecode.bytecode
        assert laid == json.loads((solidity.FORGE / "out" / file / f"{name}.json").read_text())
    by_forge = json.loads((solidity.FORGE / "cache" / "solidity-files-cache.json").read_text())["files"]
    assert not {compiled[name].source_id for _, name in taken} & by_forge.keys()
