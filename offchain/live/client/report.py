"""What a client would do, for people."""

from rich.console import Console

from offchain.live.client.decision import (
    Action,
    Approve,
    Deposit,
    Done,
    Join,
    Leave,
    Propose,
    Publish,
    Reveal,
    Vote,
    Wait,
    Withdraw,
)
from offchain.live.client.start import Prepared
from offchain.live.deploying.deployment import LiveDeployment

_ETHER = 10**18


def print_prepared(
    console: Console, deployment: LiveDeployment, prepared: Prepared, rollup: str | None = None
) -> None:
    """Say what was checked, what a rollup takes beyond gas, and what the client would do now."""
    view, me, wallet = prepared.outlook.view, prepared.outlook.me, prepared.outlook.wallet
    status = "removed for good" if me.is_removed else "a member" if me.is_member else "not a member"
    lines = {
        "deployment": f"{deployment.name}, {deployment.manager.address} on chain {deployment.book.chain_id}",
        "account": f"{me.address}, {status}; {prepared.native / _ETHER:.6f} of the native coin for gas",
        "tokens": f"{me.free} free, {me.escrow} in escrow, {wallet.balance} in the wallet (base units)",
        "rows": f"{prepared.learning.samples} to train on, of the deployment's shape",
        "stores": "all could be read and written",
        "round": f"{view.round}, phase {view.phase.name.lower()}, {view.member_count} members",
        **({"rollup": rollup} if rollup else {}),
        "next": explained(prepared.next_action),
    }
    for name, text in lines.items():
        console.print(f"{name:>10}  {text}", highlight=False, markup=False, soft_wrap=True)
    console.print("Nothing was sent.")


def explained(action: Action) -> str:
    """Return what an action means, in a sentence."""
    match action:
        case Approve(amount):
            return f"let the pool take {amount} base units of the token, to deposit them"
        case Deposit(amount):
            return f"deposit {amount} base units of the token"
        case Join():
            return "join"
        case Propose(until):
            return f"train on the global model and commit to the update, until {until}"
        case Publish(until):
            return f"open the update, until {until}, and bring its bytes into the stores"
        case Vote(_, until):
            return f"fetch and judge the published updates and commit to a ballot, until {until}"
        case Reveal(until):
            return f"open the ballot, until {until}"
        case Leave():
            return "leave"
        case Withdraw(amount):
            return f"withdraw {amount} base units"
        case Wait(why) | Done(why):
            return f"nothing: {why}"
