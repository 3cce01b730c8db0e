"""What clean rounds showed of a policy, for founders."""

import yaml
from rich import box
from rich.console import Console
from rich.table import Table

from ml.judging.calibration import MANY
from ml.messages import counted
from offchain.simulation.calibration import PASSING, Calibration


def print_calibration(console: Console, found: Calibration) -> None:
    """Print what tolerances the data bears."""
    table = Table(
        title=f"Policy {found.policy} on {found.pairs:,} pairs of an honest update and an honest voter, "
        f"{counted(found.rounds, 'round')}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
    )
    for name in ("test", "setting", "now", "half need", f"{PASSING:.1%} need", "refused"):
        table.add_column(name, justify="left" if name in ("test", "setting") else "right")
    for each in found.tests:
        step = "" if each.step is None else f", step {each.step:g}"
        needs = (_needed(each.setting, value) for value in (each.typical, each.needed))
        table.add_row(f"{each.test}{step}", each.setting, f"{each.now:.4g}", *needs, f"{each.refused:.2%}")
    console.print(table)
    lines = [
        f"A client judges on {counted(found.rows, 'row')}, and finds a rise of mean loss of "
        f"{found.finds:.4f} nine times in ten.",
    ]
    if found.shortened:
        lines.append(
            f"Clients cut {found.shortened:.0%} of their updates, having trained further than voters let "
            "them: steps_each of the policy is how many steps everybody's reference has."
        )
    if found.knows is not None:
        lines.append(f"The last model knows {found.knows:.4f} beyond the best constant.")
    if found.needs_more:
        lines.append(
            f"Recommended: tolerance {found.recommended.budget:g} of evidence, which {PASSING:.1%} of the "
            "honest pairs need; --policy-out FILE writes that policy."
        )
    for line in [*lines, *(f"Note: {warning}." for warning in found.warnings)]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _needed(setting: str, value: float) -> str:
    """What a setting has to be, as a person reads it."""
    return "none is enough" if setting == "errors" and value >= MANY else f"{value:.4g}"


def policy_text(found: Calibration) -> str:
    """Return YAML of which `policy` is what is recommended, for settings of a simulation and founders."""
    return yaml.safe_dump(
        {"policy": found.recommended.model_dump(mode="json", exclude_none=True)}, sort_keys=False
    )
