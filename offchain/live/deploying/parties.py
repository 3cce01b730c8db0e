"""Whom a configuration names, for ever: addresses that can act, and not its own contracts."""

from collections.abc import Iterator

from offchain.chain.addresses import is_nobodys
from offchain.live.access.chain import Chain
from offchain.live.deploying.configuration import Configuration, ExistingAdmission, ExistingToken, Registry
from offchain.live.errors import ConfigurationError


def require_parties(configuration: Configuration) -> None:
    """Raise ConfigurationError for a party that nobody can act for."""
    contracts = dict(_contracts(configuration))
    for name, address in _parties(configuration):
        if address in contracts:
            raise ConfigurationError(f"{name} is {address}, which is {contracts[address]} too: {_MEND[name]}")
        if is_nobodys(address):
            raise ConfigurationError(f"{name} is {address}, which nobody has the key of: {_MEND[name]}")


def advice_on_parties(configuration: Configuration, chain: Chain) -> list[str]:
    """Return what is odd about parties on this chain, a sentence each."""
    found = []
    for name, address in _parties(configuration):
        if not chain.has_code(address) and not chain.nonce(address):
            found.append(
                f"{name} {address} has no code on chain {chain.chain_id} and has sent nothing there: a "
                "Safe, or another contract, with this address stands on another chain"
            )
    return found


_MEND = {
    "treasury": "what is swept there is lost; give an account's, or leave it out, and it stays in the pool",
    "admission.owner": "nobody could ever change the list; give an account's",
}


def _parties(configuration: Configuration) -> Iterator[tuple[str, str]]:
    if configuration.treasury is not None:
        yield "treasury", configuration.treasury
    if isinstance(configuration.admission, Registry):
        yield "admission.owner", configuration.admission.owner


def _contracts(configuration: Configuration) -> Iterator[tuple[str, str]]:
    if isinstance(configuration.token, ExistingToken):
        yield configuration.token.address, "token.address"
    if isinstance(configuration.admission, ExistingAdmission):
        yield configuration.admission.address, "admission.address"
