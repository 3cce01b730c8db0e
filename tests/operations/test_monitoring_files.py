"""Dashboard, alerts and scrapes: they parse, and every measure that they name is told by a program."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, ProcessCollector

from offchain.monitoring import measures

OPERATIONS = Path(__file__).resolve().parents[2] / "operations"
DASHBOARD = json.loads((OPERATIONS / "grafana" / "stakefed.json").read_text())
ALERTS = yaml.safe_load((OPERATIONS / "prometheus" / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]] + [r["expr"] for r in RULES]
SUFFIXES = {"counter": ("_total",), "histogram": ("_sum", "_count", "_bucket"), "info": ("_info",)}


@pytest.fixture(scope="module")
def measures_told():
    """Labels of every series by its name, as programs tell them."""
    registry = CollectorRegistry()
    series = {f.name: set() for f in ProcessCollector(registry=registry).collect()} | {"up": {"job"}}
    for group in (measures.PROGRAM, measures.CLIENT, measures.KEEPER, measures.RELAY, measures.STORE):
        for each in group:
            for family in each.describe():
                for suffix in SUFFIXES.get(family.type, ("",)):
                    series[family.name + suffix] = set(each._labelnames)
    return series


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_asked_for_is_told(expression, measures_told):
    bare = re.sub(r'"[^"]*"', '""', expression)
    named = re.findall(r"\b(stakefed_\w+|process_\w+|up)\b(?:\{([^}]*)\})?", bare)
    assert named
    for name, matchers in named:
        assert name in measures_told, name
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        assert labels <= measures_told[name] | {"job", "instance"}, (name, labels)
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)


def test_what_a_legend_or_a_summary_shows_is_a_label_of_its_series(measures_told):
    shown = [(t["expr"], t["legendFormat"]) for panel in PANELS for t in panel["targets"]]
    shown += [(r["expr"], r["annotations"]["summary"].replace("$labels.", "")) for r in RULES]
    for expression, text in shown:
        names = {name for name in re.findall(r"stakefed_\w+|process_\w+|\bup\b", expression)}
        labels = set().union(*(measures_told[name] for name in names)) | {"job", "instance"}
        assert set(re.findall(r"\{\{ ?(\w+) ?\}\}", text)) <= labels, text


def test_every_alert_says_what_to_do():
    assert len({rule["alert"] for rule in RULES}) == len(RULES) >= 9
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"] and rule["annotations"]["do"].endswith((".", "?", ")."))


def test_panels_have_places_of_their_own():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_grafanas_own_model_of_a_dashboard_takes_all_of_it():
    sdk = "grafana_foundation_sdk"
    pytest.importorskip(sdk, reason="grafana-foundation-sdk is not installed, Grafana's model of a dashboard")
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    plugins.register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))
    assert kept(DASHBOARD, again) == DASHBOARD


def kept(asked, found):
    """Of what was found what was asked for: defaults beside it are left out."""
    if isinstance(asked, dict):
        return {key: kept(value, found[key]) for key, value in asked.items() if key in found}
    if isinstance(asked, list):
        return [kept(*pair) for pair in zip(asked, found, strict=True)]
    return found


def test_all_programs_of_the_rehearsal_are_scraped():
    scraped = yaml.safe_load((OPERATIONS / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    composed = yaml.safe_load((OPERATIONS / "compose" / "compose.yaml").read_text())["services"]
    targets = [target for job in scraped for each in job["static_configs"] for target in each["targets"]]
    telling = [f"{name}:9100" for name, each in composed.items() if "--metrics" in each.get("command", [])]
    assert sorted(targets) == sorted(telling)
    assert {job["job_name"] for job in scraped} == set("client keeper relay store".split())
