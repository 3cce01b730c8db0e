"""The page in a real Chromium: what a person would click, at two widths, and strangers' words in it."""

import json
import re
import socket
import time
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest
from browser import Browser
from click.testing import CliRunner

from offchain.errors import PageError
from offchain.page.from_run import story_of_run
from offchain.page.story import Change, Fact, Fate, Proposal, Round, Story, Vote, page_json
from offchain.page.write import page, write_page
from scripts.page import cli
from scripts.simulate import cli as simulate

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=document.title='taken'>"


def story(members=8, rounds=5, title="a page", name="client"):
    played = []
    for number in range(1, rounds + 1):
        fate = Fate.INCLUDED if number % 2 else Fate.EXCLUDED
        seats = [Proposal(number % members, fate, f"{number:064x}"), Proposal((number + 1) % members, fate)]
        seated = {seat.member for seat in seats}
        voters = islice((m for m in range(members) if m not in seated), 45)
        votes = [Vote(m, Fate.REVEALED, 0b01) for m in voters]
        change = Change(
            number % members, Decimal(number) if number % 2 else Decimal(-8), f"update {fate.name}"
        )
        scores = {"run": {"accuracy": 0.5 + number / 20}, "without_attack": {"accuracy": 0.9}}
        gas, model = {"propose": (2, 90_000)}, f"{number - 1 + number % 2:064x}"
        pool, link = Decimal("1.5"), f"0x{number:064x}"
        played.append(
            Round(number, "decided", seats, votes, [change], pool, scores, gas, model=model, link=link)
        )
    marks = {0: "malicious"}
    return Story(
        title, ["about it"], [Fact("Phase", "vote")], "T", [f"{name} {m}" for m in range(members)], marks,
        [Decimal(64)] * members, played,
    )  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture
def shown(browser, tmp_path):
    def show(told, **how):
        browser.requests.clear()
        browser.faults.clear()
        browser.open(write_page(told, tmp_path).as_uri(), **how)
        return browser

    return show


