"""A whole committee that is captured in some rounds: it proposes a poison of the registry and accepts it."""

from ml.attacks.coalition import Coalition, best_constant
from ml.attacks.registry import load_attack
from ml.judging.ballots import bitmap
from ml.updates.fixed_point import decode_exactly, encode_nearest
from offchain.learning.voting import Sent
from offchain.live.client.local_learning import LocalLearning
from offchain.live.client.round_work import RoundWork


def poisoned(attack, model, learner, targets):
    """What an attack that looks at the model alone makes of it, int32 [size]."""
    base = best_constant(learner.target, targets)
    parent = decode_exactly(model)
    coalition = Coalition(parent, None, 1, 1, 1, learner.schema, parent, 0, base)
    return encode_nearest(load_attack(attack, {})(coalition)[0])


def capture(rounds):
    """Make this process's client one of the captors: attacks by round."""
    update, judge = LocalLearning.update, RoundWork._judge

    def proposed(self, models, round_, secret, noise=b""):
        if round_ not in rounds:
            return update(self, models, round_, secret, noise)
        learner, targets = self._common.learner, self._own.rows.y_train
        return Sent(len(models) - 1, poisoned(rounds[round_], models[-1], learner, targets), False)

    def judged(self, view, log, *rest):
        return bitmap(log.published) if view.round in rounds else judge(self, view, log, *rest)

    LocalLearning.update, RoundWork._judge = proposed, judged
