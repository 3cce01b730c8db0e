"""`stakefed`: every command that `ape run` has in a checkout, installed from a wheel."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from offchain.software import VERSION

_OURS = {"ml", "offchain", "scripts", "stakefed"}


class Commands(click.MultiCommand):
    """The commands of this folder, each from the file that `ape run` takes it from."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, those of the files."""
        return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return one by its name; None when there is none."""
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"scripts.{name}").cli
        command.name = name
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was called; a package that an extra of the wheel brings may not be here."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if not missing or missing in _OURS:
                raise
            raise click.ClickException(
                f"{ctx.invoked_subcommand} needs the package {missing}, which is not installed here; "
                "`pip install` of `stakefed[client]` brings what clients, deploy and verify need, "
                "`stakefed[simulate]` what runs and their figures need"
            ) from error


@click.command(cls=Commands)
@click.version_option(VERSION, prog_name="stakefed")
def stakefed() -> None:
    """Federated learning whose clients stake tokens on the updates they propose and the votes they cast."""


if __name__ == "__main__":
    stakefed(prog_name="stakefed")
