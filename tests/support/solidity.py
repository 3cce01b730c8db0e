"""Tests in Solidity as pytest's: each is an item of its own, which forge runs and whose output is whole.

Forge compiles the tests alone. The contracts that they take by name are laid where it looks for them, as Ape
compiled them: the very bytes that are deployed, compiled once.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from offchain.chain.compiled import compiled_contracts

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PROFILE = "beside"
FORGE = ROOT / ".build" / "forge" / PROFILE
MANIFEST = ROOT / ".build" / "__local__.json"
KEPT = []  # Folders of this process, until it ends.


def pytest_xdist_setupnodes(config, specs):
    """Compile before tests run side by side, or each process would."""
    commands = [(BIN / "ape", "compile"), (BIN / "forge", "build")]
    told = {"cwd": ROOT, "env": environment(), "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    running = [subprocess.Popen(each, text=True, **told) for each in commands]
    for process in running:
        said, _ = process.communicate()
        if process.returncode:
            pytest.exit(f"the contracts do not compile:\n{said}", returncode=1)
    lay_out(FORGE / "out")


def lay_out(folder):
    """Lay what Ape compiled where forge looks for contracts by name; libraries are compiled in the tests."""
    for name, contract in json.loads(MANIFEST.read_text())["contractTypes"].items():
        source, code = Path(contract["sourceId"]), contract["deploymentBytecode"]["bytecode"]
        if code != "0x" and source.parent.name != "libraries":
            place = folder / source.name / f"{name}.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps({"abi": contract["abi"], "bytecode": {"object": code}}))


def pytest_collect_file(file_path, parent):
    if file_path.name.endswith(".t.sol"):
        return SolidityFile.from_parent(parent, path=file_path)


class SolidityFile(pytest.File):
    """A file of tests in Solidity; one of proofs alone, which `make prove` runs, has none."""

    def collect(self):
        for contract, tests in listed().get(str(self.path.relative_to(ROOT)), {}).items():
            for test in tests:
                yield SolidityTest.from_parent(self, name=f"{contract}.{test}", contract=contract, test=test)

    @functools.cached_property
    def passed_together(self):
        """Names of the tests that are asked for and pass, all by one forge: most take less than its start."""
        asked = [item for item in self.session.items if item.parent is self]
        done = forge("--json", *self.only({item.contract for item in asked}, {item.test for item in asked}))
        try:
            suites = json.loads(done.stdout)
        except ValueError:  # It came to no end.
            return set()
        return {
            f"{suite.rpartition(':')[2]}.{test.partition('(')[0]}"
            for suite, said in suites.items()
            for test, result in said["test_results"].items()
            if result["status"] == "Success"
        }

    def only(self, contracts, tests):
        """Forge's options for these tests of this file, one after the other."""
        return (
            *("--threads", "1", "--match-path", self.path.relative_to(ROOT)),
            *("--match-contract", f"^({'|'.join(contracts)})$"),
            *("--match-test", rf"^({'|'.join(tests)})\("),
        )


class SolidityTest(pytest.Item):
    """One test, fuzz test or campaign of a contract."""

    fixturenames = ()

    def __init__(self, *, contract, test, **rest):
        super().__init__(**rest)
        self.contract, self.test = contract, test

    def runtest(self):
        if self.name in self.parent.passed_together:
            return
        done = forge(*self.parent.only({self.contract}, {self.test}))  # Again, for what is said of it alone.
        if done.returncode or "1 tests passed, 0 failed, 0 skipped" not in done.stdout:
            raise ForgeError(done.stdout + done.stderr)

    def reportinfo(self):
        return self.path, None, self.name


class ForgeError(Exception):
    """What forge said of a test that did not pass, or of contracts that do not compile."""


@functools.cache
def listed():
    """Names of all tests by file and contract."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compiled_contracts()
        lay_out(FORGE / "out")
    done = forge("--list", "--json")
    if done.returncode:
        raise ForgeError(done.stdout + done.stderr)
    return json.loads(done.stdout)


def forge(*arguments):
    command = [BIN / "forge", "test", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)


def environment():
    return os.environ | {"FOUNDRY_PROFILE": PROFILE} | own_cache()


@functools.cache
def own_cache():
    """Forge writes its cache at every start: who reads it just then compiles everything, for a minute."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return {}
    folder = tempfile.TemporaryDirectory()
    KEPT.append(folder)
    shutil.copytree(FORGE / "cache", folder.name, dirs_exist_ok=True)
    return {"FOUNDRY_CACHE_PATH": folder.name}
