"""The contracts as Ape compiles them."""

from ape import project
from ethpm_types import ContractType


def compiled_contracts() -> dict[str, ContractType]:
    """Return the project's contracts by name, compiled where they changed."""
    return {name: container.contract_type for name, container in project.load_contracts().items()}
