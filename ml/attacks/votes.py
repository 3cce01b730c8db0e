"""What the voters of a coalition do: from what they honestly find to what they cast.

Ballots are integers whose bit j accepts the update at seat position j.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral

from ml.blame import blamed
from ml.errors import AttackError
from ml.named_functions import is_own, named_function
from ml.options import require_callable
from ml.training.draws import seeded_draws


@dataclass(frozen=True)
class Findings:
    """What a coalition's voters know of a round when they vote.

    Attributes:
        honest: The ballots that they would cast if they were honest, by voter.
        published: Bit j set where an update was published at position j.
        own: Those that are the coalition's.
        seed: Of what is drawn at random.
    """

    honest: Mapping[int, int]
    published: int
    own: int
    seed: int = 0


Votes = Callable[[Findings], Mapping[int, int]]
"""From what a coalition finds to the ballots that it casts; who is left out abstains."""


def honest(found: Findings) -> Mapping[int, int]:
    """Vote as one finds."""
    return found.honest


def flip(found: Findings) -> Mapping[int, int]:
    """Vote the opposite of what one finds (the paper's malicious voter).

    >>> flip(Findings({7: 0b01}, published=0b11, own=0b01))
    {7: 2}
    """
    return {voter: ballot ^ found.published for voter, ballot in found.honest.items()}


def own(found: Findings) -> Mapping[int, int]:
    """Yes on the coalition's own updates, no on all others.

    >>> own(Findings({7: 0b10}, published=0b11, own=0b01))
    {7: 1}
    """
    return dict.fromkeys(found.honest, found.own & found.published)


def always_yes(found: Findings) -> Mapping[int, int]:
    """Yes on whatever was published."""
    return dict.fromkeys(found.honest, found.published)


def always_no(found: Findings) -> Mapping[int, int]:
    """No on whatever was published."""
    return dict.fromkeys(found.honest, 0)


def against_rivals(found: Findings) -> Mapping[int, int]:
    """No on others' updates, and on the coalition's own what one finds: fewer share the pot.

    >>> against_rivals(Findings({7: 0b11, 8: 0b10}, published=0b11, own=0b01))
    {7: 1, 8: 0}
    """
    return {voter: ballot & found.own for voter, ballot in found.honest.items()}


def copy(found: Findings) -> Mapping[int, int]:
    """All cast what the first of them finds: nobody else looks. Others' ballots are hidden until all are in.

    >>> copy(Findings({7: 0b11, 8: 0b10}, published=0b11, own=0b01))
    {7: 3, 8: 3}
    """
    return dict.fromkeys(found.honest, next(iter(found.honest.values()), 0))


def abstain(found: Findings) -> Mapping[int, int]:
    """Cast nothing, and be marked absent."""
    return {}


VOTES: Mapping[str, Votes] = {
    "honest": honest,
    "flip": flip,
    "own": own,
    "always-yes": always_yes,
    "always-no": always_no,
    "against-rivals": against_rivals,
    "copy": copy,
    "abstain": abstain,
}
"""By the name that settings carry."""


def load_votes(name: str) -> Votes:
    """Return a way to vote by name.

    Raises:
        MLError: When there is none, or it takes other arguments than what the coalition finds.
    """
    votes = named_function(name, VOTES, "way to vote")
    require_callable(votes, 1, {}, f"way to vote {name}")
    return votes


def voted(votes: Votes, name: str, found: Findings) -> dict[int, int]:
    """Return what a way to vote casts, checked: ballots of voters that are there, on published updates.

    Raises:
        AttackError: When it is something else.
        MLError: When it fails, with the line of its file.
    """
    with blamed(f"way to vote {name}", refusals=is_own(name)), seeded_draws(found.seed, "cpu"):
        cast = votes(replace(found, honest=dict(found.honest)))
        given = dict(cast.items()) if isinstance(cast, Mapping) else None
    if given is None:
        raise AttackError(f"way to vote {name} returned {type(cast).__name__}; expected ballots by voter")
    for voter, ballot in given.items():
        if voter not in found.honest:
            raise AttackError(f"way to vote {name} casts for {voter!r}, who is no voter of the coalition")
        if not isinstance(ballot, Integral) or ballot < 0 or int(ballot) & ~found.published:
            raise AttackError(
                f"way to vote {name} casts {ballot!r} for voter {voter}; expected an integer with bits of "
                f"published updates only, {found.published:#b} at most"
            )
    return {voter: int(ballot) for voter, ballot in given.items()}
