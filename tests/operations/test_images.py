"""Images and the composed rehearsal, held against commands and files; Docker itself is not needed."""

import json
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "operations"
DOCKERFILE = (OPERATIONS / "images" / "Dockerfile").read_text()
COMPOSED = yaml.safe_load((OPERATIONS / "compose" / "compose.yaml").read_text())
SERVICES = COMPOSED["services"]
PROGRAMS = {
    name: each for name, each in SERVICES.items() if each["image"] in ("stakefed-watcher", "stakefed-client")
}
COMMANDS = {name: each["command"] for name, each in PROGRAMS.items() if "entrypoint" not in each}


def test_images_take_files_that_are_there():
    copied = [
        name
        for line in re.findall(r"^COPY (?!--)(.*)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    ignored = (OPERATIONS / "images" / "Dockerfile.dockerignore").read_text()
    assert copied
    for name in copied:
        assert f"!{name}\n" in ignored
        assert name.startswith("dist/") or (ROOT / name).is_file()


def test_images_are_those_that_make_builds():
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    [built] = re.findall(r"for target in ([\w ]+); do", (ROOT / "Makefile").read_text())
    assert set(built.split()) <= targets
    own = {each["image"] for each in SERVICES.values() if each["image"].startswith("stakefed-")}
    assert own == {f"stakefed-{target}" for target in built.split()}


def test_watchers_and_servers_have_the_image_without_torch():
    [watcher] = re.findall(r"^FROM python:\S+ AS watcher\n(.*?)\n\n", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert "--from=environment /opt" in watcher and "torch" not in watcher
    images = {name: SERVICES[name]["image"] for name in ("store", "keeper", "relay", "client0", "founder")}
    assert [images[name] for name in ("store", "keeper", "relay")] == ["stakefed-watcher"] * 3
    assert images["client0"] == images["founder"] == "stakefed-client"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_composed_command_is_one_that_can_be_given(name):
    command, *arguments = COMMANDS[name]
    cli = import_module(f"scripts.{command}").cli
    with cli.make_context(command, list(arguments)) as context:
        assert context.params["metrics"] == 9100
    account = arguments[arguments.index("--account") + 1] if "--account" in arguments else None
    assert account is None or f"APE_ACCOUNTS_{account}_PASSPHRASE" in PROGRAMS[name]["environment"]


def compose():
    """Docker Compose, of its own or Docker's plugin."""
    if alone := shutil.which("docker-compose"):
        return [alone]
    plugin = shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True)
    return ["docker", "compose"] if plugin and plugin.returncode == 0 else None


@pytest.mark.skipif(compose() is None, reason="Docker Compose is not here; Debian 13's docker-compose is one")
def test_compose_itself_takes_the_file():
    file = OPERATIONS / "compose" / "compose.yaml"
    told = subprocess.run(
        [*compose(), "--file", str(file), "config", "--format", "json"], capture_output=True
    )
    assert told.returncode == 0 and told.stderr == b"", told.stderr
    assert json.loads(told.stdout)["services"].keys() == SERVICES.keys()


def test_services_name_each_other():
    text = " ".join(" ".join(command) for command in COMMANDS.values())
    assert set(re.findall(r"http://(\w+):", text)) == {"chain", "store", "relay"} <= set(SERVICES)
    for each in SERVICES.values():
        assert set(each.get("depends_on", {})) <= set(SERVICES)
        for volume in each.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSED["volumes"] or (OPERATIONS / "compose" / source).exists(), source


def test_no_service_has_more_rights_than_it_needs():
    for name, each in PROGRAMS.items():
        if name != "volume":
            assert each["cap_drop"] == ["ALL"] and each["read_only"]
            assert each["security_opt"] == ["no-new-privileges:true"]
    published = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_the_founders_script_is_one_that_bash_reads():
    script = OPERATIONS / "compose" / "founder.sh"
    assert subprocess.run(["bash", "-n", script], capture_output=True, text=True).stderr == ""
