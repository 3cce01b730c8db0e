"""Points every Python of the virtual environment at the compiler and the chain that `make` put into it.

`tools/link_toolchain.py` installs this module so that it runs when Python starts: `.venv/bin/ape` then works
without `source .venv/bin/activate`, and no compiler is looked for, or put, in the home directory.
"""

import os
import sys
from pathlib import Path

_compilers = Path(sys.prefix) / "solcx"
_programs = str(Path(sys.prefix) / "bin")

if _compilers.is_dir():
    os.environ["SOLCX_BINARY_PATH"] = str(_compilers)

_path = os.environ.get("PATH", os.defpath)
if _programs not in _path.split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([_programs, _path])
