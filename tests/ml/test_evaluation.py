import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from ml.judging.evaluation import Evaluation
from ml.judging.scoring import score
from ml.training.perceptron import Perceptron


@pytest.mark.parametrize("rows", [50, 5000])
def test_both_scores_of_a_model_come_from_one_pass(rows):
    learner = Perceptron(4, hidden=8)
    generator = np.random.default_rng(0)
    X = generator.standard_normal((rows, 4), dtype=np.float32)
    y = (generator.random(rows) < 0.8).astype(np.float32)
    model = learner.initial_parameters(0)
    tensors = [model[place].reshape(shape).astype(np.float64) for _, shape, place in learner.schema.slices()]
    hidden = np.maximum(X @ tensors[0] + tensors[1], 0)
    logits = (np.maximum(hidden @ tensors[2] + tensors[3], 0) @ tensors[4] + tensors[5])[:, 0]
    quality = Evaluation(X, y, learner).quality(model)
    assert quality["accuracy"] == pytest.approx(accuracy_score(y, logits > 0))
    assert quality["auroc"] == pytest.approx(roc_auc_score(y, logits), abs=1e-6)
    assert quality["loss"] == pytest.approx(log_loss(y, 1 / (1 + np.exp(-logits))), abs=1e-6)
    assert quality["accuracy"] == score(model, X, y, "accuracy", learner)
