"""Decimal numbers of any length: Python's own context keeps 28 digits, and a token's 96 bits have 29."""

from decimal import Context, Decimal, Inexact

_CONTEXT = Context(prec=1000)
_CONTEXT.traps[Inexact] = True


def moved(number: Decimal, places: int) -> Decimal:
    """Return a number with its point moved to the right.

    >>> moved(Decimal(10**29 + 1), -18)
    Decimal('100000000000.000000000000000001')

    Raises:
        ArithmeticError: When it has more than a thousand digits.
    """
    return number.scaleb(places, _CONTEXT)