@pytest.mark.parametrize("how", [{"width": 1200}, {"width": 390, "dark": True}])
def test_a_person_replays_and_looks_at_a_member(shown, how):
    tab = shown(story(), **how)
    assert tab.text("#now dd") == "vote"
    assert "Round 5 is decided: 2 updates included, 0 excluded, 6 of 6 ballots opened" in tab.text("#told")
    tab.click("#back")
    assert "Round 4 is decided: 0 updates included, 2 excluded" in tab.text("#told")
    assert re.search(r"6 yes, 0 no.*0 yes, 6 no", tab.text("#updates"), re.DOTALL)
    tab.click("#grid-frame", dx=3 * 12 + 6, dy=4 * 12 + 6)
    assert tab.text("#place") == "client 4, round 4: update excluded; 56 T after it."
    assert tab.text("#member-heading") == "client 4: 1 changes of its T"
    assert "-8" in tab.text("#changes") and "update EXCLUDED" in tab.text("#changes")
    tab.value("document.getElementById('grid-frame').focus()")
    tab.press("ArrowLeft")
    assert tab.text("#place").startswith("client 4, round 3: update included")
    assert tab.value("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.faults == []


def test_the_lineage_of_models_follows_the_slider(shown):
    tab = shown(replace(story(rounds=25), explorer="https://explorer.example/tx/"))
    rows = "[...document.querySelectorAll('#models tbody tr')].map(row => row.innerText)"
    told = tab.value(rows)
    assert len(told) == 10 and told[0].split("\t")[0] == "25"
    assert re.search(r"round 23\tclient 1 client 2\s*\taccuracy 1.75", told[0])
    tab.value("go(1)")
    (only,) = tab.value(rows)  # The second round included nothing and kept the first one's model.
    assert "the first model" in only
    assert tab.value("document.querySelector('#told a').href").endswith(f"/tx/0x{2:064x}")
    assert tab.value("document.querySelector('#models a').href").endswith(f"/tx/0x{1:064x}")


def test_how_far_away_a_time_is_goes_on_being_told(shown):
    now = time.time()
    facts = [
        Fact("Last block", "4711", int(now) - 12),
        Fact("Phase ends at the latest", "", int(now) + 100),
        Fact("Told", "then", int(now) - 3 * 86_400),
        Fact("A clock that is off", "", 2**64 - 1),
        Fact("Another", "", -1),
    ]
    tab = shown(replace(story(), now=facts))
    block, ends, then, *odd = tab.value("[...document.querySelectorAll('#now dd')].map(d => d.innerText)")
    assert re.fullmatch(r"4711, 1\d seconds ago", block) and re.fullmatch(r"in \d+ seconds", ends)
    assert then == "then, 3 days ago"
    assert odd[0].startswith("in ") and odd[1].endswith(" days ago") and tab.faults == []
    tab.value("new Promise(done => setTimeout(done, 2100))")
    assert tab.text("#now dd") != block


def test_addresses_do_not_make_a_phones_screen_too_narrow(shown):
    facts = [Fact("Model", "0x" + "ab" * 32)]
    tab = shown(replace(story(name="0x" + "a" * 38), now=facts), width=390)
    tab.click("#grid-frame", dx=3 * 12 + 6, dy=4 * 12 + 6)
    assert "update excluded" in tab.text("#place")
    assert tab.value("document.documentElement.scrollWidth") <= 390


def test_members_are_found_sorted_and_turned_over(shown):
    tab = shown(story(members=120, rounds=3))
    assert tab.text("#page") == "120 members, page 1 of 3"
    tab.click("#more")
    assert tab.text("#page") == "120 members, page 2 of 3"
    tab.value("(() => { const f = document.getElementById('find'); f.value = 'malicious';"
              "f.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert tab.text("#page") == "1 member, page 1 of 1"
    assert tab.text("#members tbody td") == "client 0 (malicious)"


def test_play_runs_from_the_first_round_to_the_last(shown):
    tab = shown(story(rounds=3))
    tab.click("#play")
    assert tab.text("#told").startswith("Round 1 ")
    tab.value("new Promise(done => { const look = () => document.getElementById('play').innerText === 'Play'"
              " ? done() : setTimeout(look, 50); look(); })")  # fmt: skip
    assert tab.text("#told").startswith("Round 3 ")


def test_strangers_words_are_text_and_nothing_is_asked_for(shown):
    tab = shown(story(title=HOSTILE, name=HOSTILE))
    assert tab.text("#title") == HOSTILE
    assert tab.value("document.title") == HOSTILE
    assert tab.text("#members tbody button").startswith("</script")
    assert "connect-src" not in tab.value("document.head.innerHTML")
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
    assert tab.faults == []


def test_a_score_that_is_undefined_is_left_out_of_the_chart(shown):
    told = story()
    told.rounds[1].scores["run"]["accuracy"] = float("nan")
    tab = shown(told)
    assert tab.faults == [] and "this run: 0.75" in tab.text("#scores-chart")
    tab.value("go(1)")
    assert "this run: unknown" in tab.text("#scores-chart")


def test_a_run_whose_scores_are_undefined_is_shown(shown, tmp_path):
    """As a run writes them: null in its rounds, for this run and for what it is compared with."""
    out = tmp_path / "run"
    result = CliRunner().invoke(
        simulate, [*"--engine reference --clients 8 --rounds 3 --out".split(), str(out)]
    )
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in (out / "rounds.jsonl").read_text().splitlines()]
    for number, line in enumerate(lines):
        for scores in (line["scores"], *line["baselines"].values()):
            scores["auroc"] = None
            scores["loss"] = None if number == 1 else scores["loss"]
    (out / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    tab = shown(story_of_run(out))
    for metric, told in (("auroc", "Nothing is known of this."), ("loss", "this run: 0.")):
        tab.value(f"(() => {{ const m = document.getElementById('metric'); m.value = '{metric}';"
                  "m.dispatchEvent(new Event('change')); })()")  # fmt: skip
        assert told in tab.text("#scores-chart")
    tab.value("go(1)")
    assert "this run: unknown" in tab.text("#scores-chart") and "NaN" not in tab.text("body")
    assert tab.faults == []


@pytest.mark.parametrize("how", [{"width": 1200}, {"width": 390, "dark": True}])
@pytest.mark.parametrize(("members", "rounds"), [(0, 0), (5, 0), (1, 1)])
def test_a_deployment_without_rounds_or_of_one_is_shown(shown, how, members, rounds):
    told = story(members=2, rounds=rounds)
    told = replace(told, members=told.members[:members] if not rounds else told.members)
    told = replace(told, start=told.start[: len(told.members)], marks={})
    tab = shown(told, **how)
    expected = "Round 1 is decided" if rounds else "No round has been played yet."
    assert tab.text("#told").startswith(expected)
    tab.value("document.getElementById('grid-frame').focus()")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        tab.press(key)
    for button in ("#back", "#on", "#play", "#more", "#fewer"):
        tab.click(button)
    tab.value("new Promise(done => setTimeout(done, 300))")
    assert tab.text("#told").startswith(expected) and "undefined" not in tab.text("body")
    assert tab.value("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.faults == []


def test_names_that_no_file_can_hold_turn_lines_round_or_never_end_are_shown_in_part(shown):
    tab = shown(story(title="net\udcff\u202eknab" + "x" * 10**7, name="client\ud800\u2067\n"))
    title = tab.text("#title")
    assert title.startswith("net knab") and len(title) == 200
    names = tab.value("[...document.querySelectorAll('#members button')].map(each => each.innerText)")
    assert "client 0 (malicious)" in names and tab.faults == []


def test_everything_has_a_name_for_a_screen_reader(shown):
    tab = shown(story())
    tree = tab.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [
        node["role"]["value"]
        for node in tree
        if node.get("role", {}).get("value") in ("button", "slider", "combobox", "searchbox", "image", "img")
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []


def test_ten_thousand_members_and_a_thousand_rounds_are_painted_where_one_looks(shown):
    tab = shown(story(members=10_000, rounds=1000))
    assert tab.text("#page") == "10000 members, page 1 of 200"
    assert tab.value("document.getElementById('grid').height") < 1000
    assert tab.value("document.querySelectorAll('*').length") < 3000


def test_five_hundred_rounds_of_fifty_fit_in_a_megabyte_and_a_half():
    told = story(members=50, rounds=500)
    busy = [
        Round(
            r.number,
            r.outcome,
            r.proposals,
            r.votes,
            [Change(m, Decimal("0.123456"), "ballot") for m in range(50)],
            r.pool,
            r.scores,
            r.gas,
            model=r.model,
            link=r.link,
        )  # fmt: skip
        for r in told.rounds
    ]
    whole = Story(told.title, told.about, [], "T", told.members, {}, told.start, busy)
    assert len(page(whole).encode()) < 1_500_000


def test_reasons_are_told_once_and_amounts_are_text():
    data = page_json(story())
    assert data["reasons"] == ["update INCLUDED", "update EXCLUDED"]
    assert data["start"] == "64" and data["rounds"][1]["c"] == [[2, "-8", 1]]


def test_a_run_is_told_as_it_was(tmp_path):
    out = tmp_path / "run"
    arguments = "--engine reference --clients 10 --rounds 3 --out".split()
    result = CliRunner().invoke(simulate, [*arguments, str(out)])
    assert result.exit_code == 0, result.output
    told = story_of_run(out)
    tokens = list(told.start)
    for each in told.rounds:
        for change in each.changes:
            tokens[change.member] += change.amount
    last = json.loads((out / "rounds.jsonl").read_text().splitlines()[-1])
    assert [int(amount * 10**18) for amount in tokens] == [int(balance) for balance in last["balances"]]
    (seats,) = [each for each in told.rounds if each.number == last["round"]]
    assert [p.member for p in seats.proposals] == last["proposers"]


@pytest.mark.parametrize("what", ["none", "file", "empty"])
def test_a_folder_that_is_no_run_is_refused(what, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(cli, ["--run", str(tmp_path / what), "--out", str(tmp_path / "site")])
    told = f"Error: there is no run in {tmp_path / what}: it has no file settings.json\n"
    assert (result.exit_code, result.output) == (1, told) and not (tmp_path / "site").exists()


def test_a_port_that_is_in_use_is_said(tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(cli, ["--run", str(tmp_path), "--serve", str(port)])
    assert result.exit_code == 1 and result.output.count("\n") == 1
    assert f"127.0.0.1:{port}" in result.output and "choose another --serve" in result.output


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PageError, match="choose another --out"):
        write_page(story(), tmp_path / "file")
