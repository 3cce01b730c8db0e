"""From settings to every client's rows."""

import numpy as np
import pandas as pd

from ml.data import lending_club, loans
from ml.data.columns import complete, typed
from ml.data.shares import FederatedData, federate
from ml.errors import DataError
from ml.seeds import derive_seed
from ml.settings import DataSettings

DEFAULT_BUILT_IN_ROWS = 40_000


def load(settings: DataSettings) -> FederatedData:
    """Return the clients' and the test rows that `settings` describe; the same settings give the same rows.

    Raises:
        DataError: When the file or what it holds is not enough; the message says what and where.
    """
    return federate(_loans(settings), settings.features, settings.clients, derive_seed(settings.seed, 1))


def _loans(settings: DataSettings) -> pd.DataFrame:
    if settings.path is None:
        book = loans.book(settings.rows or DEFAULT_BUILT_IN_ROWS)
        return complete(typed(book, settings.features))
    usable = lending_club.read(settings.path, settings.features)
    if settings.rows is None:
        return usable
    if settings.rows > len(usable):
        raise DataError(f"{settings.path} has {len(usable)} usable loans, {settings.rows} were asked for")
    chosen = np.random.default_rng(derive_seed(settings.seed, 0)).permutation(len(usable))[: settings.rows]
    return usable.iloc[np.sort(chosen)].reset_index(drop=True)
