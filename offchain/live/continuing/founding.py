"""What founders write of a deployment that continues another: its first model, and where that is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethpm_types import ContractType
from pydantic import BaseModel

from offchain.learning.apart import beside_key
from offchain.learning.describing import redescribed
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from offchain.learning.genesis import write_genesis
from offchain.live.access.account import key_places
from offchain.live.access.chain import Chain
from offchain.live.continuing.origin import Origin, inclusion_in, lineage_of, model_of
from offchain.live.deploying.book import book_path, replace_text
from offchain.live.deploying.configuration import Configuration, Continues, load_configuration
from offchain.live.deploying.deployment import LiveDeployment, load_deployment, require_deployed
from offchain.live.errors import ConfigurationError
from offchain.live.verifying.lineage import Model
from offchain.yaml_file import read_value, with_section


@dataclass(frozen=True)
class Wanted:
    """What is to be continued.

    Attributes:
        old: Name of the deployment, or the path of either of its files.
        round: Whose model; None for the last that included an update.
    """

    old: str
    round: int | None


def continue_old(
    path: Path, wanted: Wanted, chain: Chain, contracts: Mapping[str, ContractType], origin: Origin
) -> None:
    """Write into a configuration that it begins with another deployment's model, and that beside it.

    A configuration that continues just that already is left as it is.

    Args:
        path: The configuration.
        wanted: What it is to continue.
        chain: Its own.
        contracts: Compiled contracts by name.
        origin: Where the other deployment is asked for.

    Raises:
        OffchainError: When the other one is not there, learns something else, or its model cannot be had.
    """
    configuration = load_configuration(path)
    old = load_deployment(wanted.old, contracts)
    if configuration.continues is not None:
        _require_the_same(path, configuration.continues, old, wanted)
        return
    if book_path(path).exists():
        raise ConfigurationError(
            f"{book_path(path)} is there already: what was begun without --continue cannot continue "
            "anything; give this one another file name"
        )
    _require_alike(configuration.learning, old)
    there = origin.chain(old.book.network, old.book.chain_id, chain, old.manager.interface)
    require_deployed(there, old)
    _write(path, configuration, old, *_last_model(there, old, wanted, origin))


def _require_the_same(path: Path, continues: Continues, old: LiveDeployment, wanted: Wanted) -> None:
    """An interrupted deployment goes on, whatever the other one has done since."""
    here = (continues.chain_id, continues.manager, wanted.round or continues.round)
    if here != (old.book.chain_id, old.manager.address, continues.round):
        raise ConfigurationError(
            f"{path} continues {continues} already: leave out --continue and --round, or take `continues` out"
        )


def _require_alike(learning: Learning, old: LiveDeployment) -> None:
    """A model is of use to what computes the same with it: its parameters, the others, the task."""
    theirs, name = old.configuration.learning, old.name
    if learning.schema_ != theirs.schema_:
        raise ConfigurationError(
            f"the model of {name} is another: {theirs.schema_.size} parameters in {len(theirs.parameters)} "
            f"tensors, here {learning.schema_.size} in {len(learning.parameters)}, names and shapes counted; "
            "only one of the same shape can be continued"
        )
    told = {
        "task": (learning.task_digest, theirs.task_digest),
        "constants": (learning.constants, theirs.constants),
    }
    for what, (mine, its) in told.items():
        if mine != its:
            raise ConfigurationError(
                f"learning.{what} of {name} is {its}, here {mine}: only the same task is continued; for "
                "another one export the model with `ape run verify --out`, and describe that with --genesis"
            )


def _last_model(chain: Chain, old: LiveDeployment, wanted: Wanted, origin: Origin) -> tuple[int, Model]:
    schema = old.configuration.learning.schema_
    lineage = lineage_of(chain, old.manager, old.first_block, schema, origin.fetch(schema))
    inclusion = inclusion_in(lineage, wanted.round)
    return inclusion.round, model_of(lineage, inclusion)


def _write(path: Path, configuration: Configuration, old: LiveDeployment, round_: int, first: Model) -> None:
    file = path.with_suffix(".genesis.safetensors")
    learning: Learning = beside_key(
        redescribed, configuration.learning, Here(path.parent), key_places(), first, file.name
    )
    continues = Continues(
        network=old.book.network,
        chain_id=old.book.chain_id,
        manager=old.manager.address,
        block=old.first_block,
        round=round_,
    )
    text = path.read_text(encoding="utf-8")
    text = with_section(text, "learning", _plain(learning))
    text = with_section(text, "continues", _plain(continues))
    _require_read_as(
        text, path, configuration.model_copy(update={"learning": learning, "continues": continues})
    )
    write_genesis(file, first, learning.schema_)
    replace_text(path, text)


def _require_read_as(text: str, path: Path, expected: Configuration) -> None:
    try:
        read = Configuration.model_validate(read_value(text))
    except ValueError:  # pydantic's among them.
        read = None
    if read != expected:
        raise ConfigurationError(
            f"{path} is not written in lines of `name: value`, into which --continue could write: write it so"
        )


def _plain(part: BaseModel) -> Any:
    return part.model_dump(mode="json", exclude_none=True)
