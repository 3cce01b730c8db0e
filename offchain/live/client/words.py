"""What a client does, and what leaving costs, in words."""

from offchain.live.client.decision import (
    Action,
    Deposit,
    Done,
    Draw,
    Join,
    Lack,
    Leave,
    Propose,
    Publish,
    Reveal,
    Vote,
    Wait,
    Withdraw,
)
from offchain.live.deploying.amounts import Unit
from offchain.live.watching.statement_report import moment
from offchain.reference import Parameters


def explained(action: Action, unit: Unit) -> str:
    """Return what an action means, in a sentence."""
    match action:
        case Deposit(amount):
            return f"deposit {unit.named(amount)}"
        case Join():
            return "join"
        case Draw():
            return "draw the seats, which no keeper did in time"
        case Propose(_, until):
            return f"train on the global model and commit to the update, until {moment(until)} UTC"
        case Publish(_, until):
            return f"open the update, until {moment(until)} UTC, and bring its bytes into the stores"
        case Vote(_, until):
            return f"fetch and judge the published updates and commit to a ballot, until {moment(until)} UTC"
        case Reveal(until):
            return f"open the ballot, until {moment(until)} UTC"
        case Leave(cost):
            return f"leave; {cost}" if cost else "leave"
        case Withdraw(amount):
            return f"withdraw {unit.named(amount)}"
        case Wait() | Lack() | Done():
            return f"nothing: {why(action, unit)}"


def why(action: Wait | Lack | Done, unit: Unit) -> str:
    """Return why nothing is done, in a clause."""
    if isinstance(action, Lack):
        return f"{unit.named(action.missing)} are missing and the wallet has {unit.named(action.has)}"
    return action.why


def leaving(parameters: Parameters, unit: Unit) -> str:
    """Return what it means to leave without rows or stores, in a sentence."""
    penalty, stake = unit.named(parameters.absence_penalty), unit.named(parameters.proposer_stake)
    return (
        "leaving without rows or stores: a seat that is not used yet is marked absent, which costs "
        f"{penalty} and a strike (and, with less free than its stake, removal for good), an "
        f"update that was committed to and is not shown costs its stake of {stake}; with --data (or --share) "
        "and --store both would be played"
    )
