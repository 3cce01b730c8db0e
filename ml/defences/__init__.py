"""Defences without votes, on equal terms: a registry of callables from a round's updates to the next model.

To add one: a function of `Defence`'s signature with formula, source and an example, and a line in `DEFENCES`;
or, without touching the project, `module:function` in its name's place.
"""

from collections.abc import Mapping

from ml.defences.averages import geometric_median, mean, median, trimmed_mean
from ml.defences.base import Defence, Knowledge
from ml.defences.clipping import centred_clipping, clipping_with_noise, norm_clipping
from ml.defences.directions import cosine_to_median, divide_and_conquer, flame, fltrust
from ml.defences.neighbours import bulyan, krum, multi_krum, nearest_neighbour_mixing

__all__ = ["DEFENCES", "Defence", "Knowledge"]

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
}
"""By the name that settings carry."""
