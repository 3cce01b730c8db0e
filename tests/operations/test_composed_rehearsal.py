"""The composed rehearsal without Docker: its script and commands as processes, asked for their measures."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml
from live import eventually, free_port, node

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "operations"
SERVICES = yaml.safe_load((OPERATIONS / "compose" / "compose.yaml").read_text())["services"]
PROGRAMS = {name: each for name, each in SERVICES.items() if "--metrics" in each.get("command", [])}

pytestmark = pytest.mark.skipif(
    not os.environ.get("LIVE_BUDGET"), reason="minutes long, eight processes; `make live` plays it"
)


@pytest.fixture
def folder(tmp_path):
    """What the volume of all containers is; and a program `stakefed`, as the wheel installs it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "stakefed").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m scripts "$@"\n')
    (programs / "stakefed").chmod(0o755)
    return tmp_path


def environment(folder, **more):
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder), "REHEARSAL": str(folder)}
    return {**os.environ, **own, **more, "APE_DATA_FOLDER": str(folder / "ape")}


def start(name, folder, places, ports):
    """A service's command, with places of this machine for those of containers."""
    words = [str(word) for word in PROGRAMS[name]["command"]]
    for inner, outer in places.items():
        words = [word.replace(inner, outer) for word in words]
    words = [
        str(folder) + word.removeprefix("/rehearsal") if word.startswith("/rehearsal/") else word
        for word in words
    ]
    words += ["--port", ports[name]] if name in ports else []
    words[words.index("--metrics") + 1] = str(ports[f"{name} metrics"])
    secrets = {key: value for key, value in PROGRAMS[name]["environment"].items() if "PASSPHRASE" in key}
    with open(folder / f"{name}.log", "w") as log:
        return subprocess.Popen(
            [str(folder / "bin" / "stakefed"), *words],
            cwd=ROOT,
            env=environment(folder, **secrets),
            stdout=log,
            stderr=log,
        )


def told(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except requests.RequestException:
        return ""


def test_the_composed_rehearsal_plays_rounds_and_tells_what_the_dashboard_shows(folder):
    ports = {f"{name} metrics": str(free_port()) for name in PROGRAMS}
    ports |= {"store": str(free_port()), "relay": str(free_port())}
    started = {}
    with node("--block-time", "1") as running:
        places = {
            "http://chain:8545": running.url,
            "http://store:8787": f"http://127.0.0.1:{ports['store']}",
            "http://relay:8788": f"http://127.0.0.1:{ports['relay']}",
            "0.0.0.0": "127.0.0.1",
        }
        secrets = {k: v for k, v in SERVICES["founder"]["environment"].items() if "PASSPHRASE" in k}
        script = ["bash", str(OPERATIONS / "compose" / "founder.sh")]
        for _ in range(2):  # Compose starts it again with every `up`.
            founded = subprocess.run(
                script,
                cwd=ROOT,
                env=environment(folder, NODE=running.url, **secrets),
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert founded.returncode == 0, founded.stdout + founded.stderr
        try:
            for name in PROGRAMS:
                started[name] = start(name, folder, places, ports)
            watched = [ports[f"{name} metrics"] for name in PROGRAMS]

            def all_see_a_second_round():
                ended = {name for name, process in started.items() if process.poll() is not None}
                assert not ended, "\n".join((folder / f"{name}.log").read_text() for name in ended)
                return all(re.search(r"^stakefed_round_number [2-9]", told(p), re.MULTILINE) for p in watched)

            eventually(all_see_a_second_round, 600)
            texts = {name: told(ports[f"{name} metrics"]) for name in PROGRAMS}
            health = {
                name: requests.get(f"http://127.0.0.1:{ports[f'{name} metrics']}/health", timeout=5).json()
                for name in PROGRAMS
            }
        finally:
            for process in started.values():
                process.send_signal(signal.SIGTERM)
            for process in started.values():
                process.wait(60)
    assert {name: each["problems"] for name, each in health.items()} == {name: [] for name in PROGRAMS}
    everything = "\n".join(texts.values())
    shown = set(
        re.findall(
            r"(?:stakefed|process)_\w+",
            json.dumps(json.loads((OPERATIONS / "grafana" / "stakefed.json").read_text())),
        )
    )
    rare = {"stakefed_seats_missed_total", "stakefed_node_refusals_total"}  # No series before the first.
    assert {
        name for name in shown - rare if not re.search(rf"^{name}[ {{]", everything, re.MULTILINE)
    } == set()
    assert (
        "stakefed_relay_entries_total" in texts["relay"]
        and "global model on own rows" in (folder / "client0.log").read_text()
    )
