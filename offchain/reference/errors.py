"""What the protocol refuses."""


class Refused(Exception):
    """A call that the contracts revert, with the name of the custom error and its values in order."""

    def __init__(self, name: str, *values: object) -> None:
        super().__init__(f"{name}({', '.join(str(value) for value in values)})")
        self.name = name
        self.values = values


def require(condition: bool, name: str, *values: object) -> None:
    """Raise Refused(name, *values) unless `condition` holds."""
    if not condition:
        raise Refused(name, *values)
