"""Logs that were read before, in a file, so that the next call asks for new blocks only."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ml.messages import reason
from ml.private_files import make_folder, opened, remove_abandoned, replacing
from offchain.chain.abi import Log
from offchain.live.access.chain import Block
from offchain.live.deploying.deployment import LiveDeployment

_log = logging.getLogger(__name__)

FOLDER = Path(".cache", "stakefed", "live")
"""In the user's home."""
_LONGEST = 200  # characters of a reason
_LARGEST = 2**28  # bytes; ten years of daily rounds

_Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]
_Word = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
_Number = Annotated[str, Field(pattern=r"^0x[0-9a-f]{1,15}$")]
_Bytes = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")]


class _Log(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)  # What nodes tell beside these is left out.

    address: _Address
    topics: list[_Word] = Field(max_length=4)
    data: _Bytes
    blockNumber: _Number
    blockHash: _Word
    transactionHash: _Word
    logIndex: _Number

    @property
    def place(self) -> tuple[int, int]:
        return int(self.blockNumber, 16), int(self.logIndex, 16)


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    contracts: list[_Address]
    first: int
    block: int
    hash: _Word
    logs: list[_Log]


@dataclass(frozen=True)
class Kept:
    """Logs up to a block; they count as long as the chain still has it.

    Attributes:
        block: Its number.
        hash: Its hash.
        logs: In the order of the chain, as nodes tell them.
    """

    block: int
    hash: str
    logs: list[Log]


class LogCache:
    """A file with all logs of some contracts up to a block.

    It can be deleted at any time, and is thrown away when it is damaged or of something else. What is in it
    counts as what a node told: whoever reads it has to look whether block and chain agree, and whether the
    logs do with what the contracts say.

    Args:
        path: The file.
        contracts: Whose logs, addresses in lower case.
        first_block: From which on.
    """

    def __init__(self, path: Path, contracts: Sequence[str], first_block: int) -> None:
        self._path = path
        self._contracts = sorted(contracts)
        self._first = first_block

    def load(self) -> Kept | None:
        """Return what is kept; None when there is nothing, or nothing that holds."""
        try:
            with opened(self._path) as file:
                read = file.read(_LARGEST + 1)
            if len(read) > _LARGEST:
                raise ValueError("it is too large")
            digest, _, body = read.partition(b"\n")
            if digest.decode("ascii") != hashlib.sha256(body).hexdigest():
                raise ValueError("its digest is of something else")
            content = _Content.model_validate_json(body)
            self._require(content)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # A ValidationError is a ValueError.
            _log.warning("the cache of logs %s is thrown away: %s", self._path, reason(error, _LONGEST))
            self.drop()
            return None
        return Kept(content.block, content.hash, [log.model_dump() for log in content.logs])

    def save(self, block: Block, logs: Sequence[Log]) -> None:
        """Keep all logs up to `block`, in place of what was kept; a disk that takes none is no error."""
        try:
            content = _Content(
                contracts=self._contracts,
                first=self._first,
                block=block.number,
                hash=block.hash,
                logs=[_Log.model_validate({**log, "address": log["address"].lower()}) for log in logs],
            )
            self._require(content)
            body = content.model_dump_json().encode()
            make_folder(self._path.parent)
            remove_abandoned(self._path.parent)
            with replacing(self._path) as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        except (OSError, ValueError) as error:
            _log.info("logs are not kept in %s: %s", self._path, reason(error, _LONGEST))

    def drop(self) -> None:
        """Forget everything."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.info("the cache of logs %s cannot be removed: %s", self._path, reason(error))

    def _require(self, content: _Content) -> None:
        if (content.contracts, content.first) != (self._contracts, self._first):
            raise ValueError("it is of another deployment")
        places = [log.place for log in content.logs]
        if any(one >= next_ for one, next_ in zip(places, places[1:], strict=False)):
            raise ValueError("its logs are not in the order of the chain")
        if places and not self._first <= places[0][0] <= places[-1][0] <= content.block:
            raise ValueError("its logs are of other blocks")
        if not {log.address for log in content.logs} <= set(self._contracts):
            raise ValueError("its logs are of other contracts")


def log_cache(deployment: LiveDeployment, folder: Path | None = None) -> LogCache:
    """Return the cache of round manager's and pool's logs in `folder`, by default the user's cache folder."""
    book, contracts = deployment.book, (deployment.manager.address, deployment.pool.address)
    place = (folder or Path.home() / FOLDER) / f"{book.chain_id}-{deployment.manager.address}"
    return LogCache(place / "logs", contracts, deployment.first_block)
