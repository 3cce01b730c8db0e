"""Tests in Solidity as pytest's: each is an item of its own, which forge runs and whose output is whole."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def pytest_xdist_setupnodes(config, specs):
    """Compile before tests run side by side, or each process would."""
    commands = [(BIN / "ape", "compile"), (BIN / "forge", "build")]
    running = [
        subprocess.Popen(each, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for each in commands
    ]
    for process in running:
        said, _ = process.communicate()
        if process.returncode:
            pytest.exit(f"the contracts do not compile:\n{said}", returncode=1)


def pytest_collect_file(file_path, parent):
    if file_path.name.endswith(".t.sol"):
        return SolidityFile.from_parent(parent, path=file_path)


class SolidityFile(pytest.File):
    """A file of tests in Solidity; one of proofs alone, which `make prove` runs, has none."""

    def collect(self):
        for contract, tests in listed().get(str(self.path.relative_to(ROOT)), {}).items():
            for test in tests:
                yield SolidityTest.from_parent(self, name=f"{contract}.{test}", contract=contract, test=test)


class SolidityTest(pytest.Item):
    """One test, fuzz test or campaign of a contract."""

    fixturenames = ()

    def __init__(self, *, contract, test, **rest):
        super().__init__(**rest)
        self.contract, self.test = contract, test

    def runtest(self):
        done = forge(
            *("--threads", "1", "--match-path", self.path.relative_to(ROOT)),
            *("--match-contract", f"^{self.contract}$", "--match-test", rf"^{self.test}\("),
        )
        if done.returncode or "1 tests passed, 0 failed, 0 skipped" not in done.stdout:
            raise ForgeError(done.stdout + done.stderr)

    def reportinfo(self):
        return self.path, None, self.name


class ForgeError(Exception):
    """What forge said of a test that did not pass, or of contracts that do not compile."""


@functools.cache
def listed():
    """Names of all tests by file and contract."""
    done = forge("--list", "--json")
    if done.returncode:
        raise ForgeError(done.stdout + done.stderr)
    return json.loads(done.stdout)


def forge(*arguments):
    return subprocess.run([BIN / "forge", "test", *arguments], cwd=ROOT, capture_output=True, text=True)
