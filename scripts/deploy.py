"""`ape run deploy`: a deployment from its configuration, priced first, resumed when interrupted."""

from pathlib import Path

import click

from offchain.chain.abi import Interface
from offchain.chain.compiled import compiled_contracts, compiler_input
from offchain.command import Command, interruptible
from offchain.console import people_console
from offchain.learning.finding import Here
from offchain.live.access.account import address_of, key_places, unlock
from offchain.live.access.network import Nodes, connect
from offchain.live.access.sender import Sender
from offchain.live.access.sending import SendingSettings
from offchain.live.continuing.options import origin_options
from offchain.live.continuing.origin import Origin, require_origin
from offchain.live.deploying.book import book_path, source_path, write_source
from offchain.live.deploying.code_check import require_code
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deploy_report import print_book, print_prices, print_warnings
from offchain.live.deploying.deployer import Deployer
from offchain.live.deploying.deployment import load_deployment
from offchain.live.errors import NodeRefusedError
from offchain.live.logs import log_options
from offchain.live.options import account_option, chain_options, sending_options
from offchain.user_path import UserPath


@click.command(cls=Command)
@chain_options
@account_option
@sending_options
@log_options
@click.option(
    "--config",
    type=UserPath(),
    required=True,
    help="The configuration, deployments/NAME.yaml.",
)
@click.option(
    "--continue",
    "old",
    metavar="OLD",
    help="Begin with the last model of another deployment, deployments/OLD.yaml and OLD.json: its root, and "
    "where it is from, are written into the configuration, the model beside it. Needs --old-store.",
)
@click.option(
    "--round",
    "round_",
    type=click.IntRange(min=1),
    help="The round of OLD whose model it is.  [default: the last that included an update]",
)
@origin_options
@click.option("--dry-run", is_flag=True, help="Check and price everything, send nothing.")
def cli(
    nodes: Nodes,
    account: str,
    sending: SendingSettings,
    config: Path,
    old: str | None,
    round_: int | None,
    origin: Origin,
    dry_run: bool,
) -> None:
    """Deploy the contracts of a configuration to a public network, or go on where it was interrupted."""
    # Here for the reason that scripts/simulate.py gives.
    from offchain.learning.apart import beside_key
    from offchain.live.continuing.founding import Wanted, continue_old
    from offchain.live.deploying.rules import require_joinable

    if round_ is not None and old is None:
        raise click.UsageError("--round is one of the deployment that --continue names")
    console = people_console()
    with interruptible(lambda: "To continue: the same command again."):
        configuration = load_configuration(config)
        contracts = compiled_contracts()
        interfaces = [Interface(each) for each in contracts.values()]
        chain = connect(nodes.or_else(configuration.network), configuration.chain_id, interfaces)
        if old is not None:
            continue_old(config, Wanted(old, round_), chain, contracts, origin)
            configuration = load_configuration(config)
        require_origin(configuration, Interface(contracts["RoundManager"]), chain, origin)
        beside_key(require_joinable, configuration.learning, Here(config.parent), key_places())
        deployer = Deployer(chain, contracts, configuration, configuration.learning.rules, book_path(config))
        print_warnings(console, configuration, chain)
        print_prices(console, chain, deployer, address_of(account), sending)
        if dry_run:
            console.print("Nothing was sent.")
            return
        book = deployer.run(Sender(chain, unlock(account), sending))
        try:
            require_code(chain, load_deployment(str(config), contracts))
        except NodeRefusedError as error:
            console.print(f"note: the contracts' code was not compared: {error}")
        if (source := compiler_input()) is not None:
            write_source(source_path(config), source)
    print_book(console, book, book_path(config))
    if source is not None:
        console.print(f"For explorers, the compiler's input: {source_path(config)}", soft_wrap=True)
