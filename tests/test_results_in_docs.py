"""The results in docs/ say what their tables say, failures included."""

import csv
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
CAMPAIGNS = ROOT / "docs" / "campaigns"
LOANS = RESULTS / "lending-club-all"
LEARNERS = ("FedAvg w/ mal", "FedAvg w/ block", "verdict", "FedAvg w/o mal")


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def table_3():
    return {(float(r["eta"]), r["learner"]): r for r in rows(LOANS / "table3.csv")}


def mean(table, eta, learner):
    return float(table[eta, learner]["mean"])


@pytest.mark.parametrize("eta", [0.3, 0.4])
def test_each_learner_is_better_than_the_one_before(table_3, eta):
    mal, block, verdict, nobody = (mean(table_3, eta, learner) for learner in LEARNERS)
    assert mal < block < verdict <= nobody


@pytest.mark.parametrize("eta", [0.1, 0.2, 0.3, 0.4])
def test_the_defended_end_near_learning_without_attack(table_3, eta):
    nobody = mean(table_3, eta, "FedAvg w/o mal")
    assert nobody - mean(table_3, eta, "FedAvg w/ block") <= 0.03
    assert nobody - mean(table_3, eta, "verdict") <= 0.01


def test_the_intervals_of_plain_averaging_and_the_papers_rule_are_apart(table_3):
    assert float(table_3[0.4, "FedAvg w/ mal"]["high"]) < float(table_3[0.4, "FedAvg w/ block"]["low"])


def test_the_readme_prints_the_table(table_3):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for eta in (0.1, 0.2, 0.3, 0.4):
        cells = []
        for learner in LEARNERS:
            row = table_3[eta, learner]
            cells += [f"{float(row[column]):.3f}".lstrip("0") for column in ("mean", "sd")]
        assert "| {} | {} ± {} | {} ± {} | {} ± {} | {} ± {} |".format(eta, *cells) in readme


@pytest.mark.parametrize("name", sorted({page.stem for page in LOANS.glob("*.md")}))
def test_every_item_on_the_papers_data_has_a_row_beside_the_paper(name):
    found = rows(LOANS / f"{name}-paper.csv")
    assert found and set(found[0]) == {"quantity", "paper", "ours", "sd", "difference", "why"}
    assert all(row["paper"] and row["ours"] for row in found)


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in RESULTS.glob("*/study.json")))
def test_every_statement_that_fails_is_listed(folder):
    listed = re.sub(r"\s+", " ", (RESULTS / "README.md").read_text(encoding="utf-8"))
    for path in sorted((RESULTS / folder).glob("*-statements.csv")):
        for row in rows(path):
            if row["holds"] == "False":
                assert row["statement"] in listed, f"{path.name}: {row['statement']}"


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in RESULTS.glob("*/study.json")))
def test_pages_link_to_what_is_there(folder):
    pages = sorted((RESULTS / folder).glob("*.md"))
    assert pages
    for page in pages:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_the_settings_are_those_that_the_text_names():
    study = json.loads((LOANS / "study.json").read_text())
    assert (study["features"], study["seeds"], study["rounds"]["loans"], study["settings"]) == (
        "all",
        5,
        200,
        {},
    )


