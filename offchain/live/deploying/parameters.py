"""From a configuration to the round manager's parameters, checked against the ABI and against each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, fields
from decimal import Decimal
from typing import Any

from ethpm_types import ContractType

from offchain.exact import moved
from offchain.live.deploying.configuration import Configuration, NewToken
from offchain.live.errors import ConfigurationError
from offchain.reference import Parameters
from offchain.reference.commitments import digest
from offchain.reference.errors import Refused
from offchain.reference.seats import MIN_MEMBERS, counts
from offchain.reference.state import NOBODY

NEW_TOKEN_DECIMALS = 18
AMOUNTS = (
    *("proposer_stake", "voter_stake", "bond", "absence_penalty"),
    *("proposer_reward", "voter_reward"),
)
_MAX_SUPPLY = 2**96 - 1
_PREVRANDAO_DELAY = 2
_VOTER_SHARE = 8

_WHY = {
    "proposerStake": "it must be at least one base unit",
    "voterStake": "every sixteenth of it must be at least one base unit",
    "bond": "it must cover the larger stake and absence_penalty",
    "proposerBps": "it must be 1 to 5000, so that somebody is left to vote",
    "voterSeats": "a round has 1 to 16382 voters",
    "quorumBps": "it must be at most 5000, half of the voters",
    "maxSamples": "it must be at least 1",
    "seedDelay": "it must be 1 to 256 blocks",
    "minMembers": "a round takes four members at least",
    "interval": "it must be at most 31536000 seconds, a year; with rewards, at least propose_for + "
    "publish_for + vote_for + reveal_for + mark_for, or whoever opens rounds in haste empties the budget",
    "unbonding": "it must be at least propose_for + publish_for + vote_for + reveal_for + mark_for",
    "rules": "the digest of the learning rules must not be zero",
}


def parameters_of(
    configuration: Configuration, rules: bytes, decimals: int = NEW_TOKEN_DECIMALS
) -> Parameters:
    """Return the parameters in base units and seconds.

    Args:
        configuration: What the founders wrote.
        rules: Digest of its learning rules, 32 bytes.
        decimals: The token's.

    Raises:
        ConfigurationError: For the first relation that does not hold, as one sentence.
    """
    protocol = configuration.protocol
    values = {name: getattr(protocol, name) for name in type(protocol).model_fields}
    for name in AMOUNTS:
        values[name] = base_units(name, values[name], decimals)
    _require_usable_seed(configuration)
    try:
        parameters = Parameters(
            **values,
            rules=rules,
            treasury=configuration.treasury or NOBODY,
        )
    except Refused as error:
        raise ConfigurationError(_sentence(error, protocol.model_dump())) from error
    if isinstance(configuration.token, NewToken):
        supply = base_units("token.supply", configuration.token.supply, decimals)
        if not 4 * parameters.bond <= supply <= _MAX_SUPPLY:
            raise ConfigurationError(
                f"token.supply is {configuration.token.supply}: it must cover the bonds of four members, and "
                "its base units must fit 96 bits"
            )
    return parameters


def advice(configuration: Configuration) -> list[str]:
    """Return what is allowed and unwise, a sentence each."""
    p, found = configuration.protocol, []
    if p.voter_stake * _VOTER_SHARE > p.proposer_stake:
        found.append(
            f"voter_stake {p.voter_stake} is above an eighth of proposer_stake {p.proposer_stake}: updates "
            "aimed at the tolerance then pay a coalition more"
        )
    if not p.absence_penalty:
        found.append("absence_penalty is 0: honest voting then earns no more than not voting")
    if not p.max_strikes:
        found.append("max_strikes is 0: clients that are never there keep their seats")
    if p.min_members == MIN_MEMBERS and configuration.is_open:
        found.append(
            "min_members is 4: the first four to join are the whole electorate; take half of those expected"
        )
    if not p.quorum_bps:
        found.append("quorum_bps is 0: a single ballot decides a round")
    if p.max_samples > 1:
        found.append(
            f"max_samples is {p.max_samples}: sample counts are self-reported, and a liar gets their weight"
        )
    if configuration.seed_source == "simulated":
        found.append("seed_source is simulated: anyone can predict every seat")
    if configuration.seed_source == "blockhash":
        found.append("seed_source is blockhash: the builder of the anchor block can grind seats")
    if configuration.is_open:
        found.append("admission is open: whoever pays many bonds gets many votes")
    if configuration.treasury is None:
        found.append("treasury is left out: what is in the reward pool at the end stays there for ever")
    twice = [address for address, times in Counter(configuration.listed).items() if times > 1]
    if twice:
        found.append(f"admission lists {', '.join(twice)} more than once, which admits it once")
    return [*found, *_advice_on_voters(configuration)]


def _advice_on_voters(configuration: Configuration) -> list[str]:
    p, listed = configuration.protocol, len(set(configuration.listed))
    if listed and listed < p.min_members:
        return [f"admission lists {listed}: a round takes {p.min_members} members, so that none will open"]
    voters, who = p.voter_seats, f"voter_seats is {p.voter_seats}"
    if listed:
        proposers, voters = counts(listed, p.proposer_bps, p.voter_seats)
        who = f"admission lists {listed}, of whom {proposers} propose and {voters} vote at most"
    found = []
    if voters < p.voter_seats:
        found.append(f"{who}: voter_seats {p.voter_seats} are never filled")
    if not voters % 2:
        found.append(f"{who}: an even number of voters can be of two minds, and a tie excludes an update")
    return found


def require_abi(manager: ContractType, parameters: Parameters) -> None:
    """Raise ConfigurationError unless the compiled constructor takes these parameters, in its types."""
    struct = next(entry for entry in manager.constructor.inputs if entry.components)
    expected = [(str(part.name), part.canonical_type) for part in struct.components or ()]
    given = {_camel(field.name): getattr(parameters, field.name) for field in fields(parameters)}
    if [name for name, _ in expected] != list(given):
        raise ConfigurationError(
            f"the compiled RoundManager takes {', '.join(name for name, _ in expected)}, "
            f"not {', '.join(given)}"
        )
    for name, kind in expected:
        value = given[name]
        if kind.startswith("uint") and not 0 <= value < 2 ** int(kind[4:]):
            raise ConfigurationError(f"{_snake(name)} is {value}, which does not fit {kind}")
        if kind.startswith("bytes") and len(value) != int(kind[5:]):
            raise ConfigurationError(f"{_snake(name)} has {len(value)} bytes, expected {kind[5:]}")


def parameters_digest(parameters: Parameters) -> str:
    """Return 32 bytes in hex that differ when any parameter does."""
    return "0x" + digest(*astuple(parameters)).hex()


def parameters_read(answer: tuple[Any, ...]) -> Parameters:
    """Return what the view `parameters()` answered."""
    plain: list[Any] = [value.lower() if isinstance(value, str) else value for value in answer]
    return Parameters(**dict(zip((field.name for field in fields(Parameters)), plain, strict=True)))


def named(parameters: Parameters) -> Mapping[str, int | str]:
    """Return the parameters by name, as JSON has them."""
    return {
        field.name: "0x" + value.hex() if isinstance(value, bytes) else value
        for field in fields(parameters)
        for value in [getattr(parameters, field.name)]
    }


def base_units(name: str, tokens: Decimal, decimals: int) -> int:
    """Return whole tokens as base units.

    Raises:
        ConfigurationError: When there are more digits than the token has.
    """
    try:
        scaled = moved(tokens, decimals)
    except ArithmeticError:
        scaled = None  # It is far larger, or finer, than any token's.
    if scaled is None or scaled != scaled.to_integral_value():
        raise ConfigurationError(f"{name} is {tokens}: the token has {decimals} decimals, and 96 bits in all")
    return int(scaled)


def _require_usable_seed(configuration: Configuration) -> None:
    delay = configuration.protocol.seed_delay
    if configuration.seed_source == "prevrandao" and delay < _PREVRANDAO_DELAY:
        raise ConfigurationError(
            f"protocol.seed_delay is {delay}: prevrandao is known one block before the anchor, so it must be "
            f"{_PREVRANDAO_DELAY} or more"
        )


def _sentence(error: Refused, given: Mapping[str, Any]) -> str:
    name, actual, bound = error.values
    snake = _snake(str(name))
    why = _WHY.get(str(name), "it must be at least 1 second" if str(name).endswith("For") else "")
    return f"protocol.{snake} is {given.get(snake, actual)}: {why or f'it is measured against {bound}'}"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
