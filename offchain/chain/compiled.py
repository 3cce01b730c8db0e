"""The contracts as Ape compiles them, or as a wheel brings them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ethpm_types import ContractType

from ml.json_file import read_value
from ml.messages import reason
from offchain.errors import ChainError

if TYPE_CHECKING:
    from ape.managers.project import LocalProject

_BROUGHT = Path(__file__).with_name("contracts.json")
"""Written into a wheel by `setup.py`; a checkout has none, and compiles."""
_MAIN = Path("contracts") / "RoundManager.sol"
_SHOWN = 200  # characters of why it is
_WANTED = ("abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode.object")


def compiled_contracts() -> dict[str, ContractType]:
    """Return the project's contracts by name, compiled where they changed.

    Raises:
        ChainError: When there are none, in the folder that this was called in or in the wheel, or they cannot
            be compiled.
    """
    if _BROUGHT.is_file():
        return _from_wheel()
    from ape import project

    if not (project.path / _MAIN).is_file():
        raise ChainError(
            f"{project.path} is not StakeFed's checkout, whose contracts this needs: change to that folder "
            "(cd), or use the command `stakefed` of a wheel"
        )
    try:
        forget_stale_contracts(project)
        return {name: container.contract_type for name, container in project.load_contracts().items()}
    except OSError as error:
        raise ChainError(
            f"the contracts in {project.path} are not compiled yet, or changed, and cannot be "
            f"({reason(error)}: {error.filename}): have `ape compile` called there by who may write, or "
            "use the command `stakefed` of a wheel"
        ) from error


def _from_wheel() -> dict[str, ContractType]:
    try:
        brought = read_value(_BROUGHT)
        return {name: ContractType.model_validate(each) for name, each in brought.items()}
    except OSError as error:
        raise ChainError(f"{_BROUGHT} cannot be read ({reason(error)}): let this user read it") from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ChainError(
            f"{_BROUGHT} is damaged ({reason(error, _SHOWN)}); install StakeFed again"
        ) from error


def compiler_input() -> dict[str, Any] | None:
    """Return what the compiler is given, as its standard JSON with every source in it.

    Compiling it again anywhere gives the same bytes, the hash of the sources included. None where a wheel
    brought the contracts, since it brings no sources.
    """
    if _BROUGHT.is_file():
        return None
    from ape import compilers, project

    # As Ape compiles: in a copy, into which it puts the libraries.
    with project.isolate_in_tempdir() as copy:
        paths = [path for path in copy.sources.paths if "mocks" not in path.parts]
        (given,) = compilers.solidity.get_standard_input_json(paths, project=copy).values()
    given["settings"]["outputSelection"] = {"*": {"*": list(_WANTED)}}
    return dict(given)


def forget_stale_contracts(project: "LocalProject") -> None:
    """Have Ape compile everything anew where a source is not the one that was compiled.

    By itself it compiles the file that changed, and leaves the contracts that import it as they were.
    """
    compiled = project.manifest.sources or {}
    if any(_text(project.path / name) != str(source.content).strip() for name, source in compiled.items()):
        project.clean()  # type: ignore[no-untyped-call]


def _text(source: Path) -> str | None:
    return source.read_text(encoding="utf-8").strip() if source.is_file() else None
