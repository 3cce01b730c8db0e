"""Ways to share rows out among clients."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Array, Rows, one_a_row
from ml.errors import DataError
from ml.messages import nearest, quoted
from ml.settings import SplitSettings

_GROUP = "group"
_METHODS = ("iid", "dirichlet", "quantity", _GROUP)
"""Ways to share rows out; any other name is that of a column whose values are held whole."""

_LEAST_SHARE = 5  # The fewest rows of which 20 % make one.

Places = NDArray[np.int64]
"""Numbers of rows."""

DrawnKinds = Callable[[Places, np.random.Generator], Places]
"""Of targets, a kind of each row at some places, int64 from 0, perhaps drawn at random."""


def shares_of(
    rows: Rows, kinds: DrawnKinds, rest: Places, settings: SplitSettings, generator: np.random.Generator
) -> list[Places]:
    """Return the places of each client's share of those at `rest`, as the settings say.

    Args:
        rows: All there are.
        kinds: What dirichlet skews.
        rest: Places that are to be shared out.
        settings: How, and among how many.
        generator: Of what is drawn.

    Raises:
        DataError: When rows cannot be shared out so, or a share would be too small.
    """
    match settings.shares:
        case "iid" if rows.groups is None:
            return _at_random(rest, settings.clients, generator)
        case "iid" | "group":
            return _by_column("group", _groups(rows), rest, settings.clients, generator)
        case "dirichlet":
            return _by_kind(kinds(rest, generator), rest, settings, generator)
        case "quantity":
            return _by_quantity(rest, settings, generator)
        case name if name in rows.columns:
            column = one_a_row(f"values of column {name}", rows.columns[name])
            return _by_column(name, column, rest, settings.clients, generator)
        case name:
            raise DataError(f"these rows have no shares {quoted(name)}; {_no_shares(name, rows)}")


def require_share(share: int, rows: int, clients: int) -> None:
    """Raise DataError when `share` of `rows` is too small a share."""
    if share < _LEAST_SHARE and clients == 1:
        raise DataError(
            f"{rows} rows are too few to train on and to judge by; at least {_LEAST_SHARE} are needed"
        )
    if share < _LEAST_SHARE:
        raise DataError(
            f"{rows} rows are too few for {clients} clients: {share} training rows each, "
            f"at least {_LEAST_SHARE} are needed"
        )


def _no_shares(name: str, rows: Rows) -> str:
    near = nearest(name, (*_methods(rows), *rows.columns))
    if near or len(rows.columns):
        return f"{_known(rows)}{near}"
    return (
        f"{_known(rows)}; their task names no column, which its rows() would: "
        f"Rows(..., columns={{{ascii(name)}: ...}})"
    )


def _known(rows: Rows) -> str:
    """What rows can be shared out by, in words."""
    columns = f", or a column: {', '.join(rows.columns)}" if len(rows.columns) else ""
    return f"use {', '.join(_methods(rows))}{columns}"


def _methods(rows: Rows) -> list[str]:
    return [each for each in _METHODS if each != _GROUP or rows.groups is not None]


def _groups(rows: Rows) -> Array:
    if rows.groups is None:
        raise DataError(
            "shares by group need rows with groups, and these have none; their task would name them, by "
            f"Rows(..., groups=...) or a table's --group COLUMN; {_known(rows)}"
        )
    return rows.groups


def _at_random(rest: Places, clients: int, generator: np.random.Generator) -> list[Places]:
    share = len(rest) // clients
    return list(generator.permutation(rest)[: share * clients].reshape(clients, share))


def _by_column(
    name: str, values: Array, rest: Places, clients: int, generator: np.random.Generator
) -> list[Places]:
    """Shares of whole values, as equal as these allow."""
    numbers = np.unique(values, return_inverse=True)[1].reshape(-1)
    counts = np.bincount(numbers[rest], minlength=numbers.max() + 1)
    order = generator.permutation(np.flatnonzero(counts))
    if len(order) < clients:
        raise DataError(
            f"the training rows are of {len(order)} values of {name}, too few for {clients} clients: let "
            f"{len(order)} take part at most, or share rows out by dirichlet or quantity, which part them"
        )
    holder = np.zeros(len(counts), np.int64)
    held = np.zeros(clients, np.int64)
    # Those with most rows first, each to whoever holds fewest: large ones at the end could not be evened.
    for value in order[np.argsort(-counts[order], kind="stable")]:
        holder[value] = np.argmin(held)
        held[holder[value]] += counts[value]
    require_share(int(held.min()), len(numbers), clients)
    return [generator.permutation(rest[holder[numbers[rest]] == c]) for c in range(clients)]


def _by_kind(
    kinds: Places, rest: Places, settings: SplitSettings, generator: np.random.Generator
) -> list[Places]:
    """Equal shares whose kinds lean to a few, and the more so the smaller `alpha` is.

    Each kind of row is spread over the clients by weights from Dirichlet(α) (Yurochkin et al., 2019). To keep
    shares equal, clients take a row each in turn, of a kind that follows their weights times what is left of
    it, until all have their share (as Hsu et al., 2019).
    """
    clients = settings.clients
    left = [list(generator.permutation(rest[kinds == kind])) for kind in range(kinds.max() + 1)]
    weights = generator.dirichlet(np.full(clients, settings.dirichlet_alpha), size=len(left)).T
    sizes = np.array([len(pile) for pile in left], dtype=np.float64)
    shares: list[list[int]] = [[] for _ in range(clients)]
    for _ in range(len(rest) // clients):
        for client in generator.permutation(clients):
            kind = _drawn(weights[client] * sizes, sizes, generator)
            shares[client].append(left[kind].pop())
            sizes[kind] -= 1
    return [generator.permutation(np.array(share, dtype=np.int64)) for share in shares]


def _drawn(chances: NDArray[np.float64], sizes: NDArray[np.float64], generator: np.random.Generator) -> int:
    if chances.sum() <= 0:
        chances = sizes  # All kinds that the client wants are used up.
    return int(generator.choice(len(chances), p=chances / chances.sum()))


def _by_quantity(rest: Places, settings: SplitSettings, generator: np.random.Generator) -> list[Places]:
    """Shares at random whose sizes follow Dirichlet(α), none below the least; all rows are in one."""
    spare = len(rest) - _LEAST_SHARE * settings.clients
    weights = generator.dirichlet(np.full(settings.clients, settings.dirichlet_alpha))
    ends = np.rint(np.cumsum(weights) * spare).astype(np.int64)
    sizes = _LEAST_SHARE + np.diff(ends, prepend=0)
    return np.split(generator.permutation(rest), np.cumsum(sizes)[:-1])
