"""What a client would do, for people."""

from rich.console import Console

from ml.messages import counted
from offchain.live.client.start import Prepared
from offchain.live.client.words import explained, leaving
from offchain.live.deploying.deployment import LiveDeployment

_ETHER = 10**18


def print_prepared(
    console: Console, deployment: LiveDeployment, prepared: Prepared, rollup: str | None = None
) -> None:
    """Say what was checked, what a rollup takes beyond gas, and what the client would do now."""
    view, me, wallet = prepared.outlook.view, prepared.outlook.me, prepared.outlook.wallet
    unit, plays, operates = prepared.unit, prepared.wish.plays, prepared.wish.operates
    status = "removed for good" if me.is_removed else "a member" if me.is_member else "not a member"
    told = prepared.learning.told if prepared.learning else []
    lines = {
        "deployment": f"{deployment.name}, {deployment.manager.address} on chain {deployment.book.chain_id}",
        "account": f"{me.address}, {status}; {prepared.native / _ETHER:.6f} of the native coin for gas",
        **({"operator": f"{prepared.outlook.operator}, which signs and pays"} if operates else {}),
        "tokens": f"{unit.named(me.free)} free, {unit.text(me.escrow)} in escrow, "
        f"{unit.text(wallet.balance)} in the wallet",
        "task": prepared.task,
        "rows": f"{prepared.learning.samples} to train on, of the deployment's shape"
        if prepared.learning
        else "none were named",
        **{f"rows {i}": sentence for i, sentence in enumerate(told, 1)},
        "stores": "all could be read and written" if plays else "not looked at",
        "round": f"{view.round}, phase {view.phase.name.lower()}, {counted(view.member_count, 'member')}",
        **({"rollup": rollup} if rollup else {}),
        **({"note": leaving(deployment.parameters, unit)} if prepared.forgoes_seats else {}),
        "next": explained(prepared.next_action, unit),
    }
    for name, text in lines.items():
        console.print(f"{name:>10}  {text}", highlight=False, markup=False, soft_wrap=True)
    console.print("Nothing was sent.")
