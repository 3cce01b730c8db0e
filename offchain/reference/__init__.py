"""The protocol in integers, without a chain: executable specification, ghost ledger and fast engine.

Contract and reference agree bit for bit, refused calls included. Amounts are base units of the stake token,
times Unix seconds, addresses 20-byte hex strings.
"""

from offchain.reference.errors import Refused
from offchain.reference.parameters import Parameters
from offchain.reference.protocol import Protocol
from offchain.reference.state import ClientState, Event, Phase, Record, RoundState, Seat

__all__ = [
    "ClientState",
    "Event",
    "Parameters",
    "Phase",
    "Protocol",
    "Record",
    "Refused",
    "RoundState",
    "Seat",
]
