"""Prometheus itself reads the alerts, scrapes a program and answers what the dashboard asks."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
import yaml
from live import eventually
from ports import free_port
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from offchain.monitoring import measures
from offchain.monitoring.server import monitored
from offchain.monitoring.vitals import Vitals

OPERATIONS = Path(__file__).resolve().parents[2] / "operations"
DASHBOARD = json.loads((OPERATIONS / "grafana" / "stakefed.json").read_text())
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def program(name):
    found = shutil.which(name, path=os.environ.get("PROMETHEUS_BIN")) or shutil.which(name)
    return found or pytest.skip(f"{name} is not installed; Debian's package prometheus has it")


def test_promtool_takes_the_alerts_and_the_scrapes():
    for kind, name in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        told = subprocess.run(
            [program("promtool"), "check", kind, OPERATIONS / "prometheus" / name],
            capture_output=True,
            text=True,
        )
        assert told.returncode == 0 and "SUCCESS" in told.stdout, told.stdout + told.stderr


def test_every_alert_fires_when_it_should_and_is_quiet_when_all_is_well():
    tests = OPERATIONS / "prometheus" / "alerts_test.yml"
    told = subprocess.run([program("promtool"), "test", "rules", tests], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    rules = yaml.safe_load((tests.parent / "alerts.yml").read_text())["groups"][0]["rules"]
    quiet, loud = yaml.safe_load(tests.read_text())["tests"]
    for played in (quiet, loud):
        assert {each["alertname"] for each in played["alert_rule_test"]} == {rule["alert"] for rule in rules}


@pytest.mark.parametrize("group", ["CLIENT", "KEEPER", "RELAY", "STORE"])
def test_promtool_finds_nothing_against_names_and_units(group):
    registry = CollectorRegistry()
    for each in (*measures.PROGRAM, *getattr(measures, group)):
        registry.register(each)
    told = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
    )
    assert told.returncode == 0 and told.stderr == b"", told.stderr.decode()


def test_dashboards_panels_are_expressions_that_a_parser_takes():
    parser = pytest.importorskip("promql_parser", reason="promql-parser is not installed")
    rules = yaml.safe_load((OPERATIONS / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
    for expression in [*ASKED, *(rule["expr"] for rule in rules)]:
        parser.parse(expression.replace("$__rate_interval", "5m"))
    with pytest.raises(ValueError):
        parser.parse("sum(rate(stakefed_gas_used_total[5m])")


def test_prometheus_scrapes_a_client_and_answers_the_dashboard(tmp_path):
    server = program("prometheus")
    with monitored(0, "127.0.0.1", measures.CLIENT, Vitals()) as told:
        scraped = {"job_name": "client", "static_configs": [{"targets": [f"127.0.0.1:{told}"]}]}
        content = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scraped]}
        content["rule_files"] = [str(OPERATIONS / "prometheus" / "alerts.yml")]
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(content))
        port = free_port()
        options = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
        options += [f"--web.listen-address=127.0.0.1:{port}"]
        with open(tmp_path / "log", "w") as log:
            running = subprocess.Popen([server, *options], stdout=log, stderr=log)
        try:
            look_at(f"http://127.0.0.1:{port}/api/v1", running, tmp_path / "log")
        finally:
            running.terminate()
            running.wait(20)


def look_at(api, running, log):
    def ask(path, **query):
        try:
            return requests.get(f"{api}/{path}", params=query, timeout=10).json()["data"]
        except requests.RequestException:
            assert running.poll() is None, log.read_text()
            return None

    def result(expression):
        answer = ask("query", query=expression.replace("$__rate_interval", "5m"))
        return None if answer is None else answer["result"]

    eventually(lambda: result("stakefed_healthy"))
    (up,) = result('up{job="client"}')
    assert up["value"][1] == "1"
    known = set(ask("label/__name__/values"))
    assert {"stakefed_build_info", "stakefed_cache_bytes", "stakefed_privacy_epsilon"} <= known
    assert "stakefed_training_seconds_bucket" in known
    assert all(result(expression) is not None for expression in ASKED)
    (group,) = eventually(lambda: (ask("rules") or {}).get("groups"))
    rules = eventually(lambda: [r for r in ask("rules")["groups"][0]["rules"] if r["health"] == "ok"][8:])
    assert rules and len(group["rules"]) == 9
