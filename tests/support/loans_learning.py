"""What `ape run task describe` writes of the built-in loans, for deployments of tests."""

LEARNING = {
    "edition": 2,
    "policy": "verdict",
    "metric": "accuracy",
    "tolerance": 0.05,
    "task": "loans",
    "task_digest": "0x09fccd3cdcbb386295489b843b6628a70321848a68c74de019a72ceb9ff0ab70",
    "loss": "binary cross-entropy 1",
    "row_shape": [4],
    "parameters": [
        {"layer1.weight": [4, 128]},
        {"layer1.bias": [128]},
        {"layer2.weight": [128, 128]},
        {"layer2.bias": [128]},
        {"layer3.weight": [128, 1]},
        {"layer3.bias": [1]},
    ],
    "constants": "0x5134dcffa15d581aa7097a55c4995ca6005f9297ecb17341d3f3aad0856812e9",
    "genesis_seed": 0,
    "genesis_root": "0x29f09471a6934b00800c3123685e77b4a956a8493c302f848df49235a76549ca",
}
"""Of rows of four inputs; digests that a change of what rules bind must not change unseen."""


def describe(task="loans", inputs=4, seed=0, metric="accuracy", memory=1, **options):
    """The same for a built-in task of a perceptron, with other options, inputs or seed."""
    from ml.settings import ScoringSettings
    from ml.tasks.loading import Named
    from offchain.learning.describing import FoundersFiles, described

    scoring = ScoringSettings(metric=metric, policy="verdict", memory=memory)
    found = described(Named(task, options), (inputs,), (), scoring, seed, FoundersFiles())
    return found.model_dump(mode="json", exclude_none=True)
