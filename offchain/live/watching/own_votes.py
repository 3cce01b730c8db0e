"""What a client found of updates when it voted, and why it refused some: kept for its owner alone."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ml.folders import require_readable
from ml.judging.findings import Finding, told
from ml.messages import reason
from ml.private_files import make_folder, opened, replacing
from offchain.errors import OffchainError
from offchain.learning.refusals import Refusal, refusals
from offchain.live.deploying.deployment import LiveDeployment, place_of
from offchain.live.watching.log_cache import FOLDER

_log = logging.getLogger(__name__)

KEPT = 256
"""Last rounds whose votes stay on the disk."""
_SUFFIX = ".vote.json"
_LARGEST = 1 << 20  # bytes; 16 refusals by two policies are three thousand

_Ballot = Annotated[int, Field(ge=0, lt=1 << 16)]


class Found(BaseModel):
    """What a policy found of a round's updates.

    Attributes:
        policy: Its name.
        against: The round that made the model which updates were compared with; 0 for the first one.
        ballot: Bit j accepts the update at seat position j.
        refused: Why not, by seat position.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    against: int
    ballot: _Ballot
    refused: Mapping[int, Refusal]

    def told(self, position: int) -> str:
        """Return a position's answer in words."""
        refusal = self.refused.get(position)
        if refusal is not None:
            return told(refusal.reason)
        return "yes" if self.ballot >> position & 1 else "no"


class OwnVote(BaseModel):
    """What one client found in a round.

    Attributes:
        schema_version: Of this file.
        round: The round.
        binding: By the deployment's policy: what it voted.
        shadow: By another, which decided nothing; none without one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    round: int
    binding: Found
    shadow: Found | None = None


def found(policy: str, against: int, finding: Finding) -> Found:
    """Return a finding as it is kept."""
    return Found(policy=policy, against=against, ballot=finding.ballot, refused=refusals(finding))


def own_folder(deployment: LiveDeployment, address: str, cache: Path | None) -> Path:
    """Return a client's folder in its cache; none for the user's."""
    place = place_of(deployment)
    return (cache or Path.home() / FOLDER) / f"{place.chain_id}-{place.manager}" / address


class OwnVotes:
    """A client's votes of the last rounds, a file each; nothing is decided by them.

    Args:
        folder: The client's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "votes"

    def keep(self, vote: OwnVote) -> None:
        """Write a vote over one of the same round; where the disk does not take it, that is logged alone."""
        try:
            make_folder(self._folder)
            with replacing(self._folder / f"{vote.round}{_SUFFIX}") as file:
                file.write(vote.model_dump_json().encode())
            for old in self._rounds()[:-KEPT]:
                self._file(old).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("what was found of updates cannot be kept in %s: %s", self._folder, reason(error))

    def all(self) -> list[OwnVote]:
        """Return the votes that are there, the latest last.

        Raises:
            OffchainError: When nothing is there, or a file does not hold a vote.
        """
        try:
            if self._folder.exists():
                require_readable(self._folder)
            kept = self._rounds()
        except OSError as error:
            raise OffchainError(f"votes in {self._folder} cannot be read: {reason(error)}") from error
        if not kept:
            raise OffchainError(
                f"no votes are kept in {self._folder}: give the client's address, and --cache as the client "
                "has it on this machine; votes are there from its first ballot on"
            )
        return [self._read(number) for number in kept]

    def _read(self, number: int) -> OwnVote:
        path = self._file(number)
        try:
            with opened(path) as file:
                return OwnVote.model_validate_json(file.read(_LARGEST))
        except OSError as error:
            raise OffchainError(f"{path} cannot be read: {reason(error)}") from error
        except ValidationError as error:
            raise OffchainError(f"{path} does not hold a vote ({type(error).__name__}): remove it") from error

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}{_SUFFIX}"

    def _rounds(self) -> list[int]:
        """The rounds that have a file, in order."""
        names = [path.name.removesuffix(_SUFFIX) for path in self._folder.glob(f"*{_SUFFIX}")]
        return sorted(int(name) for name in names if name.isdecimal() and name.isascii())
