import numpy as np
import pytest
from federations import load

from ml.judging.scoring import score
from ml.settings import TrainingSettings
from ml.training.learner import TrainingJob
from ml.training.perceptron import Perceptron


@pytest.fixture(scope="module", params=["application", "all"])
def case(request, real_loans):
    return request.param, load("lending-club", real_loans, features=request.param)


def test_real_loans_are_shared_as_in_the_paper(case):
    features, data = case
    assert {len(client.y_train) for client in data.clients} == {486}
    assert {len(client.y_validation) for client in data.clients} == {121}
    assert len(data.y_test) == 7593
    assert 0.85 < data.y_test.mean() < 0.87
    assert np.isfinite(data.X_test).all()
    assert ("recoveries" in data.feature_names) == (features == "all")


def test_only_columns_known_afterwards_predict_the_outcome(case):
    features, data = case
    learner = Perceptron(len(data.feature_names))
    X = np.concatenate([client.X_train for client in data.clients])
    y = np.concatenate([client.y_train for client in data.clients])
    job = TrainingJob(X, y, seed=0)
    trained = learner.train(learner.initial_parameters(0), [job], TrainingSettings())[0]
    accuracy = score(trained, data.X_test, data.y_test, "accuracy", learner)
    auroc = score(trained, data.X_test, data.y_test, "auroc", learner)
    if features == "all":
        assert accuracy > 0.97
    else:
        assert accuracy < 0.875
        assert 0.66 < auroc < 0.75
