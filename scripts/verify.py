"""`ape run verify`: the lineage of global models replayed from logs and artefacts."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml.messages import counted
from offchain.command import Command
from offchain.console import people_console, say
from offchain.learning.finding import Here
from offchain.live.access.network import Nodes
from offchain.live.client.options import store_option, task_options
from offchain.live.continuing.options import origin_options
from offchain.live.continuing.origin import Origin, retraced
from offchain.live.options import chain_options, deployment_option, log_cache_option
from offchain.live.starting import reach
from offchain.machine_json import json_text
from offchain.named_values import named_values
from offchain.user_path import OutPath, UserPath

if TYPE_CHECKING:
    from offchain.live.deploying.deployment import LiveDeployment
    from offchain.live.verifying.lineage import GlobalModel
    from offchain.live.verifying.quality import Scored


@click.command(cls=Command)
@deployment_option
@chain_options
@store_option()
@origin_options
@log_cache_option
@click.option(
    "--round",
    "until",
    type=click.IntRange(min=0),
    help="The last round to replay; 0 for the genesis model.  [default: all]",
)
@click.option(
    "--out",
    type=OutPath(),
    help="File for the global model, .safetensors, with JSON beside it.",
)
@task_options
@click.option("--data", type=UserPath(), help="Rows on which to score the model, as the task reads them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def cli(
    deployment: str,
    nodes: Nodes,
    stores: tuple[str, ...],
    origin: Origin,
    cache: Path | None,
    until: int | None,
    out: Path | None,
    task: str | None,
    task_options: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    """Check every digest, weight, ballot and decision, and the model that they lead to; needs no account."""
    # Here for the reason that scripts/simulate.py gives.
    from offchain.live.verifying.export import export
    from offchain.live.verifying.report import print_rounds
    from offchain.live.verifying.verification import Verification, told
    from offchain.live.watching.log_cache import log_cache

    live, chain = reach(deployment, nodes)
    here = Here(live.folder, task, named_values(task_options))
    verification = Verification(chain, live, stores, log_cache(live, cache), here)
    fault = verification.run(until)
    first = retraced(live.configuration, live.manager.interface, chain, origin, verification.fetch)
    fault = fault or (None if first is None else first.fault)
    scored = None if data is None or fault else _scored(verification.model, live, here, data)
    if as_json:
        found = {**told(verification, fault), "continues": first and first.plain, **_scores(scored)}
        click.echo(json_text("verification", found))
    else:
        print_rounds(people_console(), verification)
        if first is not None:
            click.echo(f"First model: {first}")
        if scored is not None:
            click.echo(f"On {counted(scored.rows, 'row')} of {data}: {scored.told}")
    if fault is not None:
        raise fault
    if out is not None:
        for path in export(out, verification.model, verification.schema, verification.described):
            click.echo(f"Written to {path}", err=True)


def _scored(model: "GlobalModel", live: "LiveDeployment", here: Here, data: Path) -> "Scored":
    # Here, since it brings torch, which checking what was decided does not need.
    from offchain.live.verifying.quality import Scorer

    scorer = Scorer(live.configuration.learning, here, data)
    say(scorer.said)
    return scorer.scored(model)


def _scores(scored: "Scored | None") -> dict[str, Any]:
    return {} if scored is None else {"rows": scored.rows, "quality": dict(scored.quality)}
