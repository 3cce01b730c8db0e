"""The address book of a deployment: what stands where, written beside its configuration after each step."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ml.home import at_home
from ml.json_file import read_json
from ml.messages import reason
from ml.private_files import alone, write_whole
from ml.updates.hashing import keccak256
from ml.validation import first_fault
from offchain.live.deploying.configuration import Address, Configuration, Digest, plain
from offchain.live.errors import ConfigurationError
from offchain.system_errors import of_the_system

FOLDER = Path("deployments")


class Entry(BaseModel):
    """A contract that stands."""

    model_config = ConfigDict(extra="forbid")

    address: Address
    transaction: Digest | None = Field(None, description="That deployed it; None when another contract did.")
    block: int | None = Field(None, description="In which it was deployed.")


class Pending(BaseModel):
    """A contract on its way: its address is known before it is sent."""

    model_config = ConfigDict(extra="forbid")

    contract: str
    address: Address
    nonce: int
    hashes: list[Digest] = Field(default_factory=list)


class Software(BaseModel):
    """With what a deployment was made."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(max_length=40, description="StakeFed's.")
    lock: str = Field(pattern="^([0-9a-f]{64})?$", description="SHA-256 of its requirements.txt.")


class AddressBook(BaseModel):
    """Where a deployment stands, and what it was deployed from."""

    model_config = ConfigDict(extra="forbid")

    network: str
    chain_id: int
    deployer: Address
    configuration: Digest = Field(description="Of what it was deployed from.")
    parameters_digest: Digest
    parameters: Mapping[str, int | str] = Field(description="The round manager's, base units and seconds.")
    software: Software | None = Field(None, description="That deployed; older books do not tell.")
    contracts: dict[str, Entry] = Field(default_factory=dict)
    pending: Pending | None = None
    complete: bool = Field(False, description="Whether everything stands and was read back.")

    @property
    def first_block(self) -> int:
        """The earliest block of which logs can matter."""
        return self.contracts["RoundManager"].block or 0


def book_path(configuration: Path) -> Path:
    """The book of a configuration: beside it, under its name."""
    return configuration.with_suffix(".json")


def source_path(configuration: Path) -> Path:
    """What the compiler was given for a configuration's contracts: beside it, for whoever verifies them.

    >>> source_path(Path("deployments/sepolia.yaml")).as_posix()
    'deployments/sepolia.compiler.json'
    """
    return configuration.with_suffix(".compiler.json")


def write_source(path: Path, given: Mapping[str, Any]) -> None:
    """Write the compiler's standard JSON.

    Raises:
        ConfigurationError: When the file cannot be written.
    """
    replace_text(path, json.dumps(given, indent=1, sort_keys=True) + "\n")


def named_files(name: str) -> tuple[Path, Path]:
    """Configuration and book of a deployment, by name or by the path of either file.

    >>> named_files("sepolia")[1].as_posix()
    'deployments/sepolia.json'
    """
    path = at_home(name)
    if path.suffix not in (".yaml", ".json"):
        path = FOLDER / f"{name}.yaml"
    return path.with_suffix(".yaml"), path.with_suffix(".json")


def configuration_digest(configuration: Configuration) -> str:
    """32 bytes in hex that differ when anything in a configuration does."""
    text = json.dumps(plain(configuration), sort_keys=True, separators=(",", ":"))
    return "0x" + keccak256(text.encode()).hex()


def read_book(path: Path) -> AddressBook | None:
    """The book in a file; None when there is none yet.

    Raises:
        ConfigurationError: When the file is no address book.
    """
    try:
        return AddressBook.model_validate_json(read_json(path))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ConfigurationError(f"{path} is no address book: {first_fault(error, 'the file')}") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is no address book: {error}") from error


@contextmanager
def writing_alone(path: Path) -> Iterator[None]:
    """Let no other process deploy into the same book: two would write down each other's contracts.

    Raises:
        ConfigurationError: When one is at it, or nothing can be written there.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(path.with_name(f".{path.name}.lock")))
        except BlockingIOError as error:
            raise ConfigurationError(
                f"another process deploys into {path}: let it end, then give the same command again, which "
                "goes on with what is missing"
            ) from error
        except OSError as error:
            raise ConfigurationError(of_the_system(error, at=path)) from error
        yield


def write_book(path: Path, book: AddressBook) -> None:
    """Write a book so that either the old one or the new one is there, whatever happens.

    Raises:
        ConfigurationError: When the file cannot be written.
    """
    replace_text(path, book.model_dump_json(indent=2, exclude_none=True) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a file so that either what was in it or `text` is there, whatever happens.

    Raises:
        ConfigurationError: When the file cannot be written.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise ConfigurationError(of_the_system(error, at=path)) from error
