"""Exceptions of the package; all derive from `OffchainError`."""


class OffchainError(Exception):
    """Anything that a run refuses, with one sentence that names the value and what was expected."""


class SettingsError(OffchainError):
    """Settings that are malformed, unknown or do not fit each other."""


class RunFolderError(OffchainError):
    """An output folder that is in use, or that holds no run to continue."""
