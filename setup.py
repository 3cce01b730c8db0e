"""What a wheel brings beside its modules: the compiled contracts, and the lock file."""

import json
import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
MANIFEST = ROOT / ".build" / "__local__.json"
"""Where Ape keeps what it compiled, with the sources that it compiled."""
UNUSED = ("ast", "devdoc", "userdoc", "sourcemap", "pcmap")


class BuildWithContracts(build_py):
    """Copies modules, and writes what Ape compiled beside them, once it was found to be of these sources."""

    def run(self):
        """Build."""
        super().run()
        if self.editable_mode:
            return
        built = Path(self.build_lib) / "offchain"
        (built / "chain" / "contracts.json").write_text(json.dumps(contracts()), encoding="utf-8")
        shutil.copy(ROOT / "requirements.txt", built / "requirements.txt")


def contracts():
    """Return the compiled contracts of contracts/ by name, without what only compilers need."""
    if not MANIFEST.is_file():
        sys.exit("error: the contracts are not compiled: run `make wheel`, which does that first")
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    for name, source in manifest["sources"].items():
        path = ROOT / name
        if not path.is_file() or path.read_text(encoding="utf-8").strip() != source["content"].strip():
            sys.exit(
                f"error: {name} changed since it was compiled: run `make wheel`, which compiles it first"
            )
    return {
        name: {key: value for key, value in each.items() if key not in UNUSED}
        for name, each in manifest["contractTypes"].items()
        if "/mocks/" not in each["sourceId"]
    }


setup(cmdclass={"build_py": BuildWithContracts})
