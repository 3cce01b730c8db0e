"""Base units as people read them."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache

from offchain.errors import ChainError, base_units
from offchain.exact import moved
from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import ConfigurationError, NodeRefusedError
from offchain.pasted import said_back

_BEYOND = 2**256


class Unit:
    """The deployment's token: how many decimals, what it is called.

    Attributes:
        decimals: Digits after the point.
        symbol: As the token has it.
    """

    def __init__(self, decimals: int, symbol: str) -> None:
        self.decimals = decimals
        self.symbol = symbol

    @classmethod
    def read(cls, chain: Chain, deployment: LiveDeployment) -> "Unit":
        """The unit of a deployment."""
        (decimals,) = chain.read([Invocation(deployment.token, "decimals")])
        try:
            (symbol,) = chain.read([Invocation(deployment.token, "symbol")])
        except NodeRefusedError:
            symbol = ""  # ERC-20 does not ask for one, and old tokens answer with 32 bytes.
        # A foreign token's text is not to reach a terminal as it is.
        return cls(decimals, "".join(c for c in symbol if c.isprintable())[:11] or "tokens")

    def tokens(self, amount: int) -> Decimal:
        """Base units as whole tokens, exact."""
        return moved(Decimal(amount), -self.decimals)

    def text(self, amount: int, sign: bool = False) -> str:
        """Base units as whole tokens, exact, with no more digits than needed.

        >>> Unit(18, "T").text(1_500_000_000_000_000_000)
        '1.5'
        >>> Unit(18, "T").text(2 * 10**18, sign=True)
        '+2'
        """
        number = f"{self.tokens(amount):f}"
        number = number.rstrip("0").rstrip(".") if "." in number else number
        return f"+{number}" if sign and amount > 0 else number

    def named(self, amount: int) -> str:
        """Base units as whole tokens with their name.

        >>> Unit(18, "T").named(1_500_000_000_000_000_000)
        '1.5 T'
        """
        return f"{self.text(amount)} {self.symbol}"

    def number(self, amount: int) -> float:
        """Base units as whole tokens for programs that read logs: a number, to six decimals."""
        return round(float(self.tokens(amount)), 6)

    def base_units(self, tokens: str) -> int:
        """What a person typed, in base units.

        Raises:
            ConfigurationError: When it is no amount above zero, or finer than the token.
        """
        try:
            amount = moved(Decimal(tokens), self.decimals)
        except ArithmeticError:
            amount = Decimal(-1)
        if not (amount.is_finite() and 0 < amount < _BEYOND) or amount != amount.to_integral_value():
            raise ConfigurationError(
                f"{said_back(tokens)} is no amount of {self.symbol}: expected a number above 0 with at most "
                f"{self.decimals} decimals"
            )
        return int(amount)


def in_tokens(chain: Chain, deployment: LiveDeployment) -> Callable[[int], str]:
    """Return what tells base units as tokens; the chain is asked for the unit when the first are told."""

    @cache
    def unit() -> Unit:
        return Unit.read(chain, deployment)

    def tell(amount: int) -> str:
        try:
            return unit().named(amount)
        except ChainError:
            return base_units(amount)

    return tell