def test_the_page_on_recovery_prints_its_rounds():
    page, kept = (
        (RESULTS / "recovery/README.md").read_text(encoding="utf-8"),
        rows(RESULTS / "recovery/rounds.csv"),
    )
    worst = {}
    for seed, memory in sorted({(r["seed"], r["memory"]) for r in kept}):
        of_run = [r for r in kept if (r["seed"], r["memory"]) == (seed, memory)]
        scores, captured = [float(r["accuracy"]) for r in of_run], [r["captured"] == "1" for r in of_run]
        first = [i for i, is_captured in enumerate(captured) if is_captured and not captured[i - 1]]
        after = [scores[captured.index(False, i)] for i in first]
        before, within = (
            [scores[i - 1] for i in first],
            [scores[i] for i, each in enumerate(captured) if each],
        )
        means = [f"{sum(values) / len(values):.3f}".lstrip("0") for values in (before, within, after)]
        last = f"{scores[-1]:.3f}".lstrip("0")
        assert f"| {seed} | {memory} | {sum(captured)} | {' | '.join(means)} | {last} |" in page
        lost = max(b - a for b, a in zip(before, after, strict=True))
        worst[memory] = max(worst.get(memory, 0), lost)
    assert (
        f"was {worst['8']:.3f}".replace("0.", ".") in page
        and f"was {worst['1']:.3f}".replace("0.", ".") in page
    )
    assert sum(r["captured"] == "1" and r["memory"] == "8" for r in kept) == 15


OWN_TASKS = [rows(RESULTS / "arena" / name / "cells.csv") for name in ("own-tasks", "own-tasks-confirmed")]


def of_own_tasks(runs, task):
    """Honest updates refused with nobody malicious, flips included, tokens of the worst run."""
    runs = [run for run in runs if run["task"] == task]
    clean, flipped = ([r for r in runs if (r["attack"] == "nobody") is of] for of in (True, False))

    def counted(who, of):
        return [sum(int(run[f"{who}_{way}"]) for run in of) for way in ("in", "out")]

    honest, malicious = counted("honest", clean), counted("malicious", flipped)
    worst = max(flipped, key=lambda r: float(r["tokens_malicious"]) - float(r["tokens_honest"]))
    tokens = " / ".join(f"{float(worst[f'tokens_{who}']):.1f}" for who in ("malicious", "honest"))
    return f"{honest[1]} of {sum(honest)} | {malicious[0]} of {sum(malicious)} | {tokens}"


