"""`ape run client`: one institution with its own key and data in a live deployment."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml.settings import AnyPolicy, PrivacySettings
from offchain.command import Command
from offchain.console import people_console
from offchain.live.access.account import address_of, unlock
from offchain.live.access.network import Nodes
from offchain.live.access.sending import SendingSettings
from offchain.live.client.options import (
    Proof,
    data_options,
    keep_rounds_option,
    privacy_options,
    start_seconds_option,
    store_option,
    task_options,
    training_options,
)
from offchain.live.continuing.options import origin_options
from offchain.live.continuing.origin import Origin
from offchain.live.logs import log_options
from offchain.live.monitoring import Monitoring
from offchain.live.options import (
    ADDRESS,
    account_option,
    chain_options,
    deployment_option,
    metrics_options,
    poll_option,
    sending_options,
)
from offchain.live.service import Stopped, stopping
from offchain.live.starting import reach
from offchain.monitoring.measures import CLIENT
from offchain.named_values import named_values
from offchain.policy_option import PolicyParameter
from offchain.tracking.of_measures import following
from offchain.tracking.options import tracking_options
from offchain.tracking.tracker import Tracking
from offchain.user_path import UserPath

if TYPE_CHECKING:
    from offchain.live.client.choices import ClientOptions


@click.command(cls=Command)
@deployment_option
@chain_options
@account_option
@task_options
@data_options
@store_option(required=False)  # Who leaves needs none.
@origin_options
@click.option(
    "--accept-genesis",
    is_flag=True,
    help="Join though nobody can compute again that the first model is the one of a deployment that this one "
    "continues.",
)
@training_options
@privacy_options
@sending_options
@log_options
@metrics_options
@tracking_options
@click.option(
    "--cache",
    type=UserPath(),
    metavar="DIRECTORY",
    help="Folder for artefacts, and for what it voted.  [default: the user's cache folder]",
)
@keep_rounds_option
@click.option(
    "--keep",
    default="",
    metavar="TOKENS",
    help="While a member, top up from the wallet when fewer tokens are free.  [default: never]",
)
@poll_option
@start_seconds_option
@click.option(
    "--salts",
    type=UserPath(dir_okay=False),
    help="File of the secret that hides commitments, made when not there; for operators, and accounts that "
    "sign the same message differently each time.  [default: a signature]",
)
@click.option(
    "--client-address",
    type=ADDRESS,
    help="The client whose operator the account is, see `ape run operator`.  [default: the account's own]",
)
@click.option(
    "--relay",
    metavar="URL",
    help="A server of `ape run relay` that sends and pays for what you play; you send what it does not.",
)
@click.option(
    "--leave",
    is_flag=True,
    help="Play what is due, leave, and take the tokens out when released; without rows and --store leave at "
    "once, giving up a seat.",
)
@click.option(
    "--join",
    is_flag=True,
    help="Deposit the bond, join, and end: for a client whose operator plays. Needs no rows and no --store.",
)
@click.option(
    "--admission-proof",
    type=Proof(),
    help="What a contract of others that says who may join asks to be shown.  [default: nothing]",
)
@click.option(
    "--shadow-policy",
    type=PolicyParameter(),
    help="Another policy, by name or in a YAML file, that is computed after each ballot, logged and kept "
    "beside it, and decides nothing.  [default: none]",
)
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be done, send nothing.")
def cli(
    deployment: str,
    nodes: Nodes,
    account: str,
    monitoring: Monitoring,
    tracking: Tracking,
    dry_run: bool,
    **chosen: Any,
) -> None:
    """Join a deployment, stake, propose and vote when seated, until stopped or everything is over."""
    # Here for the reason that scripts/simulate.py gives.
    from offchain.live.client.costs import data_cost
    from offchain.live.client.report import print_prepared
    from offchain.live.client.start import make_client, prepare

    try:
        with stopping():
            options = _options(**chosen)
            there, chain = reach(deployment, nodes)
            if dry_run:
                prepared = prepare(chain, there, address_of(account), options, None)
                print_prepared(people_console(), there, prepared, data_cost(chain, there))
                return
            key = unlock(account)
            about = {"deployment": there.name, "account": key.address, **options.told}
            with (
                monitoring.telling(CLIENT),
                tracking.tracker(f"{there.name}-{key.address}", about) as tracker,
                following(tracker, CLIENT),
            ):
                done = make_client(chain, there, key, options).run()
            click.echo(f"Done: {done.why}.", err=True)
    except Stopped as signal:
        click.echo(f"Stopped by {signal}; nothing is lost. To go on: the same command again.", err=True)


def _options(
    task: str | None,
    task_options: tuple[str, ...],
    data: Path | None,
    share: tuple[int, int] | None,
    train: str | None,
    allow_missing: float,
    accept_rows: bool,
    privacy: PrivacySettings | None,
    stores: tuple[str, ...],
    origin: Origin,
    accept_genesis: bool,
    cache: Path | None,
    keep_rounds: int,
    local_epochs: int | None,
    batch: int | None,
    learning_rate: float | None,
    device: str,
    keep: str,
    salts: Path | None,
    client_address: str | None,
    relay: str | None,
    leave: bool,
    join: bool,
    admission_proof: bytes | None,
    shadow_policy: AnyPolicy | None,
    start_seconds: float,
    sending: SendingSettings,
    poll: float | None,
) -> "ClientOptions":
    from offchain.live.client.choices import ClientOptions
    from offchain.live.client.own_data import DataOptions

    training = {"local_epochs": local_epochs, "batch": batch, "learning_rate": learning_rate}
    options = named_values(task_options)
    return ClientOptions(
        data=DataOptions(data, share, task, options, train, allow_missing, accept_rows, privacy),
        stores=stores,
        origin=replace(origin, accepted=accept_genesis),
        cache=cache,
        keep_rounds=keep_rounds,
        training={name: value for name, value in training.items() if value is not None},
        leave=leave,
        keep=keep,
        salts=salts,
        client=client_address,
        join=join,
        relay=relay,
        poll=poll,
        sending=sending.model_copy(update={"poll": poll}) if poll else sending,
        device=device,
        shadow=shadow_policy,
        proof=admission_proof,
        start_seconds=start_seconds,
    )
