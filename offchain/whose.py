"""Of which deployment a store or a relay says it is."""

from pydantic import BaseModel, Field


class Whose(BaseModel):
    """What such a server says at its root; whatever else it says is passed over.

    Attributes:
        chain_id: Of the chain.
        manager: Address of the round manager.
    """

    chain_id: int = Field(alias="chainId")
    manager: str
