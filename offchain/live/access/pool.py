"""What nodes say when they do not take a transaction into their pool, and what each means, in whose words.

Node programs agree on no codes here, only on the subject of a sentence. So what is looked for are subjects:
funds, nonces, room, fees; and of fees the number that is asked for, in whatever unit it is told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class Objection(Enum):
    """Why a node does not take a transaction."""

    HAS_IT = "it has this very transaction"
    NONCE_USED = "another transaction of the account was mined with its nonce"
    NO_FUNDS = "the account cannot pay for it"
    NOT_YET = "it would take it later: what is before it, or in the pool, has to be mined first"
    REPLACES = "one that it has with this nonce pays too much to be replaced"
    BASE_FEE = "its largest fee is below the base fee"
    TIP = "it pays too little"
    OTHER = "anything else, which waiting and paying do not change"


_SUBJECTS = (
    # In this order: a sentence on funds or nonces may name fees too.
    (
        # That another has the nonce comes before that it is there already.
        Objection.REPLACES,
        r"(same|this|that|identical) nonce|replace by fee|\bbump\b|that of the pending|"
        r"with nonce \d+ already",
    ),
    (
        Objection.HAS_IT,
        r"already ?known|known ?transaction|already ?(been )?(imported|submitted|pending|queued|in\b|exists)|"
        r"same hash|duplicate (transaction|tx)|is a duplicate|cached (transaction|tx)",
    ),
    (
        Objection.NOT_YET,
        r"delegat|in-?flight|future transaction|gapped|nonce.?gap|future.?nonce|::future|"
        r"nonce ?(is )?(too ?(high|distant|far)|in the future|not consecutive)|account.?limit|at capacity|"
        r"(pool|queue).{0,20}(full|over(flow|load))|already has \d+ |due to limits|"
        r"pending.{0,10}limit|slots|lower nonce (invalid transaction )?exists|already reserved|"
        r"too many .{0,12}(transactions|txs)|too many (pending|queued)|temporarily ?banned",
    ),
    (
        Objection.NONCE_USED,
        r"nonce (is )?too low|old ?nonce|nonce ?(already|expired)|already (been )?(used|consumed)|\bstale\b|"
        r"invalid (transaction )?nonce|"
        r"nonce .{0,12}(lower|less|below|smaller)",
    ),
    (
        Objection.NO_FUNDS,
        r"insufficient.{0,20}(fund|balance|coin|ether|token)|(enough|lack ?of|sufficient) ?(funds?|balance)|"
        r"gas money|enough eth(er)?\b|balance .{0,30}(below|under) |"
        r"upfront cost|overdraft|balance (is )?(too low|not enough)|::payment",
    ),
    # More than somebody allows, or a tip above the largest fee: paying more makes it worse.
    (
        Objection.OTHER,
        r"exceeds the configured cap|fee ?cap exceeded|fee (is )?too (high|large)|"
        r"(priority|tip).{0,40}(higher|greater|exceeds|more|above).{0,12}(max ?fee|fee ?cap|gas ?fee)",
    ),
    (Objection.REPLACES, r"replac|too ?low ?priority"),
    (
        Objection.BASE_FEE,
        r"max ?fee ?per ?gas (is )?(less|too low|below|lower)|(less|lower|below|under) .{0,20}base ?fee|"
        r"base ?fee.{0,20}(higher|greater|above|more|exceeds)|too low for .{0,60}base ?fee",
    ),
    (Objection.TIP, r"fee|price|\btip"),
)
_NONCE = r"(?:nonce|sequence)\b"
_GIVEN = re.compile(
    r"(?:got|provided nonce|rejected tx|tx nonce|tx has nonce of)\D{0,4}(\d{1,18})", re.IGNORECASE
)
_DUE = re.compile(
    r"(?:expected|expected nonce|current nonce|next nonce|account (?:nonce|has nonce of))\D{0,4}(\d{1,18})",
    re.IGNORECASE,
)
_UNITS = {
    "wei": 0,
    "": 0,
    "kwei": 3,
    "mwei": 6,
    "gwei": 9,
    "nanoether": 9,
    "szabo": 12,
    "ether": 18,
    "eth": 18,
}
_AMOUNT = re.compile(
    r"(?<![\w.])(?:(?P<hex>0x[0-9a-f]+)|(?P<number>\d{1,3}(?:[,_]\d{3})+|\d+(?:\.\d+)?(?:e\+?\d{1,2})?))"
    r"\s*(?P<unit>[kmg]?wei|nanoether|szabo|ether|eth)?(?![\w])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """A refusal, read.

    Attributes:
        objection: What it is about.
        amounts: The numbers it names, as wei, in rising order.
    """

    objection: Objection
    amounts: tuple[int, ...]

    def above(self, offered: int, most: int) -> int | None:
        """The least amount named that is more than what was offered, and not above `most`; None without."""
        return next((amount for amount in self.amounts if offered < amount <= most), None)


def understood(words: str) -> Answer:
    """Return what a node's words mean.

    >>> understood("underpriced: gas tip cap 1000000, minimum needed 25000000000").above(10**6, 10**11)
    25000000000
    >>> understood("Gas price below the minimum of 1.5 gwei").above(7, 10**11)
    1500000000
    """
    plain = words.replace("_", " ")
    found = (meaning for meaning, subject in _SUBJECTS if re.search(subject, plain, re.IGNORECASE))
    objection = _of_nonces(words) or next(found, Objection.OTHER)
    return Answer(objection, tuple(sorted(_amounts(words))))


def _of_nonces(words: str) -> Objection | None:
    """What two nonces mean that stand there as numbers; None without."""
    given, due = _GIVEN.search(words), _DUE.search(words)
    if not (given and due and re.search(_NONCE, words, re.IGNORECASE)) or int(given[1]) == int(due[1]):
        return None
    return Objection.NONCE_USED if int(given[1]) < int(due[1]) else Objection.NOT_YET


def _amounts(words: str) -> Iterator[int]:
    for match in _AMOUNT.finditer(words):
        exponent = _UNITS[(match["unit"] or "").lower()]
        if match["hex"]:
            yield int(match["hex"], 16) * 10**exponent
        else:
            yield int(Decimal(re.sub("[,_]", "", match["number"])).scaleb(exponent))
