"""What several files have to say about versions and compiler settings is the same in all."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from tools.link_toolchain import FOUNDRY_VERSION, ROOT, SOLC_VERSION

APE: dict[str, Any] = yaml.safe_load((ROOT / "ape-config.yaml").read_text())
FORGE: dict[str, Any] = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
NPM: dict[str, Any] = json.loads((ROOT / "package.json").read_text())
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKED = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
SOURCES = sorted(path for path in (ROOT / "contracts").rglob("*.sol") if ".cache" not in path.parts)


def test_one_compiler():
    assert APE["solidity"]["version"] == SOLC_VERSION == NPM["devDependencies"]["solc"]
    assert FORGE["solc"] == f".venv/solcx/solc-v{SOLC_VERSION}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_exact_pragma(source: Any):
    assert re.findall(r"^pragma solidity (.*);", source.read_text(), re.MULTILINE) == [SOLC_VERSION]


def test_ape_and_forge_compile_alike():
    solidity = APE["solidity"]
    assert FORGE["evm_version"] == solidity["evm_version"]
    assert FORGE["optimizer"] == solidity["optimize"]
    assert FORGE["optimizer_runs"] == solidity["optimization_runs"]
    assert FORGE["via_ir"] == solidity["via_ir"]


def test_one_openzeppelin():
    [dependency] = APE["dependencies"]
    assert dependency["version"] == NPM["dependencies"]["@openzeppelin/contracts"]
    assert APE["solidity"]["import_remapping"] == [
        f"@openzeppelin/contracts=openzeppelin/{dependency['version']}"
    ]


def test_one_foundry():
    assert set(NPM["optionalDependencies"].values()) == {FOUNDRY_VERSION}


def test_ape_plugins_are_the_locked_ones():
    for plugin in APE["plugins"]:
        assert LOCKED[f"ape-{plugin['name']}"] == plugin["version"]


def test_npm_packages_are_exact_and_locked():
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, version in NPM[group].items():
            assert locked[f"node_modules/{name}"]["version"] == version


def test_one_range_of_pythons():
    makefile = (ROOT / "Makefile").read_text()
    [taken] = re.findall(r"sys\.version_info\[:2\] not in \((.*?\))\)", makefile)
    minors = [int(minor) for minor in re.findall(r"\(3, (\d+)\)", taken)]
    assert PROJECT["project"]["requires-python"] == f">=3.{minors[0]},<3.{minors[-1] + 1}"
    assert PROJECT["tool"]["mypy"]["python_version"] == f"3.{minors[0]}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py3{minors[0]}"
    assert re.findall(r"for name in ((?:python3\.\d+ )+)python3;", makefile) == [
        "".join(f"python3.{minor} " for minor in minors)
    ]


@pytest.mark.parametrize("name", ["Makefile", "README.md", "docs/DECISIONS.md"])
def test_what_keeps_later_pythons_out_is_what_is_locked(name: str):
    [version] = re.findall(r"numpy (1[\d.]*\d)", (ROOT / name).read_text())
    assert version == LOCKED["numpy"]


@pytest.mark.parametrize("name", ["Makefile", "README.md"])
def test_who_asks_for_it_is_what_is_locked(name: str):
    [version] = re.findall(r"eth-ape ([\d.]*\d)", (ROOT / name).read_text())
    assert version == LOCKED["eth-ape"]


@pytest.mark.parametrize(
    "name",
    [
        "package-lock.json",
        "requirements.txt",
        "requirements-torch.txt",
        "requirements-audit.txt",
        "requirements.in",
        ".npmrc",
    ],
)
def test_locks_name_no_place_to_fetch_from(name: str):
    text = (ROOT / name).read_text()
    assert not re.search(r"resolved\"|index-url|find-links|registry\s*=|file:/", text)
