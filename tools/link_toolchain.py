"""Puts solc, anvil, forge and cast of the pinned versions into the virtual environment that runs this script.

A native solc of the pinned version on this machine is preferred to npm's wasm build of it: the same compiler
and bytecode, but faster. anvil, forge and cast come from npm, or from the PATH where npm has none for the
platform.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLC_VERSION = "0.8.37"
FOUNDRY_VERSION = "1.7.1"

# What Ape's fixed command line for anvil lacks, and has too much of. --prune-history: else anvil slows down
# with every block and writes old states into the home directory. Whoever says how many to keep gets them:
# anvil reorganises down to kept states only. --enable-tx-gas-limit: EIP-7825, as public networks have it.
# --steps-tracing: a gigabyte for 30,000 small transactions, and errors are decoded without.
ANVIL_START = """\
prune=--prune-history
for argument; do
  shift
  case "$argument" in
  --steps-tracing) continue ;;
  --prune-history*) prune= ;;
  esac
  set -- "$@" "$argument"
done
exec {program} $prune --enable-tx-gas-limit "$@"
"""
PROGRAM_START = 'exec {program} "$@"\n'
# The answer to --version is fixed: Ape asks several times per compilation, and the wasm loads in a second.
SOLC_START = """\
case "$*" in
*--version*) cat <<'END' ;;
{version}END
*) exec {node} {shim} "$@" ;;
esac
"""


class ToolchainError(Exception):
    """A tool of the pinned version is neither in node_modules nor on this machine."""


def main() -> None:
    """Links every tool and prints one line for each."""
    if sys.prefix == sys.base_prefix:
        raise ToolchainError(f"{sys.executable} is not in a virtual environment; run `make install` instead")
    venv = Path(sys.prefix)
    print(f"solc {SOLC_VERSION}: {install_solc(venv)}")
    for name in ("anvil", "forge", "cast"):
        print(f"{name} {FOUNDRY_VERSION}: {install_foundry_tool(name, venv, ROOT / 'node_modules')}")
    install_paths_hook(Path(sysconfig.get_path("purelib")))


def install_solc(venv: Path, release: str = SOLC_VERSION) -> str:
    """Installs solc where `SOLCX_BINARY_PATH` will point, and returns where it came from."""
    folder = venv / "solcx"
    folder.mkdir(exist_ok=True)
    target = folder / f"solc-v{release}"
    native = next(native_compilers(venv, release), None)
    if native is not None:
        target.unlink(missing_ok=True)
        shutil.copy(native, target)
        return f"native, {native}"
    node = shutil.which("node")
    if node is None:
        raise ToolchainError(f"neither node nor solc {release} is on the PATH; install Node.js 20 or newer")
    shim = str(ROOT / "tools" / "solc.js")
    version = version_output([node, shim])
    if f"Version: {release}+" not in version:
        raise ToolchainError(f"expected solc {release} in node_modules, got {version!r}; run `npm ci`")
    write_script(target, SOLC_START.format(version=version, node=shlex.quote(node), shim=shlex.quote(shim)))
    return "npm's wasm build"


def native_compilers(venv: Path, release: str) -> Iterator[Path]:
    """Yields the native compilers of a release that are already on this machine."""
    on_path = (Path(folder or ".") / "solc" for folder in os.get_exec_path())
    home = Path.home()
    known = (
        home / ".solcx" / f"solc-v{release}",
        home / ".svm" / release / f"solc-{release}",
        home / ".solc-select" / "artifacts" / f"solc-{release}" / f"solc-{release}",
    )
    for candidate in (*on_path, *known):
        if venv not in candidate.parents and is_program(candidate):
            if re.search(rf"Version: {re.escape(release)}(?![\d.])", version_output([str(candidate)])):
                yield candidate.resolve()


def is_program(path: Path) -> bool:
    """Tells programs from the scripts of version switchers, which answer differently tomorrow."""
    if not (path.is_file() and os.access(path, os.X_OK)):
        return False
    with path.open("rb") as file:
        return file.read(2) != b"#!"


def install_foundry_tool(name: str, venv: Path, node_modules: Path) -> str:
    """Installs one program of Foundry in the environment's bin folder, and returns where it came from."""
    packages = sorted((node_modules / "@foundry-rs").glob(f"{name}-*/bin/{name}*"))
    for program in packages:
        if FOUNDRY_VERSION in version_output([str(program)]):
            link_foundry_tool(name, program, venv)
            return "npm"
    outside = os.pathsep.join(folder for folder in os.get_exec_path() if Path(folder) != venv / "bin")
    found = shutil.which(name, path=outside)
    if found is None:
        raise ToolchainError(
            f"npm has no {name} for this platform and none is on the PATH; install Foundry {FOUNDRY_VERSION}"
        )
    link_foundry_tool(name, Path(found), venv)
    version = re.search(r"\d+\.\d+\.\d+", version_output([found]))
    return f"{found}, version {version.group() if version else 'unknown'}"


def link_foundry_tool(name: str, program: Path, venv: Path) -> None:
    """Writes the environment's own start script of a program."""
    start = ANVIL_START if name == "anvil" else PROGRAM_START
    write_script(venv / "bin" / name, start.format(program=shlex.quote(str(program))))


def install_paths_hook(packages: Path) -> None:
    """Makes every Python of the environment run `tools/venv_paths.py` and find the project's own packages."""
    shutil.copy(ROOT / "tools" / "venv_paths.py", packages / "stakefed_venv_paths.py")
    (packages / "stakefed_venv_paths.pth").write_text(f"{ROOT}\nimport stakefed_venv_paths\n")


def version_output(command: list[str]) -> str:
    """Returns what a program answers to `--version`, and an empty string when it cannot run."""
    try:
        return subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def write_script(target: Path, body: str) -> None:
    """Writes an executable shell script, in place of whatever was there."""
    target.unlink(missing_ok=True)
    target.write_text(f"#!/bin/sh\n{body}")
    target.chmod(0o755)


if __name__ == "__main__":
    try:
        main()
    except ToolchainError as error:
        sys.exit(f"error: {error}")
