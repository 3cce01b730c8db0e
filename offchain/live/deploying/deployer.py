"""Deploys what a configuration says; each step is written down before and after, to be resumed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from ethpm_types import ContractType

from offchain.chain.abi import Interface
from offchain.chain.gateway import Deployed, create_address
from offchain.errors import ChainError
from offchain.live.access.chain import Chain, Creation, Invocation, Message
from offchain.live.access.headers import header_proof
from offchain.live.access.sender import Sender
from offchain.live.deploying.admission import EXISTING, admission_arguments, admission_name
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.book import (
    AddressBook,
    Entry,
    Pending,
    Software,
    configuration_digest,
    read_book,
    write_book,
    writing_alone,
)
from offchain.live.deploying.configuration import (
    SOURCES,
    Configuration,
    ExistingAdmission,
    ExistingToken,
    NewToken,
)
from offchain.live.deploying.deployment import require_same
from offchain.live.deploying.parameters import (
    NEW_TOKEN_DECIMALS,
    base_units,
    named,
    parameters_digest,
    parameters_of,
    parameters_read,
    require_abi,
)
from offchain.live.deploying.parties import require_parties
from offchain.live.errors import ConfigurationError, DeploymentError, NodeRefusedError
from offchain.reference import Parameters
from offchain.reference.state import NOBODY
from offchain.software import VERSION, lock_digest

_log = logging.getLogger(__name__)

_Step = tuple[str, Callable[[], tuple[object, ...]]]
"""A contract's name, and what its constructor takes once those before it stand."""

_TOKEN, _MANAGER, _POOL, _RELAY = "StakeToken", "RoundManager", "StakePool", "Relay"

_FAR = 2**32
_ANSWERS_ONE = bytes.fromhex("60015f5260205ff3")  # Whatever is asked.


@dataclass(frozen=True)
class Price:
    """What one step will cost.

    Attributes:
        contract: Its name.
        gas: Estimated; None when the node cannot tell before the earlier steps are done.
        data: Init code, with some address for each contract that does not stand yet.
    """

    contract: str
    gas: int | None
    data: bytes


