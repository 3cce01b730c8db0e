import pytest
from pydantic import ValidationError

from ml.device import require_device
from ml.errors import SettingsError
from ml.seeds import derive_seed
from ml.settings import AttackSettings, ScoringSettings, SplitSettings, TrainingSettings


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (SplitSettings, {"clients": 0}, "greater than or equal to 1"),
        (SplitSettings, {"seed": -1}, "greater than or equal to 0"),
        (SplitSettings, {"colour": "red"}, "Extra inputs are not permitted"),
        (TrainingSettings, {"batch": 0}, "greater than or equal to 1"),
        (TrainingSettings, {"learning_rate": float("nan")}, "finite number"),
        (ScoringSettings, {"tolerance": 1.0}, "less than 1"),
        (ScoringSettings, {"policy": "median", "metric": "auroc"}, "there is no policy 'median'"),
        (AttackSettings, {"name": "gauss"}, "'none', 'near' or 'label-flip'"),
        (AttackSettings, {"divergence_weight": -1.0}, "greater than or equal to 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(model, values, message):
    with pytest.raises(ValidationError, match=message):
        model(**values)


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        TrainingSettings().batch = 1


def test_seeds_differ_by_place_and_depend_on_nothing_else():
    places = [(), (0,), (0, 0), (1,), (1, 0), (0, 1), (2**40, 3)]
    seeds = [derive_seed(seed, *place) for seed in (0, 1) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(5, 1, 2) == derive_seed(5, 1, 2)


@pytest.mark.parametrize("name", ["tpu", "cuda"])
def test_a_device_that_is_not_there_is_named(name, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SettingsError, match=f"device '{name}'"):
        require_device(name)


def test_the_cpu_is_always_there():
    assert require_device("cpu") == "cpu"
