"""Sending what nobody can win any more to the treasury."""

from offchain.errors import CallRevertedError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Receipt, Sender
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError
from offchain.live.watching.statement_report import moment
from offchain.reference import Phase


def sweep(chain: Chain, sender: Sender, deployment: LiveDeployment) -> Receipt:
    """Send the reward pool and the budget to the treasury; anyone may.

    Raises:
        AccountError: When the contract does not allow it, not yet, or there is nothing to sweep; nothing is
            sent then.
        ChainError: When the transaction fails.
    """
    message = Invocation(deployment.manager, "sweep")
    try:
        chain.simulate(message, sender.address)
        pots = [Invocation(deployment.manager, name) for name in ("rewardPool", "budget")]
        if not any(chain.read(pots)):
            raise AccountError("nothing was swept: reward pool and budget are empty")
        return sender.send(message)
    except CallRevertedError as error:
        raise AccountError(f"nothing was swept: {_why(error)}") from error


def _why(error: CallRevertedError) -> str:
    match error.error:
        case "NoTreasury":
            return "the deployment names no treasury, so that what is in its pool stays there"
        case "WrongPhase":
            phase = Phase(int(str(error.values["actual"]))).name.lower()
            return f"round {error.values['round']} is open, in phase {phase}; it has to be finalised first"
        case "TooEarly":
            when = moment(int(str(error.values["required"])))
            return (
                f"it can be swept from {when} UTC on, if no round opens before; or unbonding after the "
                "last draw, once nobody is a member; or after the last round"
            )
    return str(error)
