"""How much memory this process takes."""

import resource
import sys

_UNIT = 1 if sys.platform == "darwin" else 1024


def peak() -> int:
    """Return the most bytes that were resident at once, libraries included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
