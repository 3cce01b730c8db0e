"""Who holds which rows: a test set, and of each client's share what it trains and what it validates on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Array, Inputs, Rows, Targets, joined
from ml.data.shares import Places, require_share, shares_of
from ml.data.text.usage import Usage
from ml.errors import DataError
from ml.settings import SplitSettings

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
_DRAWS = 100


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
        shares = shares_of(rows, kinds.drawn, rest, settings, generator)
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


def gathered(rows: Sequence[Rows]) -> Rows:
    """Return the rows of several members as one; their column `member` says whose they are, by number."""
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
