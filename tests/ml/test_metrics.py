"""Scores of several labels at once, and of models that overflow."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml.errors import ScoreError
from ml.judging.metrics import accuracy, auroc, has_both, measure
from ml.tasks.targets import Labels

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.standard_normal((200, 4)).astype(np.float32)
LABELS = GENERATOR.random((200, 4)) < [0.5, 0.1, 0.3, 0.9]


def test_several_labels_score_their_mean():
    assert auroc(LOGITS, LABELS) == pytest.approx(roc_auc_score(LABELS, LOGITS))
    per_label = [accuracy(LOGITS[:, i], LABELS[:, i]) for i in range(4)]
    assert accuracy(LOGITS, LABELS) == pytest.approx(np.mean(per_label))


@pytest.mark.parametrize("value", [True, False])
def test_labels_without_both_classes_are_left_out_of_the_mean(value):
    labels = LABELS.copy()
    labels[:, [0, 2]] = value
    assert has_both(labels).tolist() == [False, True, False, True]
    assert auroc(LOGITS, labels) == pytest.approx(roc_auc_score(labels[:, [1, 3]], LOGITS[:, [1, 3]]))


def test_no_label_with_both_classes_is_an_error():
    with pytest.raises(ScoreError, match="both classes of a label; none of 4 labels"):
        auroc(LOGITS, np.zeros((200, 4), bool))


@pytest.mark.parametrize("metric", ["accuracy", "auroc"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_not_finite_scores_nothing(metric, value):
    logits = np.where(LABELS, 1, -1).astype(np.float32)
    targets = LABELS.astype(np.float32)
    assert measure(metric, Labels(4), logits, targets, list) == 1
    logits[3, 1] = value
    assert measure(metric, Labels(4), logits, targets, list) == 0
