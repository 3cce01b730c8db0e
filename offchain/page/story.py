"""What a page tells: members, rounds, tokens; from a run's folder or a deployment's logs alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ml.messages import cleaned

FORMAT = 2
"""Counts up when the page's data changes its form."""


PHASES = {
    "openRound": "draw",
    "reanchor": "draw",
    "draw": "draw",
    "propose": "propose",
    "publish": "publish",
    "commitBallot": "vote",
    "revealBallot": "reveal",
    "markAbsent": "close",
    "finalise": "close",
}
"""The phase that a call belongs to; other calls are of none."""


class Fate(StrEnum):
    """What became of a seat; the value is its letter in the page's data."""

    INCLUDED = "i"
    EXCLUDED = "x"
    UNDECIDED = "u"  # Silent ballots left it neither included nor excluded.
    COMMITTED = "c"  # An update whose bytes were not shown, or not yet.
    PUBLISHED = "p"  # Not decided yet, or void.
    REVEALED = "r"
    SILENT = "s"  # A ballot that was not opened, or not yet.
    ABSENT = "a"


@dataclass(frozen=True)
class Proposal:
    """A proposer's seat.

    Attributes:
        member: Number in the story's members.
        fate: What became of it.
        root: Merkle root of the update, hex; empty where nothing was published.
        link: Transaction that published it, hex; empty in a simulation.
    """

    member: int
    fate: Fate
    root: str = ""
    link: str = ""


@dataclass(frozen=True)
class Vote:
    """A voter's seat; the ballot's bit j accepts the update at position j, None where it was not opened."""

    member: int
    fate: Fate
    ballot: int | None = None


@dataclass(frozen=True)
class Change:
    """What a member gained or lost, whole tokens, and why."""

    member: int
    amount: Decimal
    reason: str


@dataclass(frozen=True)
class Fact:
    """Something that holds at this moment.

    Attributes:
        label: What it is about.
        value: In words; empty where the time says it all.
        time: Unix seconds that it is about, of which the page says how far away they are; None for none.
    """

    label: str
    value: str
    time: int | None = None


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes:
        number: From 1.
        outcome: "open", "decided" or "void".
        proposals: By seat position.
        votes: In no order that matters.
        changes: Of members' tokens, at the latest in this round's outcome.
        pool: Whole tokens in the reward pool afterwards; None where it is not known.
        scores: Of the global model by learner and metric, "run" for the model itself.
        gas: Transactions and gas by call.
        coin: Whole native coins paid for them by call; empty where there is none.
        model: Id of the global model from then on, hex; empty while the round is open.
        link: Transaction of its outcome, hex; empty in a simulation.
    """

    number: int
    outcome: str
    proposals: Sequence[Proposal]
    votes: Sequence[Vote]
    changes: Sequence[Change]
    pool: Decimal | None = None
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    gas: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    coin: Mapping[str, Decimal] = field(default_factory=dict)
    model: str = ""
    link: str = ""


@dataclass(frozen=True)
class Story:
    """Everything that a page shows.

    Attributes:
        title: Of the page.
        about: What was played, a line of text each.
        now: What holds at this moment; empty for a run that is over.
        symbol: Of the token.
        members: Names, such as addresses.
        marks: Members that are marked, by number: "malicious", or "left", "removed", "no member".
        start: Whole tokens of each member before the first round.
        rounds: In order.
        explorer: What a transaction's hash is appended to for a link; empty for none.
    """

    title: str
    about: Sequence[str]
    now: Sequence[Fact]
    symbol: str
    members: Sequence[str]
    marks: Mapping[int, str]
    start: Sequence[Decimal]
    rounds: Sequence[Round]
    explorer: str = ""


def page_json(story: Story) -> dict[str, Any]:
    """Return a story as its page reads it: short keys, amounts as text, reasons by number."""
    reasons: dict[str, int] = {}
    models = ["", *(each.model for each in story.rounds)]
    rounds = [
        _round(each, reasons) | ({"m": each.model} if each.model not in ("", before) else {})
        for before, each in zip(models, story.rounds, strict=False)
    ]
    return {
        "format": FORMAT,
        "title": _told(story.title),
        "about": [_told(line) for line in story.about],
        "now": [[_told(fact.label), _told(fact.value), fact.time] for fact in story.now],
        "symbol": _told(story.symbol),
        "members": [_told(name) for name in story.members],
        "marks": {str(member): mark for member, mark in story.marks.items()},
        "start": _repeated([amount_text(amount) for amount in story.start]),
        "rounds": rounds,
        "reasons": list(reasons),
        "explorer": story.explorer,
        "phases": PHASES,
    }


def amount_text(amount: Decimal) -> str:
    """Return whole tokens as text, to a millionth.

    >>> amount_text(Decimal("1.3333333333")), amount_text(Decimal("-8"))
    ('1.333333', '-8')
    """
    text = f"{amount:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def coin_text(coin: Decimal) -> str:
    """Return native coins as text, to a wei.

    >>> coin_text(Decimal("0.000091000000000000"))
    '0.000091'
    """
    return f"{coin:.18f}".rstrip("0").rstrip(".")


def _told(text: str) -> str:
    """What may be a stranger's word: a line without marks of direction, which an end keeps short."""
    return cleaned(text, 200)


def _round(each: Round, reasons: dict[str, int]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "n": each.number,
        "o": each.outcome[0],
        "u": [[p.member, p.fate, *_cut(p.root, p.link)] for p in each.proposals],
        "v": [[v.member, v.fate, *([] if v.ballot is None else [v.ballot])] for v in each.votes],
        "c": [[c.member, amount_text(c.amount), _number(reasons, c.reason)] for c in each.changes],
        "p": None if each.pool is None else amount_text(each.pool),
        "s": {
            _told(name): {_told(metric): round(score, 4) for metric, score in scores.items()}
            for name, scores in each.scores.items()
        },
        "g": {call: list(use) for call, use in each.gas.items()},
        "k": {call: coin_text(coin) for call, coin in each.coin.items()},
        "l": each.link,
    }
    return {key: value for key, value in told.items() if value not in ("", 0, None, {}, [])}


def _cut(*texts: str) -> list[str]:
    """Texts without the empty ones at the end."""
    kept = list(texts)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _number(reasons: dict[str, int], reason: str) -> int:
    return reasons.setdefault(reason, len(reasons))


def _repeated(texts: list[str]) -> list[str] | str:
    """One text where all are the same."""
    return texts[0] if texts and len(set(texts)) == 1 else texts
