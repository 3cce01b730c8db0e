"""The rehearsal of docs/REHEARSAL.md, command by command as it stands there, by real processes."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from live import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "REHEARSAL.md"
PORTS = ("8545", "8787")
SECONDS = 900  # So that a hung process fails the test; it is no measure of anything.


def commands():
    """The page's blocks of commands, in order, on ports that are free."""
    text = "\n".join(re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    for port in PORTS:
        assert port in text
        text = text.replace(port, str(free_port()))
    return text


def played(env):
    """The exit status of all commands, and what they said."""
    # The first command that fails ends it all, and what still runs then is killed.
    process = subprocess.Popen(
        ["bash", "-c", "set -euo pipefail\n" + commands()],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = process.communicate(timeout=SECONDS)[0]
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return process.returncode, said


def test_the_rehearsal_leads_to_a_verified_model(tmp_path, ape_that_has_imported):
    home, kept = tmp_path / "ape", tmp_path / "work"
    for folder in (home, kept):
        folder.mkdir()
    packages = Path.home() / ".ape" / "packages"
    if packages.exists():
        (home / "packages").symlink_to(packages)
    env = {**os.environ, "APE_DATA_FOLDER": str(home), "TMPDIR": str(kept), "PYTHONUNBUFFERED": "1"}
    programs = (str(Path(ape_that_has_imported).parent), str(Path(sys.executable).parent))
    env["PATH"] = os.pathsep.join([*programs, env["PATH"]])
    status, said = played(env)
    logs = "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in kept.glob("*/*.log"))
    assert status == 0 and "Traceback" not in said, said + logs
    for words in (
        "Nothing was sent.",
        "every parameter read back",
        "2 rounds checked: digests, weights, ballots, decisions",
        "model.safetensors",
        "TEST in all, as the contract says",
        "Withdrew ",
        "leaving without rows or stores",
        " is left in the pool.",
        "task: lending-club",
    ):
        assert words in said, said
    assert said.count("Done: all rounds were played") == 5, said
    assert not list(kept.iterdir()) and not list((home / "accounts").glob("*.json"))
