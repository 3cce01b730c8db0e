"""docs/PRIVACY.md's table of noise is what the runs beside it came to."""

import csv
from pathlib import Path
from statistics import mean, stdev

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "PRIVACY.md").read_text(encoding="utf-8")
with (DOCS / "results" / "privacy" / "measured.csv").open(newline="", encoding="utf-8") as file:
    RUNS = list(csv.DictReader(file))


def of(attack, policy, epsilon):
    found = [
        run for run in RUNS if (run["attack"], run["policy"], run["epsilon"]) == (attack, policy, epsilon)
    ]
    assert [run["seed"] for run in found] == ["0", "1", "2"]
    return {name: [float(run[name]) for run in found] for name in list(found[0])[4:]}


def short(value):
    return f"{value:.3f}".removeprefix("0")


def cells(runs):
    of_all = f"{sum(runs['honest_included']):.0f} of {sum(runs['honest_decided']):.0f}"
    auroc = f"{short(mean(runs['auroc']))} ± {short(stdev(runs['auroc']))}"
    return (
        f"{auroc} | {short(mean(runs['accuracy']))} | {of_all} | {100 * mean(runs['losing_answers']):.1f} %"
    )


@pytest.mark.parametrize("epsilon", ["inf", "8", "4", "2", "1"])
def test_the_table_is_the_mean_of_its_runs(epsilon):
    told = "∞, no noise" if epsilon == "inf" else epsilon
    expected = " | ".join(cells(of("none", policy, epsilon)) for policy in ("verdict", "evidence"))
    assert f"| {told} | {expected} |" in PAGE


def test_what_got_in_under_attack_is_counted():
    counts = {}
    for policy in ("verdict", "evidence"):
        for epsilon in ("inf", "8"):
            runs = of("label-flip", policy, epsilon)
            counts[policy, epsilon] = sum(runs["malicious_included"]), sum(runs["malicious_decided"])
    (bare, of_bare), (noisy, of_noisy) = counts["verdict", "inf"], counts["verdict", "8"]
    words = " ".join(PAGE.split())
    assert (
        f"under `verdict` were {bare:.0f} of {of_bare:.0f} without noise and {noisy:.0f} of {of_noisy:.0f}"
        in words
    )
    (none, of_bare), (too, of_noisy) = counts["evidence", "inf"], counts["evidence", "8"]
    assert (none, too) == (0, 0) and f"none of {of_bare:.0f} and none of {of_noisy:.0f}" in words


def test_noise_of_eight_costs_the_poorest_nearly_all():
    assert max(of("none", "evidence", "8")["poorest_honest_tokens"]) < 1
