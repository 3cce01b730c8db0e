"""How long the stateful tests search, and from which seed."""

import os

from hypothesis import HealthCheck, Phase, settings

SIZES = {
    "quick": {"max_examples": 80, "stateful_step_count": 30},
    "long": {"max_examples": 1500, "stateful_step_count": 50},
    "mutants": {"max_examples": 30, "stateful_step_count": 30},
}
BUDGET = os.environ.get("STATEFUL_BUDGET", "quick")
SEED = int(os.environ.get("STATEFUL_SEED", "20261122"))


def budget():
    """Quick in `make test`, long in `make stateful`; shrinking takes minutes, so only when asked for."""
    size = SIZES[BUDGET]
    phases = [Phase.explicit, Phase.generate]
    if os.environ.get("STATEFUL_SHRINK"):
        phases.append(Phase.shrink)
    checks = list(HealthCheck)
    return settings(
        **size,
        phases=phases,
        suppress_health_check=checks,
        deadline=None,
        database=None,
        print_blob=False,
    )
