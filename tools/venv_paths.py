"""Points every Python of the virtual environment at the compiler and the chain that `make` put into it.

`tools/link_toolchain.py` installs this module so that it runs when Python starts: `.venv/bin/ape` then works
without `source .venv/bin/activate`, and no compiler is looked for, or put, in the home directory. In a folder
that is gone Ape ends in a traceback before it looks for scripts: here is the last place for a sentence.
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

if any(Path(part).name == "ape" for part in sys.orig_argv[:2]):
    try:
        os.getcwd()
    except FileNotFoundError:
        os.write(2, b"Error: the folder that this was called in is gone: change to one that is there (cd)\n")
        os._exit(1)  # No error of what runs while Python starts ends it in silence.
