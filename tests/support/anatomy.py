"""Where a call's gas goes, read from the node's trace of it."""

INTRINSIC = 21_000
ZERO, NON_ZERO = 4, 16  # Gas of a byte of calldata.
STORAGE = {"SLOAD", "SSTORE"}
CALLS = {"CALL", "STATICCALL", "DELEGATECALL"}
PARTS = ("intrinsic", "calldata", "storage", "logs", "signatures", "calls", "code")
_RECOVER = 3_000  # ecrecover, a precompile that no trace steps through.
_WARM = 100


def anatomy(chain, sender, to, data) -> dict[str, int]:
    """Gas of a call on the latest block by part; the parts add up to what it would use."""
    request = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(16_000_000), "gasPrice": "0x0"}
    trace = chain.rpc("debug_traceCall", request, "latest", {"disableMemory": True, "disableStack": True})
    parts = dict.fromkeys(PARTS, 0)
    parts["intrinsic"] = INTRINSIC
    parts["calldata"] = sum(NON_ZERO if byte else ZERO for byte in data)
    steps = trace["structLogs"]
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        name, cost = step["op"], step["gasCost"]
        if name in STORAGE:
            parts["storage"] += cost
        elif name.startswith("LOG"):
            parts["logs"] += cost
        elif name in CALLS:
            # A step into the callee's code was handed gas that its own steps account for.
            entered = after is not None and after["depth"] > step["depth"]
            if name == "STATICCALL" and not entered:
                parts["signatures"] += _RECOVER + _WARM
            else:
                parts["calls"] += cost - after["gas"] if entered else cost
        else:
            parts["code"] += cost
    # What is left: memory growth the trace books to no step, and refunds.
    parts["code"] += trace["gas"] - sum(parts.values())
    return parts
