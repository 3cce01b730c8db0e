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
        Objection.HAS_IT,
        r"already ?known|known ?transaction|already ?imported|already (in|exists)|same hash",
    ),
    (
        Objection.NOT_YET,
        r"delegat|in-?flight|gapped|nonce.?gap|future.?nonce|nonce (is )?too (high|distant|far)|"
        r"account.?limit|(pool|queue) .{0,20}(full|overflow)|too many (pending|queued)|pending.{0,10}limit|"
        r"already reserved",
    ),
    (
        Objection.NONCE_USED,
        r"nonce (is )?too low|old ?nonce|nonce ?already|already been used|invalid nonce",
    ),
    (
        Objection.NO_FUNDS,
        r"insufficient.{0,15}(fund|balance|coin|ether)|(enough|lack of|sufficient) (funds|balance)|"
        r"upfront cost",
    ),
    # More than somebody allows, or a tip above the largest fee: paying more makes it worse.
    (Objection.OTHER, r"exceeds the configured cap|fee ?cap exceeded|fee (is )?too (high|large)|higher than"),
    (Objection.REPLACES, r"replac|too ?low ?priority"),
    (
        Objection.BASE_FEE,
        r"max ?fee ?per ?gas (is )?(less|too low|below|lower)|(less|lower|below) .{0,20}base ?fee",
    ),
    (Objection.TIP, r"underpriced|fee|price|\btip"),
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
    found = (meaning for meaning, subject in _SUBJECTS if re.search(subject, words, re.IGNORECASE))
    return Answer(next(found, Objection.OTHER), tuple(sorted(_amounts(words))))


def _amounts(words: str) -> Iterator[int]:
    for match in _AMOUNT.finditer(words):
        exponent = _UNITS[(match["unit"] or "").lower()]
        if match["hex"]:
            yield int(match["hex"], 16) * 10**exponent
        else:
            yield int(Decimal(re.sub("[,_]", "", match["number"])).scaleb(exponent))
