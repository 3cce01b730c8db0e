"""The contracts as Ape compiles them, or as a wheel brings them."""

import json
from pathlib import Path

from ethpm_types import ContractType

_BROUGHT = Path(__file__).with_name("contracts.json")
"""Written into a wheel by `setup.py`; a checkout has none, and compiles."""


def compiled_contracts() -> dict[str, ContractType]:
    """Return the project's contracts by name, compiled where they changed."""
    if _BROUGHT.is_file():
        brought = json.loads(_BROUGHT.read_text(encoding="utf-8"))
        return {name: ContractType.model_validate(each) for name, each in brought.items()}
    from ape import project

    return {name: container.contract_type for name, container in project.load_contracts().items()}
