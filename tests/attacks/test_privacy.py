"""What an update tells of the rows that it was trained on: who sees updates guesses by their losses."""

import numpy as np
from federations import load

from ml.judging.metrics import auroc
from ml.settings import AttackSettings, TrainingSettings
from ml.tasks.loading import Named
from ml.training import TrainingJob, make_learner


def guessed(rows, clients, epochs):
    """How well the loss under five clients' own updates tells their training rows from rows of nobody.

    Membership inference by a threshold on the loss (Yeom et al., 2018), as AUROC: one half is a coin's.
    """
    shared = load(rows=rows, clients=clients)
    learner = make_learner(Named("loans", {}).load(), shared.X_test.shape[1:], (), "cpu")
    none = AttackSettings(name="none")
    jobs = [TrainingJob(c.X_train, c.y_train, i, none) for i, c in enumerate(shared.clients[:5])]
    updates = learner.train(learner.initial_parameters(0), jobs, TrainingSettings(local_epochs=epochs))

    def losses(update, X, y):
        return learner.losses(learner.predictor([X]).outputs(update, [0])[0], y)

    found = []
    for job, update in zip(jobs, updates, strict=True):
        inside, outside = losses(update, job.X, job.y), losses(update, shared.X_test, shared.y_test)
        is_member = np.arange(len(inside) + len(outside)) < len(inside)
        found.append(auroc(-np.concatenate([inside, outside]), is_member))
    return len(jobs[0].y), float(np.mean(found))


def test_known_gap_an_update_of_few_rows_and_much_training_tells_which_they_were():
    rows, told = guessed(rows=600, clients=10, epochs=50)
    assert rows == 38 and told > 0.65


def test_cost_bounded_an_update_of_usual_training_tells_little():
    rows, told = guessed(rows=2000, clients=8, epochs=5)
    assert rows == 160 and 0.5 < told < 0.56
