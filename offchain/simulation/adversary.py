"""The malicious clients of a run, who act together: what they propose, what they withhold, how they vote."""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from numbers import Integral, Real

import numpy as np

from ml.attacks.aiming import aimed
from ml.attacks.coalition import Coalition, Poison, Vector, Vectors, best_constant
from ml.attacks.registry import crafted, load_attack
from ml.attacks.votes import Findings, Votes, load_votes, voted
from ml.errors import AttackError
from ml.judging.ballots import bitmap, flipped
from ml.messages import quoted
from ml.returned import numbers
from ml.seeds import derive_seed
from ml.updates.fixed_point import decode_exactly, encode_nearest
from offchain.learning.common import Parameters
from offchain.settings import SimulationSettings, base_units
from offchain.simulation.cast import Cast
from offchain.simulation.federation import Federation

_ATTACK, _JUDGES, _VOTES = 7, 10, 13  # Under a run's seed.
_PROXIES = 8  # Members, at most, whose own updates stand for everyone's.
_TRYING = 12  # Members, at most, who try what an aimed attack would send.
_MAJORITY = 0.5  # Of its own voters, for an attack that searches and is not told what to aim at.


class Adversary:
    """A coalition; with nobody in it, everybody proposes and votes honestly.

    Attributes:
        members: Clients that propose badly.
    """

    def __init__(self, settings: SimulationSettings, federation: Federation, cast: Cast) -> None:
        self.members = cast.proposers if settings.attack != "none" or settings.withhold_bytes else frozenset()
        self._settings = settings
        self._federation = federation
        self._cast = cast
        self._awake = True
        self.see([base_units(settings.initial_balance)] * settings.clients)

    def see(self, balances: Sequence[int]) -> None:
        """Take note of all clients' balances, base units; who sleeps until rich wakes by them."""
        wanted, malicious = self._settings.sleep_until, self._cast.malicious
        if wanted is not None and malicious:
            owned = sum(balances[client] for client in malicious)
            self._awake = owned >= base_units(wanted) * len(malicious)

    def withholds(self, client: int) -> bool:
        """Return whether a client keeps back the bytes of what it proposed."""
        return self._settings.withhold_bytes and self._awake and client in self.members

    def available(
        self, models: Sequence[Parameters], proposers: Sequence[int], round_: int
    ) -> dict[int, Parameters]:
        """Return the proposals of a round whose bytes can be had, by client."""
        proposed = self.proposals(models, proposers, round_)
        return {client: update for client, update in proposed.items() if not self.withholds(client)}

    def proposals(
        self, models: Sequence[Parameters], proposers: Sequence[int], round_: int
    ) -> dict[int, Parameters]:
        """Return what the proposers of a round propose, honest or not, by client.

        Args:
            models: The last global ones, oldest first, of which each client has its base.
            proposers: Who proposes.
            round_: The round's number.

        Raises:
            SimulationError: When a client's training diverged.
            MLError: When the attack cannot be made, or is a user's and returns what is no update.
        """
        attacks = self._awake and self._settings.attack != "none"
        seated = [client for client in proposers if attacks and client in self.members]
        honest = [client for client in proposers if client not in seated]
        updates = self._federation.train_from(models, honest, round_)
        seen = list(updates.values())
        for place, members in (self._federation.bases(models, seated) if seated else {}).items():
            updates |= self._crafted(models, place, members, len(proposers), round_, seen)
        return {client: updates[client] for client in proposers}

    def cast(
        self, honest: Mapping[int, int], proposers: Sequence[int], published: Collection[int], round_: int
    ) -> dict[int, int]:
        """Return the ballots that are cast; who abstains is left out.

        Args:
            honest: What voters find, by client.
            proposers: Client at each seat position.
            published: Seat positions whose update was published, its bytes or not.
            round_: The round's number.

        Raises:
            MLError: When the way to vote is a user's and fails.
        """
        if self._settings.coalition_votes is None:
            return {
                voter: flipped(ballot, published) if voter in self._cast.voters else ballot
                for voter, ballot in honest.items()
            }
        own = bitmap(place for place in published if proposers[place] in self._cast.malicious)
        theirs = {v: ballot for v, ballot in honest.items() if self._awake and v in self._cast.malicious}
        seed = derive_seed(self._settings.seed, _VOTES, round_)
        found = Findings(theirs, bitmap(published), own, seed)
        chosen = voted(self._votes, self._settings.coalition_votes, found) if theirs else {}
        return {
            voter: chosen[voter] if voter in theirs else ballot
            for voter, ballot in honest.items()
            if voter not in theirs or voter in chosen
        }

    @cached_property
    def _votes(self) -> Votes:
        assert self._settings.coalition_votes is not None
        return load_votes(self._settings.coalition_votes)

    @cached_property
    def _base(self) -> Vector | None:
        federation = self._federation
        return best_constant(federation.target, federation.targets(sorted(self.members)))

    @cached_property
    def _judges(self) -> list[int]:
        """The members who try what would be sent, the same in all rounds."""
        drawn = np.random.default_rng(derive_seed(self._settings.seed, _JUDGES))
        return [int(client) for client in drawn.permutation(sorted(self.members))[:_TRYING]]

    def _crafted(
        self,
        models: Sequence[Parameters],
        base: int,
        seated: Sequence[int],
        proposers: int,
        round_: int,
        seen: Sequence[Parameters],
    ) -> dict[int, Parameters]:
        settings = self._settings
        coalition = self._coalition(models, base, seated, proposers, round_, seen)
        attack = load_attack(settings.attack, settings.attack_arguments)
        sent = crafted(attack, settings.attack, settings.attack_arguments, coalition)
        if settings.aimed is not None and settings.defence is None:
            sent = aimed(sent, coalition)
        return {client: encode_nearest(model) for client, model in zip(seated, sent, strict=True)}

    def _coalition(
        self,
        models: Sequence[Parameters],
        base: int,
        seated: Sequence[int],
        proposers: int,
        round_: int,
        seen: Sequence[Parameters],
    ) -> Coalition:
        federation, parent = self._federation, models[base]
        others = [client for client in sorted(self.members) if client not in seated]
        members = [*seated, *others]

        def teach(poison: Poison | None, divergence_weight: float, count: int) -> Vectors:
            _require_lesson(divergence_weight, count, len(members))
            taught = federation.train(parent, members[:count], round_, poison, divergence_weight)
            return np.array([decode_exactly(update) for update in taught.values()])

        def accepts(sent: Vectors) -> bool:
            tried = _asked(sent, (len(seated), federation.schema.size), "accepts", "a row for each seat")
            return self._accepted(models, tried, coalition.trained, proposers) >= self._aim

        def harm(model: Vector) -> float:
            asked = _asked(model, (federation.schema.size,), "harm", "a model")
            return federation.mean_loss(encode_nearest(asked), self._judges)

        broken = self._settings.commitments_broken and len(seen) > 0
        coalition = Coalition(
            parent=decode_exactly(parent),
            teach=teach,
            seats=len(seated),
            known=max(len(seated), min(_PROXIES, len(members))),
            proposers=proposers,
            schema=federation.schema,
            first=decode_exactly(federation.genesis),
            seed=derive_seed(self._settings.seed, _ATTACK, round_),
            base=None if self._base is None else self._base.copy(),
            accepts=accepts,
            harm=harm,
            seen=np.array([decode_exactly(update) for update in seen]) if broken else None,
        )
        return coalition

    @property
    def _aim(self) -> float:
        return _MAJORITY if self._settings.aimed is None else self._settings.aimed

    def _accepted(
        self, models: Sequence[Parameters], sent: Vectors, trained: Vectors, proposers: int
    ) -> float:
        """The least share of the coalition's judges that accept one of `sent`, beside members' honest ones.

        Those stand for the updates of others, which nobody has seen yet.
        """
        if self._settings.defence is not None:
            return 1.0
        beside = np.roll(trained, -len(sent), axis=0)[: proposers - len(sent)]
        tried = dict(enumerate(encode_nearest(model) for model in (*sent, *beside)))
        found = self._federation.findings(self._settings.policy, tried, models, self._judges)
        return min(sum(j in each.accepted for each in found) / len(found) for j in range(len(sent)))


def _asked(given: Vectors | Vector, shape: tuple[int, ...], what: str, meant: str) -> Vectors:
    return numbers(given, shape, what, meant, AttackError, "was asked of")


def _require_lesson(divergence_weight: float, count: int, members: int) -> None:
    """Refuse what no member can be taught by, which only an attack of a user's own asks for."""
    if not (isinstance(divergence_weight, Real) and 0 <= divergence_weight < math.inf):
        raise AttackError(
            f"the divergence term has weight {quoted(divergence_weight)}; expected a number of 0 or more"
        )
    if not (isinstance(count, Integral) and 1 <= count <= members):
        raise AttackError(
            f"{quoted(count)} members are to be taught; expected a whole number from 1 to {members}"
        )
