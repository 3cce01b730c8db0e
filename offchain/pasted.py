"""What people gave, to be said back to them in a message: never a key that was pasted by mistake."""

import re

from ml.messages import cleaned

_KEY = re.compile(r"(0[xX])?[0-9a-fA-F]{50,80}")
"""With some digits more or fewer than the 64 of a private key: one that was cut off is one that is known."""
_WORDS_OF_A_PHRASE = (12, 15, 18, 21, 24)
_LONGEST = 200


def is_secret(value: object) -> bool:
    """Whether a value may be a private key or a recovery phrase.

    >>> is_secret("0x" + "1f" * 32), is_secret(" ".join(["test"] * 12)), is_secret("0x" + "1f" * 20)
    (True, True, False)
    """
    text = f"{value:x}" if isinstance(value, int) else str(value)
    words = text.split()
    is_phrase = len(words) in _WORDS_OF_A_PHRASE and all(
        re.fullmatch("[A-Za-z]{3,8}", word) for word in words
    )
    return bool(_KEY.fullmatch(re.sub(r"[^0-9a-zA-Z]", "", text))) or is_phrase


def said_back(value: object) -> str:
    r"""Return a value in quotes, with what cannot be seen made visible; a secret's length in its place.

    >>> said_back("bank" + chr(0x200B)), said_back("1f" * 32)
    ("'bank\\u200b'", 'a text of 64 characters that may be a private key and is not repeated here')
    """
    if is_secret(value):
        value = f"{value:#x}" if isinstance(value, int) else value
        kind = "a private key" if len(str(value).split()) == 1 else "a recovery phrase"
        return f"a text of {len(str(value))} characters that may be {kind} and is not repeated here"
    return cleaned(ascii(value) if not str(value).isprintable() else repr(value), _LONGEST)
