"""What drawing a round takes; of keepers and of members that no keeper serves."""

from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.headers import header_proof
from offchain.live.deploying.deployment import LiveDeployment


def draw_call(chain: Chain, deployment: LiveDeployment, anchor: int) -> Invocation:
    """Return the call that draws the open round.

    Raises:
        HeaderError: When nobody here could prove this chain's headers.
        NodeUnavailableError: When no node answers, or none has the anchor.
    """
    return Invocation(deployment.manager, "draw", (seed_proof(chain, deployment, anchor),))


def seed_proof(chain: Chain, deployment: LiveDeployment, block: int | str) -> bytes:
    """Return what the seed source wants to be shown of a block, by number or `latest`.

    Raises:
        HeaderError: As `draw_call`.
        NodeUnavailableError: Likewise.
    """
    if deployment.configuration.seed_source != "prevrandao":
        return b""
    return header_proof(chain, block)
