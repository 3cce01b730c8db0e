"""Attacks by name; a user's own joins as `FILE.py:function` or `package.module:function`.

To add one: a function from a `Coalition`, and options by keyword, to what its seats send, with formula and
source; and a line in `ATTACKS`.
"""

from collections.abc import Mapping
from typing import Any

from ml.attacks.aiming import searched
from ml.attacks.backdoor import Trigger, backdoor, backdoor_replacement, trigger_of
from ml.attacks.coalition import Attack, Coalition, Vectors
from ml.attacks.crafted import (
    a_little_is_enough,
    copied,
    fang,
    free_rider,
    gaussian,
    infinite,
    inner_product,
    later_flip,
    mimic,
    min_max,
    min_sum,
    negative_mean,
    not_a_number,
    sign_flip,
    stale,
    zero,
)
from ml.attacks.functional import constant, rescaled, reverse
from ml.attacks.labels import anti, label_flip, random_flip, static_flip
from ml.blame import blamed
from ml.errors import AttackError
from ml.named_functions import is_own, named_function
from ml.options import require_callable
from ml.returned import numbers
from ml.training.draws import seeded_draws

ATTACKS: Mapping[str, Attack] = {
    "label-flip": label_flip,
    "static-flip": static_flip,
    "random-flip": random_flip,
    "sign-flip": sign_flip,
    "later-flip": later_flip,
    "negative-mean": negative_mean,
    "gaussian": gaussian,
    "nan": not_a_number,
    "inf": infinite,
    "zero": zero,
    "free-rider": free_rider,
    "stale": stale,
    "copy": copied,
    "mimic": mimic,
    "alie": a_little_is_enough,
    "ipm": inner_product,
    "min-max": min_max,
    "min-sum": min_sum,
    "fang": fang,
    "reverse": reverse,
    "anti": anti,
    "constant": constant,
    "rescaled": rescaled,
    "backdoor": backdoor,
    "backdoor-replaced": backdoor_replacement,
    "searched": searched,
}
"""By the name that settings carry."""

_MARKED = ("backdoor", "backdoor-replaced")


def load_attack(name: str, options: Mapping[str, Any]) -> Attack:
    """Return an attack by name, sure to take `options`.

    Raises:
        MLError: When there is no such attack or option.
    """
    attack = named_function(name, ATTACKS, "attack")
    require_callable(attack, 1, options, f"attack {name}")
    return attack


def trigger_in(name: str, options: Mapping[str, Any]) -> Trigger | None:
    """Return the mark that an attack's backdoor answers to; None for one without."""
    return trigger_of(dict(options)) if name in _MARKED else None


def crafted(attack: Attack, name: str, options: Mapping[str, Any], coalition: Coalition) -> Vectors:
    """Return what an attack sends, checked: float64 [k, size], finite.

    Raises:
        AttackError: When it is no such array.
        MLError: When the attack fails, with the line of its file.
    """
    who = f"attack {name}"
    # What it draws from generators of the process is the round's too, so that a run goes on as it would have.
    with blamed(who, refusals=is_own(name)), seeded_draws(coalition.seed, "cpu"):
        sent = attack(coalition, **options)
    shape = coalition.seats, coalition.parent.size
    return numbers(sent, shape, who, "a row for each seat of the coalition", AttackError)
