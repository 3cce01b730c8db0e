"""What clients sign in tests, made and read by eth-account."""

from eth_account import Account

from offchain.chain import intents

COMMITMENT = b"\x5c" * 24


def signature(
    game, signer, kind: str, commitment: bytes = COMMITMENT, client=None, **changed
) -> tuple[bytes, bytes]:
    """What an account signs for a client, itself by default, as wallets do it.

    `changed` fields differ from what the contract expects.
    """
    bound = {"chain_id": game.chain_id, "manager": game.manager.address, "round_": game.round} | changed
    named = str(client or signer)
    signed = signer.sign_message(intents.message(kind, commitment=commitment, client=named, **bound))
    s = int.from_bytes(signed.s) | (signed.v - 27) << 255
    return signed.r, s.to_bytes(32)


def recovered(game, kind: str, client, r: bytes, vs: bytes) -> str:
    """Whose signature of the client's COMMITMENT it would be, of what the contract expects now."""
    word = int.from_bytes(vs)
    v, s = 27 + (word >> 255), word & (2**255 - 1)
    bound = game.chain_id, game.manager.address, str(client), game.round
    message = intents.message(kind, *bound, COMMITMENT)
    return Account.recover_message(message, vrs=(v, int.from_bytes(r), s))
