"""A verification as a table."""

from rich.console import Console
from rich.table import Table

from ml.messages import counted
from offchain.live.verifying.verification import Verification
from offchain.live.watching.decisions import CheckedRound


def print_rounds(console: Console, verification: Verification) -> None:
    """Print what was checked, round by round."""
    table = Table("round", "published", "included", "ballots", "accepting", "model", box=None)
    for each in verification.checked:
        table.add_row(
            str(each.number),
            str(each.published),
            _included(each),
            f"{each.revealed} of {each.committed}",
            " ".join(f"{position}:{votes}" for position, votes in each.votes.items()),
            each.model.hex()[:16],
        )
    console.print(table)
    for error in verification.gone.values():
        console.print(f"Gone: {error}; later models do without it", highlight=False, soft_wrap=True)
    rounds = counted(len(verification.checked), "round")
    console.print(
        f"{rounds} checked: digests, weights, ballots, decisions; global model "
        f"0x{verification.head.id.hex()}",
        highlight=False,
        soft_wrap=True,
    )


def _included(checked: CheckedRound) -> str:
    if checked.void:
        return "void"
    undecided = ", undecided " + " ".join(map(str, checked.undecided)) if checked.undecided else ""
    return (" ".join(map(str, checked.included)) or "none") + undecided
