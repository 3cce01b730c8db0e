"""An institution's own rows, which never leave it, made ready for the deployment's model."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ml.data.checks import compare, judging_note
from ml.data.common_encoding import CommonEncoding, read_encoding
from ml.data.lending_club import read
from ml.data.rows import shape_of
from ml.data.shares import VALIDATION_SHARE, ClientData, require_share
from ml.errors import DataError
from ml.seeds import derive_seed
from ml.settings import ALLOWED_MISSING, SplitSettings
from ml.tasks.built_in.lending_club import LendingClub
from ml.tasks.federating import federate, require_outcomes
from ml.tasks.loading import Named
from offchain.live.deploying.configuration import Learning
from offchain.live.errors import ConfigurationError

_SPLIT = 6  # Under the deployment's seed: which of the own rows validate.


@dataclass(frozen=True)
class DataOptions:
    """What a client's owner says about its rows: a file of its own, or a share of a set that all can make.

    Attributes:
        path: Lending Club's layout, a CSV plain or compressed; none for a share of built-in rows.
        encoding: The common encoding of a file of one's own.
        share: (i, k) for share i, from 0, of k of a simulation's rows.
        dataset: The built-in set of which shares are taken.
        rows: Of that set; none for its default.
        allow_missing: Share of a file's decided loans that may be left out.
        accept: Whether rows may be unlike those that the encoding was fitted on.
    """

    path: Path | None = None
    encoding: Path | None = None
    share: tuple[int, int] | None = None
    dataset: str = "loans"
    rows: int | None = None
    allow_missing: float = ALLOWED_MISSING
    accept: bool = False

    @property
    def is_given(self) -> bool:
        """Whether any rows were named."""
        return self.path is not None or self.share is not None


@dataclass(frozen=True, eq=False)
class OwnRows:
    """A client's rows, the number that its shuffles derive from, and what its owner should know of them."""

    rows: ClientData
    number: int
    told: list[str] = field(default_factory=list)


def own_rows(options: DataOptions, learning: Learning, address: str) -> OwnRows:
    """Return the client's rows, split into training and validation; the same file gives the same split.

    Raises:
        ConfigurationError: When the options do not go together, or the rows are not of the model's shape.
        DataError: When a file is missing, damaged or too small, or its rows teach nothing: they have one
            outcome only, or are unlike those of the encoding.
    """
    if (options.path is None) == (options.share is None):
        raise ConfigurationError("give --data FILE, or --share I/K for built-in rows, and not both")
    if options.share is not None:
        found = _share(options, options.share, learning)
    else:
        assert options.path is not None
        found = _file(options, options.path, learning, int(address, 16))
    _require_shape(found.rows, learning)
    note = judging_note(len(found.rows.y_validation), learning.tolerance)
    return replace(found, told=[*found.told, note]) if note else found


def _share(options: DataOptions, share: tuple[int, int], learning: Learning) -> OwnRows:
    index, of = share
    if not 0 <= index < of:
        raise ConfigurationError(f"--share is {index}/{of}: shares of {of} are 0/{of} to {of - 1}/{of}")
    settings = SplitSettings(clients=of, seed=learning.genesis_seed)
    task = Named(options.dataset, {} if options.rows is None else {"rows": options.rows}).load()
    return OwnRows(federate(task, None, settings).clients[index], index)


def _file(options: DataOptions, path: Path, learning: Learning, number: int) -> OwnRows:
    encoding = _encoding(options.encoding, learning)
    loans = read(path, encoding.features, options.allow_missing)
    table = loans.table
    require_share(len(table), len(table), 1)
    told = loans.usage.told() + compare(encoding, table, insist=not options.accept)
    X, y = encoding.encode(table), table.labels
    order = np.random.default_rng(derive_seed(learning.genesis_seed, _SPLIT)).permutation(len(table))
    validating = max(1, round(len(table) * VALIDATION_SHARE))
    training, validation = order[validating:], order[:validating]
    require_outcomes(LendingClub.target, y[training], f"training rows of {path}")
    return OwnRows(ClientData(X[training], y[training], X[validation], y[validation]), number, told)


def _encoding(path: Path | None, learning: Learning) -> CommonEncoding:
    if path is None:
        raise ConfigurationError("rows of one's own need --encoding, the file that all clients share")
    encoding = read_encoding(path)
    if learning.encoding is not None and "0x" + encoding.digest.hex() != learning.encoding:
        raise DataError(
            f"encoding {path} has digest 0x{encoding.digest.hex()}, the deployment's is {learning.encoding}"
        )
    return encoding


def _require_shape(rows: ClientData, learning: Learning) -> None:
    row, label = shape_of(rows.X_train), shape_of(rows.y_train)
    if (row, label) != (learning.row_shape, learning.label_shape):
        raise ConfigurationError(
            f"the rows have shape {list(row)} with labels {list(label)}; the deployment's model "
            f"{learning.model} takes {list(learning.row_shape)} with labels {list(learning.label_shape)}"
        )
