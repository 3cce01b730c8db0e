"""Defences without votes, on equal terms: a registry of callables from a round's updates to the next model.

To add one: a function of `Defence`'s signature with formula, source and an example, and a line in `DEFENCES`;
or, without touching the project, `FILE.py:function` or `package.module:function` in its name's place.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ml.blame import blamed
from ml.defences.averages import geometric_median, mean, median, trimmed_mean
from ml.defences.base import Defence, Knowledge, Vector, Vectors, finite
from ml.defences.clipping import centred_clipping, clipping_with_noise, norm_clipping
from ml.defences.directions import cosine_to_median, divide_and_conquer, flame, fltrust
from ml.defences.incentives import committee_scores, committee_signs, reputation_auction
from ml.defences.neighbours import bulyan, krum, multi_krum, nearest_neighbour_mixing
from ml.errors import DefenceError
from ml.named_functions import is_own, named_function
from ml.options import require_callable
from ml.returned import numbers
from ml.training.draws import seeded_draws

__all__ = ["DEFENCES", "Defence", "Knowledge", "combined", "load_defence", "require_defined"]

DEFENCES: Mapping[str, Defence] = {
    "mean": mean,
    "median": median,
    "trimmed-mean": trimmed_mean,
    "krum": krum,
    "multi-krum": multi_krum,
    "geometric-median": geometric_median,
    "centred-clipping": centred_clipping,
    "norm-clipping": norm_clipping,
    "clipping-with-noise": clipping_with_noise,
    "bulyan": bulyan,
    "nnm": nearest_neighbour_mixing,
    "dnc": divide_and_conquer,
    "fltrust": fltrust,
    "flame": flame,
    "cosine-to-median": cosine_to_median,
    "committee-scores": committee_scores,
    "committee-signs": committee_signs,
    "reputation-auction": reputation_auction,
}
"""By the name that settings carry."""


_TRIED = 8
"""Parameters of models on which a rule is tried."""


def load_defence(name: str) -> Defence:
    """Return a rule by name.

    Raises:
        MLError: When there is none, or it takes other arguments.
    """
    defence = named_function(name, DEFENCES, "defence")
    require_callable(defence, 2, {}, f"defence {name}")
    return defence


def combined(defence: Defence, name: str, updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return what a rule makes of updates [p, size], checked: float64 [size], finite; the parent of none.

    Raises:
        DefenceError: When it is no such array.
        MLError: When the rule refuses the updates, or fails.
    """
    kept = finite(updates)
    if not len(kept):
        return knowledge.parent
    if knowledge.reputations is not None:
        reputations = knowledge.reputations[np.isfinite(updates).all(axis=1)]
        knowledge = replace(knowledge, reputations=reputations)
    who = f"defence {name}"
    with blamed(who, refusals=is_own(name)), seeded_draws(knowledge.seed, "cpu"):
        found = defence(kept, knowledge)
    return numbers(found, knowledge.parent.shape, who, "a model", DefenceError)


def require_defined(name: str, updates: int, faulty: int) -> None:
    """Try a rule on as many small models as a round has updates.

    Raises:
        DefenceError: When it needs more of them, with its bound.
        MLError: When there is none of the name, or it fails.
    """
    models = np.random.default_rng(0).normal(size=(updates, _TRIED))
    knowledge = Knowledge(
        np.zeros(_TRIED),
        faulty,
        models[0],
        scores=lambda tried: np.ones((len(tried), 1)),
        reputations=np.full(updates, 0.5),
    )
    combined(load_defence(name), name, models, knowledge)
