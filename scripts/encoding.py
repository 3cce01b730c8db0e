"""`ape run encoding`: the file by which all clients of a deployment turn loans into rows."""

from pathlib import Path

import click

from ml.errors import MLError
from ml.settings import ALLOWED_MISSING
from offchain.user_path import UserPath


@click.command()
@click.option(
    "--data",
    type=UserPath(),
    required=True,
    help="Loans that everyone may know, with Lending Club's columns: a CSV, plain or in GZ, BZ2, XZ or ZIP.",
)
@click.option(
    "--features",
    type=click.Choice(("application", "all")),
    default="application",
    show_default=True,
    help="Columns known at application time, or all, which leak the outcome.",
)
@click.option(
    "--allow-missing",
    type=click.FloatRange(0, 1),
    default=ALLOWED_MISSING,
    show_default=True,
    metavar="SHARE",
    help="Share of the loans that may be left out for gaps or what cannot be read.",
)
@click.option("--out", type=UserPath(), required=True, help="The JSON file to write.")
def cli(data: Path, features: str, allow_missing: float, out: Path) -> None:
    """Fit categories and scales on public loans, once, before a deployment."""
    # Here for the reason that scripts/simulate.py gives.
    from ml.data.common_encoding import CommonEncoding
    from ml.data.lending_club import read
    from ml.tasks.built_in.lending_club import LendingClub
    from ml.tasks.federating import require_outcomes

    try:
        loans = read(data, features, allow_missing)  # type: ignore[arg-type]
        for sentence in loans.usage.told():
            click.echo(sentence)
        require_outcomes(LendingClub.target, loans.table.labels, f"loans of {data}")
        encoding = CommonEncoding.fit(loans.table, features)  # type: ignore[arg-type]
        out.write_text(encoding.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except MLError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error}") from error
    click.echo(f"Written to {out}. For the deployment's configuration:")
    click.echo(f"  ape run task describe --task lending-club --task-option encoding={out} --data {data}")
