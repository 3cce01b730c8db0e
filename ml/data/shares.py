"""Who holds which rows: the split into a test set and shares, one a client, some of each for validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Array, Inputs, Rows, Targets, one_a_row
from ml.data.text.usage import Usage
from ml.errors import DataError
from ml.messages import nearest, quoted
from ml.settings import SplitSettings

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
_GROUP = "group"
METHODS = ("iid", "dirichlet", "quantity", _GROUP)
"""Ways to share rows out; any other name is that of a column whose values are held whole."""

_LEAST_SHARE = 5  # The fewest rows of which 20 % make one.
_DRAWS = 100

Places = NDArray[np.int64]
"""Numbers of rows."""


@dataclass(frozen=True, eq=False)
class ClientData:
    """One client's private rows and their targets [rows, *label]."""

    X_train: Inputs
    y_train: Targets
    X_validation: Inputs
    y_validation: Targets


@dataclass(frozen=True, eq=False)
class FederatedData:
    """All clients' rows, the common test set in random order, and what is known of them.

    Attributes:
        clients: By number.
        X_test: Inputs that no client holds.
        y_test: Their targets.
        feature_names: Names of inputs, where they have any.
        label_names: Names of labels, where they have any.
        usages: What became of the rows of each file that was read, where that was counted.
        told: What else is to be known of them: what stands for gaps, what looks unlike an encoding's rows.
    """

    clients: tuple[ClientData, ...]
    X_test: Inputs
    y_test: Targets
    feature_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    usages: tuple[Usage, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def said(self) -> list[str]:
        """Sentences for people: how many rows of each file are used and why others are not, and more."""
        return [*(sentence for usage in self.usages for sentence in usage.told()), *self.told]


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers: of each client's share those it trains and those it validates on; of the test."""

    train: tuple[Places, ...]
    validation: tuple[Places, ...]
    test: Places


@dataclass(frozen=True)
class Kinds:
    """What a split has to know of targets.

    Attributes:
        drawn: A kind of each row at some places, int64 from 0, perhaps at random: what shares dirichlet skew.
        scorable: Whether a client could score by the rows at these places.
        scored: Whether votes need that; the paper's accuracy does not.
    """

    drawn: Callable[[Places, np.random.Generator], Places]
    scorable: Callable[[Places], bool]
    scored: bool = False


def split_rows(rows: Rows, kinds: Kinds, settings: SplitSettings, generator: np.random.Generator) -> Split:
    """Return a random split: 20 % test, the rest in shares as the settings say, 20 % of each validating.

    Test rows are those that the data set names; else the latest, where times are known; else whole groups,
    where these are; else any. Shares are equal where nothing else is asked for, up to `clients` − 1 rows
    being in none; by column or group they are as equal as whole ones allow. Where times are known, the latest
    of a share validate; groups are on one side. Shares are drawn again, up to 100 times, while some client's
    validation rows leave its score undefined: this happens when shares are small.

    Raises:
        DataError: When a share would have fewer than 5 rows, or there are fewer groups than clients.
    """
    clients = settings.clients
    if settings.shares == "iid" and all(
        part is None for part in (rows.groups, rows.times, rows.test, rows.apart)
    ):
        return _plain_split(len(rows), kinds, clients, generator)
    test = _test(rows, generator)
    rest = np.setdiff1d(np.arange(len(rows)), test)
    if rows.test is None:
        require_left(rest, len(rows))
    require_share(len(rest) // clients, len(rows), clients)
    for _ in range(_DRAWS):
        shares = _shares(rows, kinds, rest, settings, generator)
        cuts = [cut(rows, share, VALIDATION_SHARE) for share in shares]
        if all(len(train) and kinds.scorable(validation) for train, validation in cuts):
            break
    require_share(min(map(len, shares)), len(rows), clients)
    train, validation = zip(*cuts, strict=True)
    for share, trained in zip(shares, train, strict=True):
        require_left(trained, len(share), clients)
    return Split(train, validation, test)


def cut(rows: Rows, share: Places, part: float) -> tuple[Places, Places]:
    """Return the places of a share in random order as those that stay and the `part` that is set aside.

    Set aside are the latest, where times are known; else the first. Groups are set aside as a whole, those
    seen latest where times are known, as many as make about the part.
    """
    count = round(len(share) * part)
    if rows.times is not None:
        share = share[np.argsort(rows.times[share], kind="stable")[::-1]]
    if rows.groups is None:
        kept, aside = share[count:], share[:count]
    else:
        chosen = _whole(rows.groups[share], count)
        kept, aside = share[~chosen], share[chosen]
    return (kept, aside) if rows.times is None else (kept[::-1], aside[::-1])


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


def require_left(left: Places, rows: int, clients: int = 1) -> None:
    """Raise DataError when all of some rows were set aside, as those of one group are, which is not cut."""
    if not len(left):
        whose = "these" if clients == 1 else "a client's"
        fewer = "" if clients == 1 else f", or let fewer than {clients} clients share the groups out"
        raise DataError(
            f"{whose} {rows} rows are of one group, which stays on one side of every split: nothing would be "
            f"left to train on; give rows of more groups, or none{fewer}"
        )


def _plain_split(rows: int, kinds: Kinds, clients: int, generator: np.random.Generator) -> Split:
    """Paper, section V-A: one random order, cut into test and equal shares."""
    tests = round(rows * TEST_SHARE)
    share = (rows - tests) // clients
    require_share(share, rows, clients)
    validating = round(share * VALIDATION_SHARE)
    for _ in range(_DRAWS):
        order = generator.permutation(rows)
        shares = order[tests : tests + share * clients].reshape(clients, share)
        if not kinds.scored or all(kinds.scorable(own[:validating]) for own in shares):
            break
    return Split(tuple(shares[:, validating:]), tuple(shares[:, :validating]), order[:tests])


def _shares(
    rows: Rows, kinds: Kinds, rest: Places, settings: SplitSettings, generator: np.random.Generator
) -> list[Places]:
    match settings.shares:
        case "iid" if rows.groups is None:
            return _at_random(rest, settings.clients, generator)
        case "iid" | "group":
            return _by_column("group", _groups(rows), rest, settings.clients, generator)
        case "dirichlet":
            return _by_kind(kinds.drawn(rest, generator), rest, settings, generator)
        case "quantity":
            return _by_quantity(rest, settings, generator)
        case name if name in rows.columns:
            column = one_a_row(f"values of column {name}", rows.columns[name])
            return _by_column(name, column, rest, settings.clients, generator)
        case name:
            raise DataError(f"these rows have no shares {quoted(name)}; {_no_shares(name, rows)}")


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
    return [each for each in METHODS if each != _GROUP or rows.groups is not None]


def _groups(rows: Rows) -> Array:
    if rows.groups is None:
        raise DataError(
            "shares by group need rows with groups, and these have none; their task would name them, by "
            f"Rows(..., groups=...) or a table's --group COLUMN; {_known(rows)}"
        )
    return rows.groups


def _test(rows: Rows, generator: np.random.Generator) -> Places:
    wanted = round(len(rows) * TEST_SHARE)
    if rows.test is not None:
        return generator.permutation(np.flatnonzero(rows.test))
    if rows.times is not None:
        return generator.permutation(cut(rows, np.arange(len(rows)), TEST_SHARE)[1])
    apart = rows.groups if rows.apart is None else rows.apart
    if apart is None:
        return generator.permutation(len(rows))[:wanted]
    numbers = np.unique(apart, return_inverse=True)[1]
    counts = np.bincount(numbers)
    order = generator.permutation(len(counts))
    chosen = order[: np.argmin(np.abs(np.cumsum(counts[order]) - wanted)) + 1]
    return generator.permutation(np.flatnonzero(np.isin(numbers, chosen)))


def _whole(groups: Array, count: int) -> NDArray[np.bool_]:
    """Which rows are of the first groups, as many whole ones as make about `count`, one at least."""
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(first)
    sizes = np.bincount(numbers)[order]
    chosen = order[: np.argmin(np.abs(np.cumsum(sizes) - max(1, count))) + 1]
    return np.isin(numbers, chosen)


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
            f"{len(order)} take part at most, or share rows out by something else"
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


def gathered(rows: Sequence[Rows]) -> Rows:
    """Return the rows of several members as one; their column `member` says whose they are, by number."""
    from ml.data.rows import joined

    first = rows[0]
    holders = np.concatenate([np.full(len(each), number) for number, each in enumerate(rows)])
    beside = {
        name: np.concatenate([getattr(each, name) for each in rows])
        for name in ("groups", "times", "apart")
        if getattr(first, name) is not None
    }
    inputs, targets = joined([each.inputs for each in rows]), joined([each.targets for each in rows])
    return Rows(inputs, targets, **beside, columns={"member": holders}, names=first.names)


def split_members(rows: Rows, generator: np.random.Generator) -> Split:
    """Return the split of rows that members hold already: 20 % tested, 20 % of the rest validating."""
    holders = rows.columns["member"]
    train, validation, test = [], [], []
    for member in range(int(holders.max()) + 1):
        own = generator.permutation(np.flatnonzero(holders == member))
        kept, tested = cut(rows, own, TEST_SHARE)
        require_left(kept, len(own))
        trained, validating = cut(rows, kept, VALIDATION_SHARE)
        require_share(len(trained) + len(validating), len(own), 1)
        require_left(trained, len(kept))
        train.append(trained)
        validation.append(validating)
        test.append(tested)
    return Split(tuple(train), tuple(validation), generator.permutation(np.concatenate(test)))
