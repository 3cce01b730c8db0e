"""Giving tokens to the budget of which attendance is rewarded."""

from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Receipt, Sender
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import AccountError
from offchain.reference.state import NOBODY


def fund(chain: Chain, sender: Sender, deployment: LiveDeployment, amount: int, unit: Unit) -> Receipt:
    """Give `amount` base units of the sender's wallet, approving the pool first where it has to be.

    Raises:
        AccountError: When the deployment pays no rewards, has nobody to pay them to, or the wallet holds too
            little; nothing is sent.
        ChainError: When a transaction fails.
    """
    parameters, token, pool = deployment.parameters, deployment.token, deployment.pool.address
    if not parameters.proposer_reward and not parameters.voter_reward:
        raise AccountError(
            "this deployment pays no rewards (proposer_reward and voter_reward are 0): what is given could "
            "only be swept; nothing was sent"
        )
    held, allowed, members = chain.read(
        [
            Invocation(token, "balanceOf", (sender.address,)),
            Invocation(token, "allowance", (sender.address, pool)),
            Invocation(deployment.manager, "memberCount"),
        ]
    )
    if not members and parameters.treasury != NOBODY:
        raise AccountError(
            f"deployment {deployment.name} has no members, so that anyone may soon sweep what is given to "
            f"its treasury {parameters.treasury}: give it when they have joined; nothing was sent"
        )
    if held < amount:
        raise AccountError(
            f"account {sender.address} holds {unit.named(held)}, {unit.text(amount)} are to be given; "
            "nothing was sent"
        )
    if allowed < amount:
        sender.send(Invocation(token, "approve", (pool, amount)))
    return sender.send(Invocation(deployment.pool, "fund", (amount,)))
