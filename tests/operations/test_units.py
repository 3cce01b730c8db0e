"""systemd units: systemd takes them, finds them hardened, and they name options that the commands have."""

import shlex
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "operations" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
PROGRAM = "/opt/stakefed/bin/stakefed"
EXPOSURE = 20  # Tenths, of systemd's scale to 100: 1.3 was measured.

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here to check units"
)


def lines(unit, name):
    return [line.partition("=")[2] for line in unit.read_text().splitlines() if line.startswith(f"{name}=")]


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_it(unit, tmp_path):
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
    said = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_hardened(unit):
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(unit)],
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_starts_a_command_with_options_that_it_has(unit):
    (start,) = lines(unit, "ExecStart")
    program, command, *options = shlex.split(start)
    assert program == PROGRAM and unit.name.startswith(f"stakefed-{command}")
    known = {name for each in import_module(f"scripts.{command}").cli.params for name in each.opts}
    assert {each for each in options if each.startswith("--")} <= known
    assert options[-1] == "$OPTIONS" and lines(unit, "EnvironmentFile") == [f"/etc/stakefed/{command}.env"]


def test_who_signs_takes_its_passphrase_as_a_credential_and_the_store_has_none():
    for unit in UNITS:
        expected = [] if "store" in unit.name else ["%i.passphrase:/etc/stakefed/%i.passphrase"]
        assert lines(unit, "LoadCredential") == expected
        assert "PASSPHRASE" not in unit.read_text()