class Deployer:
    """One deployment on one chain.

    Attributes:
        parameters: The round manager's, as they will be.
    """

    def __init__(
        self,
        chain: Chain,
        contracts: Mapping[str, ContractType],
        configuration: Configuration,
        rules: bytes,
        path: Path,
    ) -> None:
        """Check everything that can be checked before anything is sent.

        Args:
            chain: Where.
            contracts: Compiled contracts by name.
            configuration: What its founders wrote.
            rules: Digest of its learning rules, 32 bytes.
            path: Where the address book is, or will be.

        Raises:
            ConfigurationError: When the configuration does not hold, or the book is one of something else.
            DeploymentError: When the chain or the token is another than the configuration says.
            HeaderError: When seeds are to come from headers that nobody here can prove.
        """
        self._chain = chain
        self._interfaces = {name: Interface(each) for name, each in contracts.items()}
        self._configuration = configuration
        self._path = path
        if chain.chain_id != configuration.chain_id:
            raise DeploymentError(
                f"this is chain {chain.chain_id}, the configuration is for chain {configuration.chain_id}; "
                "check --network and --rpc"
            )
        require_parties(configuration)
        if configuration.seed_source == "prevrandao":
            header_proof(chain, "latest")
        decimals = self._decimals()
        chain.amount = Unit(decimals, "tokens").named
        self.parameters: Parameters = parameters_of(configuration, rules, decimals)
        require_abi(contracts[_MANAGER], self.parameters)
        self._require_admission()
        self._book = self._known_book()

    @property
    def book(self) -> AddressBook | None:
        """Where the deployment stands; None before it began."""
        return self._book

    @property
    def _steps(self) -> Sequence[_Step]:
        """The contracts to deploy, in order, and how to make their arguments."""
        configuration, source = self._configuration, SOURCES[self._configuration.seed_source]
        salt = bytes.fromhex(configuration.seed_salt[2:])
        token: list[_Step] = []
        if isinstance(configuration.token, NewToken):
            token = [(_TOKEN, self._token_arguments)]
        admission: list[_Step] = []
        if (name := admission_name(configuration)) not in (None, EXISTING):
            admission = [(str(name), lambda: admission_arguments(configuration))]
        relay: list[_Step] = []
        if _RELAY in self._interfaces:
            relay = [(_RELAY, lambda: (self._address(_MANAGER),))]
        return [
            *token,
            (source, lambda: (salt,) if configuration.seed_source == "simulated" else ()),
            *admission,
            (_MANAGER, self._manager_arguments),
            *relay,
        ]

    def prices(self, account: str) -> list[Price]:
        """What is still to be deployed, and its gas, without sending anything."""
        book = self._book or self._new_book(account)
        nonce = self._chain.nonce(account)
        todo = [(name, make) for name, make in self._steps if name not in book.contracts]
        # Addresses that nothing takes: the next ones are where an estimated creation itself would stand.
        imagined = {create_address(account, nonce + _FAR + i): name for i, (name, _) in enumerate(todo)}
        known, self._book = self._book, book.model_copy(deep=True)
        try:
            for address, name in imagined.items():
                self._book.contracts.setdefault(name, Entry(address=address))
            return [self._price(name, make(), account, list(imagined)) for name, make in todo]
        finally:
            self._book = known

    def run(self, sender: Sender) -> AddressBook:
        """Deploy what is missing, read everything back, and return the complete book.

        Raises:
            ChainError: When a step fails; run again to go on with it.
            ConfigurationError: When another process is at it, or the book cannot be written.
            DeploymentError: When what stands is not what was asked for.
        """
        with writing_alone(self._path):
            self._book = self._known_book()  # Another process may have ended only now.
            return self._run(sender)

    def _run(self, sender: Sender) -> AddressBook:
        book = self._book = self._book or self._new_book(sender.address)
        if sender.address != book.deployer:
            raise DeploymentError(
                f"this deployment was begun by {book.deployer}, not by {sender.address}; use that account"
            )
        write_book(self._path, book)
        for name, make in self._steps:
            if name not in book.contracts:
                self._deploy(book, sender, name, Creation(self._interfaces[name], make()))
        self._read_back(book)
        book.complete = True
        write_book(self._path, book)
        return book

    def _deploy(self, book: AddressBook, sender: Sender, name: str, creation: Creation) -> None:
        if self._finished_before(book, name):
            return
        sender.refresh()
        nonce = sender.next_nonce
        book.pending = Pending(contract=name, address=create_address(sender.address, nonce), nonce=nonce)

        def note(message: Message, at: int, digest: str) -> None:
            # Before it is sent: whoever resumes finds it, whatever happens next.
            if book.pending is not None:
                book.pending.hashes.append(digest)
                write_book(self._path, book)

        sender.on_sent = note
        try:
            receipt = sender.send(creation)
        finally:
            sender.on_sent = lambda message, at, digest: None
        self._enter(
            book, name, Entry(address=receipt.contract, transaction=receipt.hash, block=receipt.block)
        )

    def _finished_before(self, book: AddressBook, name: str) -> bool:
        """Whether an earlier run, interrupted while it waited, has deployed the contract after all."""
        pending = book.pending
        if pending is None or pending.contract != name or not self._chain.has_code(pending.address):
            return False
        receipts = {digest: self._chain.receipt(digest) for digest in pending.hashes}
        digest, receipt = next(((d, r) for d, r in receipts.items() if r), (None, None))
        if receipt is None:
            raise DeploymentError(
                f"{name} stands at {pending.address}, and the node knows none of the transactions noted in "
                "the address book: try another node with --rpc, or, if the account sent something else with "
                f"nonce {pending.nonce}, take `pending` out of the book"
            )
        block = int(receipt["blockNumber"], 16)
        self._enter(book, name, Entry(address=pending.address, transaction=digest, block=block))
        return True

    def _enter(self, book: AddressBook, name: str, entry: Entry) -> None:
        book.contracts[name] = entry
        book.pending = None
        write_book(self._path, book)
        _log.info("%s stands at %s", name, entry.address)

    def _read_back(self, book: AddressBook) -> None:
        manager = self._deployed(_MANAGER)
        calls = ("parameters", "POOL", "SEED_SOURCE", "ADMISSION", "model")
        found, pool, source, admission, model = self._chain.read(
            [Invocation(manager, call) for call in calls]
        )
        require_same(self.parameters, parameters_read(found))
        entry = Entry(address=pool)
        book.contracts[_POOL] = entry
        (token,) = self._chain.read([Invocation(self._deployed(_POOL), "TOKEN")])
        expected = self._manager_arguments()[:3]
        if (token.lower(), source.lower(), admission.lower()) != expected:
            raise DeploymentError(
                f"the deployed manager names token {token}, seed source {source} and admission {admission}, "
                f"expected {expected}"
            )
        if model != self.parameters.rules:
            raise DeploymentError(f"the deployed manager is at model 0x{model.hex()} already; it was used")

    def _new_book(self, account: str) -> AddressBook:
        configuration = self._configuration
        book = AddressBook(
            network=configuration.network,
            chain_id=configuration.chain_id,
            deployer=account,
            configuration=configuration_digest(configuration),
            parameters_digest=parameters_digest(self.parameters),
            parameters=named(self.parameters),
            software=Software(version=VERSION, lock=lock_digest()),
        )
        if isinstance(configuration.token, ExistingToken):
            book.contracts[_TOKEN] = Entry(address=configuration.token.address)
        if isinstance(configuration.admission, ExistingAdmission):
            book.contracts[EXISTING] = Entry(address=configuration.admission.address)
        return book

    def _known_book(self) -> AddressBook | None:
        book = read_book(self._path)
        if book is not None and book.configuration != configuration_digest(self._configuration):
            raise ConfigurationError(
                f"{self._path} is the address book of another configuration; give this one another file name"
            )
        if book is not None and book.parameters_digest != parameters_digest(self.parameters):
            raise ConfigurationError(
                f"{self._path} was begun with other learning rules than this version computes; use the "
                "version that began it, or another file name"
            )
        return book

    def _require_admission(self) -> None:
        admission = self._configuration.admission
        if isinstance(admission, ExistingAdmission) and not self._chain.has_code(admission.address, due=True):
            raise DeploymentError(
                f"admission.address: there is no contract at {admission.address} on chain "
                f"{self._chain.chain_id}, so that nobody could join"
            )

    def _decimals(self) -> int:
        token = self._configuration.token
        if isinstance(token, NewToken):
            return NEW_TOKEN_DECIMALS
        if not self._chain.has_code(token.address, due=True):
            raise DeploymentError(f"there is no token at {token.address} on chain {self._chain.chain_id}")
        there = Deployed(self._interfaces[_TOKEN], token.address)
        try:
            decimals, supply = self._chain.read(
                [Invocation(there, name) for name in ("decimals", "totalSupply")]
            )
        except (ChainError, ValueError) as error:
            raise DeploymentError(f"the contract at {token.address} is no ERC-20 ({error})") from error
        if not 0 < supply < 2**96:
            raise DeploymentError(
                f"the token at {token.address} has {supply} base units, which the pool's 96 bits do not hold"
            )
        return int(decimals)

    def _manager_arguments(self) -> tuple[object, ...]:
        admission = admission_name(self._configuration)
        return (
            self._address(_TOKEN),
            self._address(SOURCES[self._configuration.seed_source]),
            NOBODY if admission is None else self._address(admission),
            astuple(self.parameters),
        )

    def _token_arguments(self) -> tuple[object, ...]:
        token, book = self._configuration.token, self._require_begun()
        if not isinstance(token, NewToken):
            raise DeploymentError("an existing token is not deployed")
        supply = base_units("token.supply", token.supply, NEW_TOKEN_DECIMALS)
        return token.name, token.symbol, supply, book.deployer

    def _price(
        self, name: str, arguments: tuple[object, ...], account: str, imagined: Sequence[str]
    ) -> Price:
        creation = Creation(self._interfaces[name], arguments)
        # The manager's constructor asks token and source, which may not stand yet.
        code = dict.fromkeys(imagined, _ANSWERS_ONE) if name == _MANAGER else {}
        try:
            gas = self._chain.gas_of(creation, account, code)
        except NodeRefusedError:
            gas = None
        return Price(name, gas, creation.data)

    def _deployed(self, name: str) -> Deployed:
        return Deployed(self._interfaces[name], self._address(name))

    def _address(self, name: str) -> str:
        return self._require_begun().contracts[name].address

    def _require_begun(self) -> AddressBook:
        if self._book is None:
            raise DeploymentError("nothing is deployed yet")
        return self._book
