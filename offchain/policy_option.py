"""A policy of votes on the command line."""

from pathlib import Path
from typing import Any

import click

from ml.judging.policy import NAMED, OF_SCORES, read_policy
from ml.messages import quoted
from ml.settings import AnyPolicy
from offchain.errors import SettingsError
from offchain.yaml_file import read_mapping


class PolicyParameter(click.ParamType):
    """A policy by name, or a YAML file of which `policy` is one or lists its tests, as settings do."""

    name = "NAME|FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AnyPolicy:
        """Return the policy.

        Raises:
            BadParameter: When it is none.
        """
        names = (*OF_SCORES, *NAMED)
        try:
            found = read_policy(value if value in names else _in_file(str(value), names))
        except (ValueError, SettingsError) as error:
            self.fail(f"{error}.", param, ctx)
        assert found is not None
        return found  # type: ignore[return-value]  # A name is one of the names by now.


def _in_file(value: str, names: tuple[str, ...]) -> Any:
    if not value.endswith((".yaml", ".yml")):
        raise ValueError(
            f"there is no policy {quoted(value)}; use {', '.join(names)}, or a YAML file with `policy`"
        )
    content = read_mapping(Path(value), "policy file", SettingsError)
    if content.get("policy") is None:
        raise ValueError(f"{value} has no `policy`; expected a name or a list of tests (docs/JUDGING.md)")
    return content["policy"]
