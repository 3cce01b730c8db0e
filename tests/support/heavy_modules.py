"""Runs a command of `scripts/` in this process, and says on its last line which large libraries it loaded.

`python tests/support/heavy_modules.py status --deployment ...`; without a command it loads all of them, as
Ape does for every command and every `--help`.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from click import ClickException

HEAVY = ("torch", "sklearn", "scipy", "pandas", "matplotlib", "numba")
OF_APE = ("web3", "ape_ethereum")
"""What accounts and networks of Ape's bring, which no `--help` needs."""


def main():
    names = HEAVY if sys.argv[1:] else HEAVY + OF_APE
    if sys.argv[1:]:
        try:
            import_module(f"scripts.{sys.argv[1]}").cli.main(sys.argv[2:], standalone_mode=False)
        except ClickException as refusal:
            print(refusal, file=sys.stderr)
    else:
        for path in sorted(Path("scripts").glob("[!_]*.py")):
            import_module(f"scripts.{path.stem}")
    print(json.dumps([name for name in names if name in sys.modules]))


if __name__ == "__main__":
    main()
