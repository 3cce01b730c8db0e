"""The tables of docs/GAS.md, from measurements kept in docs/gas.json."""

import json
import time
from pathlib import Path
from statistics import mean

from anatomy import PARTS
from field import AGREED, HARDFORK, SPLIT, Field
from raw_chain import anvil

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, DATA = DOCS / "GAS.md", DOCS / "gas.json"
MEMBERS = (50, 1_000, 10_000, 100_000)
COMMITTEE = (10, 40)  # Whatever the membership: a basis point of 100,000 members is ten.
DIRECT = ("openRound", "draw", "propose", "publish", "commitBallot", "revealBallot", "finalise")
BATCHED = ("propose", "publish", "commitBallots", "revealBallots")


def measure(project, members, parts=False):
    """Gas of each call in steady state: sent directly; by a relay, after split rounds and agreed ones."""
    proposers, voters = COMMITTEE
    with anvil(HARDFORK) as chain:
        field = Field(chain, project, members, proposer_bps=10_000 * proposers // members, voter_seats=voters)
        field.write_members()
        direct = _last(field, field.play_round, parts)
        split = _last(field, lambda: field.play_relayed_round(SPLIT), parts)
        agreed = _last(field, lambda: field.play_relayed_round(AGREED), parts)
    return {"direct": direct, "split": split, "agreed": agreed}


def _last(field, play, parts):
    """The third round of three of a kind."""
    for number in range(3):
        field.gas, field.parts = {}, {} if parts and number == 2 else None
        play()
    measured = {"calls": {call: round(mean(gas)) for call, gas in field.gas.items()}}
    measured["round"] = round(sum(map(sum, field.gas.values())))
    if field.parts:
        measured["parts"] = {
            call: {part: round(mean(one[part] for one in each)) for part in PARTS}
            for call, each in field.parts.items()
        }
    return measured


def rendered(data):
    """The tables by name, as Markdown."""
    return {"members": _members(data["members"]), "parts": _parts(data["parts"])}


def _members(measured):
    head = ["call", *(f"{int(members):,} members" for members in measured)]
    rows = [[call, *(m["direct"]["calls"][call] for m in measured.values())] for call in DIRECT]
    rows.append(["**a round, sent directly**", *(m["direct"]["round"] for m in measured.values())])
    for kind, words in (("agreed", "votes agree"), ("split", "votes split")):
        rows += [
            [f"{call}, relayed, {words}", *(m[kind]["calls"][call] for m in measured.values())]
            for call in BATCHED
        ]
        rows.append([f"**a round, relayed, {words}**", *(m[kind]["round"] for m in measured.values())])
    return table_of(head, rows)


def _parts(measured):
    rows = []
    for kind, words in (("direct", ""), ("split", ", relayed")):
        for call, parts in measured[kind]["parts"].items():
            if kind == "direct" or call in BATCHED:
                rows.append([call + words, *(parts[part] for part in PARTS), sum(parts.values())])
    return table_of(["call", *PARTS, "in all"], rows)


def table_of(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    lines += [[row[0], *(f"{value:,}" for value in row[1:])] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_tables(page, tables):
    """The page with each table between its markers."""
    for name, table in tables.items():
        start, end = f"<!-- table: {name} -->\n", f"\n<!-- end: {name} -->"
        before, rest = page.split(start)
        page = before + start + table + end + rest.split(end)[1]
    return page


def write(project, members=MEMBERS):
    """Measure everything, which takes some minutes, and write it down."""
    data = {"members": {}, "parts": measure(project, 50, parts=True)}
    for number in members:
        started = time.monotonic()
        data["members"][str(number)] = measure(project, number)
        print(f"{number:,} members: {time.monotonic() - started:.0f} seconds", flush=True)
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), rendered(data)), encoding="utf-8")