@pytest.mark.parametrize("task", sorted({run["task"] for run in OWN_TASKS[0]}))
def test_the_page_of_own_tasks_prints_what_flippers_came_to(task):
    told = " | ".join(of_own_tasks(runs, task) for runs in OWN_TASKS)
    assert f"| {task} | {told} |" in (ROOT / "docs" / "TASKS.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("runs, poorer", zip(OWN_TASKS, ["28 of 30", "20 of 20"], strict=True))
def test_of_how_many_runs_flippers_end_poorer(runs, poorer):
    flipped = [run for run in runs if run["attack"] == "label-flip"]
    found = sum(float(run["tokens_malicious"]) < float(run["tokens_honest"]) for run in flipped)
    assert f"{found} of {len(flipped)}" == poorer in (ROOT / "docs" / "TASKS.md").read_text(encoding="utf-8")


YOUNG = {name: rows(RESULTS / "arena" / name / "cells.csv") for name in ("young", "small", "contrast-small")}


def _deciders(runs):
    """Policies of a grid, the former one first."""
    return tuple(dict.fromkeys(run["decider"] for run in runs))


def test_flippers_of_small_modules_end_poorer_in_as_many_runs_as_the_page_says():
    runs = [run for run in YOUNG["contrast-small"] if run["attack"] == "label-flip"]
    former, now = (
        sum(
            float(run["tokens_malicious"]) < float(run["tokens_honest"])
            for run in runs
            if run["decider"] == decider
        )
        for decider in _deciders(runs)
    )
    page = " ".join((CAMPAIGNS / "contrast.md").read_text(encoding="utf-8").split())
    assert f"in {now} of {len(runs) // 2} runs ({former} of {len(runs) // 2} under" in page


@pytest.mark.parametrize(
    ("grid", "task"), sorted({(name, run["task"]) for name in YOUNG for run in YOUNG[name]})
)
def test_the_page_prints_what_came_of_flips_into_young_and_small_models(grid, task):
    def told(decider):
        clean, flipped = (
            [r for r in YOUNG[grid] if (r["task"], r["decider"], r["attack"]) == (task, decider, attack)]
            for attack in ("nobody", "label-flip")
        )

        def counted(of, who, way):
            inside, outside = (sum(int(run[f"{who}_{each}"]) for run in of) for each in ("in", "out"))
            return f"{inside if way == 'in' else outside} of {inside + outside}"

        means = [
            sum(float(run[name]) for run in flipped) / len(flipped)
            for name in ("tokens_malicious", "tokens_honest", "against_honest")
        ]
        score = f"{means[2]:+.3f}".replace("0.", ".").replace("-", "−")
        return (
            counted(flipped, "malicious", "in"),
            f"{means[0]:.1f} / {means[1]:.1f}",
            score,
            counted(flipped, "honest", "out"),
            counted(clean, "honest", "out"),
        )

    cells = " | ".join(
        f"{now}, then {then}" for now, then in zip(*map(told, _deciders(YOUNG[grid])), strict=True)
    )
    page = (CAMPAIGNS / "contrast.md").read_text(encoding="utf-8")
    assert [
        line
        for line in page.splitlines()
        if line.startswith((f"| {task}: ", f"| {task} |")) and f"| {cells} |" in line
    ]


SKILL = {name: rows(RESULTS / "arena" / name / "cells.csv") for name in ("skill", "skill-confirmed")}


def counted(grid, attack, decider, who):
    """Updates of honest or malicious clients: how many got in, and how many were there."""
    found = [run for run in SKILL[grid] if (run["attack"], run["decider"]) == (attack, decider)]
    inside, outside = (sum(int(run[f"{who}_{way}"]) for run in found) for way in ("in", "out"))
    return inside, inside + outside


@pytest.mark.parametrize("attack", ["nobody", "random-flip", "anti", "free-rider"])
def test_the_page_prints_the_honest_updates_that_each_policy_excludes(attack):
    told = []
    for decider in ("evidence", "skill"):
        inside, seated = counted("skill", attack, decider, "honest")
        told.append(f"{seated - inside} of {seated}")
    page = (CAMPAIGNS / "skill.md").read_text(encoding="utf-8").replace("**", "")
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {attack.replace('-', ' ')} | .")]
    assert " / ".join(told) in line


def test_the_page_prints_how_many_of_anti_s_updates_each_policy_lets_in():
    page = " ".join((CAMPAIGNS / "skill.md").read_text(encoding="utf-8").split())
    (former, now), (confirmed_former, confirmed) = (
        [counted(grid, "anti", decider, "malicious")[0] for decider in ("evidence", "skill")]
        for grid in SKILL
    )
    assert f"{now} updates in where it had got {former}" in page
    assert f"{confirmed} in where `evidence` let {confirmed_former} in" in page
    assert f"Over twelve seeds {now + confirmed} and {former + confirmed_former} of" in page


RELATION = {name: rows(RESULTS / "arena" / name / "cells.csv") for name in ("relation", "relation-own")}


def both(grid, task, attack, told):
    """What is told of runs of an attack without the test of relations and with it; once where alike."""
    runs = [run for run in RELATION[grid] if (run["task"], run["attack"]) == (task, attack)]
    found = [told([run for run in runs if run["decider"] == decider]) for decider in ("skill", "related")]
    return " / ".join(dict.fromkeys(found))


def entered(who, way):
    def told(runs):
        counts = {each: sum(int(run[f"{who}_{each}"]) for run in runs) for each in ("in", "out")}
        return f"{counts[way]} of {sum(counts.values())}"

    return told


def mean_of(name):
    return lambda runs: sum(float(run[name]) for run in runs) / len(runs)


def against_honest(runs):
    return f"{mean_of('against_honest')(runs):+.4f}".replace("0.", ".", 1).replace("-", "−")


def lost(runs):
    return f"{100 * mean_of('losing_bits')(runs):.1f} %"


def tokens(first, second, between):
    return lambda runs: between.join(f"{mean_of(f'tokens_{each}')(runs):.1f}" for each in (first, second))


@pytest.mark.parametrize("task", sorted({run["task"] for run in RELATION["relation"]}))
@pytest.mark.parametrize("attack", ["free-rider", "long free-rider"])
def test_the_page_prints_what_riders_came_to_with_and_without_relations(task, attack):
    parts = (against_honest, entered("malicious", "in"), entered("honest", "out"), lost)
    cells = [both("relation", task, attack, told) for told in (*parts, tokens("malicious", "poorest", "; "))]
    page = (CAMPAIGNS / "relation.md").read_text(encoding="utf-8")
    first = f"| {task} " if attack == "free-rider" else "| "
    assert f"{first}| {attack.replace('-', ' ')} | {' | '.join(cells)} |" in page


@pytest.mark.parametrize("task", sorted({run["task"] for run in RELATION["relation-own"]}))
def test_the_page_prints_what_riders_of_own_tasks_came_to(task):
    parts = (entered("honest", "out"), entered("malicious", "in"), tokens("malicious", "honest", " over "))
    cells = [both("relation-own", task, "free-rider", told) for told in (*parts, against_honest)]
    assert f"| {task} | {' | '.join(cells)} |" in (CAMPAIGNS / "relation.md").read_text(encoding="utf-8")


def test_with_relations_whatever_is_no_rider_is_decided_alike():
    counted = ("score", "malicious_in", "malicious_out", "honest_in", "honest_out")
    found = {
        decider: {
            (run["task"], run["attack"], run["seed"]): [run[name] for name in counted]
            for run in RELATION["relation"]
            if run["decider"] == decider and "rider" not in run["attack"]
        }
        for decider in ("skill", "related")
    }
    assert len(found["related"]) == 45 and found["skill"] == found["related"]


FORGETTING = rows(RESULTS / "arena" / "forgetting" / "cells.csv")
TOLD = {"random flip": "random-flip", "label flip": "label-flip", "Min-Max": "min-max", "ALIE": "alie"}


def section(name):
    page = (CAMPAIGNS / "forgetting.md").read_text(encoding="utf-8").replace("**", "")
    return page.split(f"## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("task", "attack"),
    [("application", each) for each in (*TOLD, "anti")]
    + [("application, states", "random flip"), ("application, states", "anti")]
    + [("all columns", "random flip"), ("built-in loans", "random flip")],
)
def test_the_page_prints_what_came_of_what_forgets(task, attack):
    runs = [run for run in FORGETTING if (run["task"], run["attack"]) == (task, TOLD.get(attack, attack))]
    before, now = ([run for run in runs if run["decider"] == each] for each in ("before", "forgetting"))
    seated = [", ".join(str(count) for count in counts("malicious", part)) for part in (before, now)]
    out, whole = counts("honest", now)[1], sum(counts("honest", now))
    cells = [" / ".join(map(against_honest, (before, now))), " / ".join(seated)]
    cells += [f"{counts('honest', before)[1]} / {out} of {whole}"]
    assert f"| {attack} | {' | '.join(cells)} |" in section("What forgets")


def counts(who, runs):
    """Of honest or malicious clients' updates, how many were in, and out."""
    return [sum(int(run[f"{who}_{way}"]) for run in runs) for way in ("in", "out")]


@pytest.mark.parametrize(
    ("task", "place"), [("application", "on application columns"), ("application, states", "by states")]
)
def test_the_page_says_how_many_honest_updates_it_cost(task, place):
    held = rows(RESULTS / "arena" / "held-forgetting" / "cells.csv")
    inside, out = counts("honest", [run for run in held if run["task"] == task])
    assert f"{out} of {inside + out:,} {place}" in " ".join(section("What forgets").split())


def test_every_grid_that_was_played_is_in_the_index_of_campaigns():
    index = (CAMPAIGNS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\]\(\.\./results/arena/([\w-]+)/\w+\.md\)", index)
    assert sorted(listed) == sorted(folder.name for folder in (RESULTS / "arena").iterdir())
