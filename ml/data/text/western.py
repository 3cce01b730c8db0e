"""Which bytes are UTF-8, and which others a text of Western Europe, as Windows writes it (cp1252)."""

import codecs
import re
from collections.abc import Iterable

_BETWEEN = re.compile(r"[\x00-\x40\x5b-\x60\x7b-\x7f\s]+")
_MOST_ODD = 0.2
_QUOTES = "‘’“”«»‹›–—…·\u00a0\u00ad"
"""Signs that stand beside letters, and between those of l’eau and col·lega."""
_BEFORE = "°§¿¡©®™±•"
"""Signs that stand before letters, as in 25 °C."""


def is_utf8(sample: bytes, is_whole: bool = True) -> bool:
    """Return whether bytes are UTF-8; where they are not the whole file, its last letter may be cut.

    >>> is_utf8("é".encode()), is_utf8("é".encode("cp1252")), is_utf8("é".encode()[:1], is_whole=False)
    (True, False, True)
    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=is_whole)
    except UnicodeDecodeError:
        return False
    return True


def odd_words(sample: bytes) -> list[str]:
    """Return words with letters beyond ASCII that no language of cp1252 writes; none where few are so.

    Such words have bytes that cp1252 lacks, signs between letters, capitals within, or hardly a letter of
    ASCII.

    >>> odd_words("Köln,5 €,25 °C,l’été,Ærø".encode("cp1252"))
    []
    >>> odd_words("Москва,Казань,да".encode("cp1251"))
    ['Ìîñêâà', 'Êàçàíü', 'äà']
    """
    words = list(dict.fromkeys(_words(sample.decode("cp1252", "replace"))))
    odd = [word for word in words if _is_odd(word)]
    return odd if len(odd) > _MOST_ODD * len(words) else []


def _words(text: str) -> Iterable[str]:
    return (part for part in _BETWEEN.split(text) if not part.isascii())


def _is_odd(word: str) -> bool:
    high = [letter for letter in word if letter > "\x7f"]
    letters = sum(letter.isalpha() for letter in high)
    return (
        "\ufffd" in word  # Which cp1252 has not.
        or any(map(_is_out_of_place, " " + word, word, word[1:] + " "))
        or letters > len(word) - len(high) + 1  # As a whole word; été has two of three.
    )


def _is_out_of_place(before: str, letter: str, after: str) -> bool:
    """Whether a letter beyond ASCII is a sign where letters are, or a capital within a word."""
    if letter <= "\x7f" or letter in _QUOTES or letter in _BEFORE and not before.isalpha():
        return False
    if letter.isalpha():
        return letter.isupper() and before.isalpha() and after.islower()
    return after.isalpha() or (after > "\x7f" and after not in _QUOTES)
