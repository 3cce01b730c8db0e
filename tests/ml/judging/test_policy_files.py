"""Policies as files have them: by name, as a list of tests, or part by part; what is wrong is said."""

import hashlib

import pytest

from ml.judging.kinds import LeaveOneOut, Loss, Relation, Score, Size
from ml.judging.policy import EVIDENCE, NAMED, Policy, listed_tests, noise_note, read_policy
from ml.settings import DEFAULT_POLICY
from offchain.errors import SettingsError
from offchain.learning.rules import text_of
from offchain.settings import SimulationSettings, load_settings, parse_settings

LISTED = [
    {"test": "size"},
    {"test": "direction"},
    {"test": "direction", "layer": "first", "least": -0.03},
    {"test": "evidence", "tolerance": 0.02},
    {"test": "score"},
    {"test": "evidence", "of": "average", "step": 1},
    {"test": "score", "of": "average", "step": 1},
]


def test_a_list_of_the_tests_of_a_named_policy_is_that_policy():
    assert read_policy(LISTED) == EVIDENCE
    more = read_policy([*LISTED, {"test": "leave-one-out"}])
    assert more == NAMED["evidence-and-leave-one-out"]


def test_the_default_is_evidence_with_skill_relation_noise_contrast_and_references_as_long_as_training():
    skilled = [entry | {"test": "skill"} if entry["test"] == "score" else entry for entry in LISTED]
    assert read_policy(skilled) == NAMED["evidence-and-skill"]
    related = [*skilled[:3], {"test": "relation"}, *skilled[3:]]
    assert read_policy(related) == NAMED["evidence-skill-and-relation"]
    related[3] = {"test": "relation", "layer": "large"}
    policy = read_policy(related).model_copy(update={"steps_of": "largest"})
    assert policy == NAMED["evidence-by-largest"]
    noisy = [
        entry | {"errors": 2, "parameters": 10_000} if entry["test"] == "evidence" else entry
        for entry in related
    ]
    policy = read_policy(noisy).model_copy(update={"steps_of": "largest"})
    assert policy == NAMED["evidence-beyond-noise"]
    remembering = [*noisy[:5], {"test": "forgetting"}, *noisy[5:]]
    policy = read_policy(remembering).model_copy(update={"steps_of": "largest"})
    assert policy == NAMED["evidence-and-forgetting"]
    contrasting = [{name: value for name, value in entry.items() if name != "parameters"} for entry in noisy]
    contrasting[6:6] = [
        {"test": "contrast", "errors": 4},
        {"test": "contrast", "least": 0, "gain": 0.33, "below": 10_000},
    ]
    policy = read_policy(contrasting).model_copy(update={"steps_of": "largest"})
    assert policy == NAMED["evidence-and-contrast"]
    errors = {"update": 3, "average": 4}
    lenient = [
        entry | {"errors": errors[entry.get("of", "update")], "parameters": 10_000, "fewer": 2}
        if entry["test"] == "evidence"
        else entry
        for entry in contrasting
    ]
    policy = read_policy(lenient).model_copy(update={"steps_of": "training"})
    assert policy == NAMED["evidence-by-training"] == NAMED[DEFAULT_POLICY]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("evidence", "84f805f2964f3f22"),
        ("evidence-and-skill", "2cee0dff40813ec8"),
        ("evidence-skill-and-relation", "c7b3ba77632a3611"),
        ("evidence-by-largest", "97db8035cf524d60"),
        ("evidence-beyond-noise", "f5f592b38807fb2d"),
        ("evidence-and-forgetting", "fb0f596db39dcdd6"),
        ("evidence-and-opposed", "ed02d42d28ea2122"),
        ("evidence-and-contrast", "51c8a133f65dd699"),
        ("evidence-by-training", "5dd76c80bdf4a13d"),
        ("likelihood", "1ecb20def9f72a87"),
        ("evidence-and-leave-one-out", "d66a59a65c2db1c3"),
    ],
)
def test_a_name_keeps_its_tests_and_what_rules_bind_of_them(name, digest):
    """What later editions added is not said where a name's tests do not have it."""
    assert hashlib.sha256(text_of(NAMED[name]).encode()).hexdigest()[:16] == digest


def test_parts_can_be_told_one_by_one():
    policy = read_policy({"updates": [{"test": "size", "most": 2}], "leave_one_out": {}, "rows": 50})
    assert policy == Policy(updates=(Size(most=2),), leave_one_out=LeaveOneOut(), rows=50)


def test_names_are_names():
    assert [read_policy(name) for name in ("aggregate", "verdict", "evidence")] == [
        "aggregate",
        "verdict",
        "evidence",
    ]
    assert listed_tests("verdict") is None and listed_tests("evidence") is EVIDENCE


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("evidenz", "there is no policy 'evidenz'; use aggregate, verdict, evidence, evidence-and-skill, "),
        (7, "there is no policy 7"),
        (
            [{"test": "loss"}],
            "there is no test 'loss'; there are size, direction, relation, opposed, evidence, contrast, ",
        ),
        ([{"tolerance": 1}], "there is no test None; there are size"),
        ([{"test": ["size"]}], r"there is no test \['size'\]"),
        (["size"], "a test is a mapping such as"),
        ([{"test": "evidence", "tolerance": -1}], "test evidence: tolerance is -1: input should be greater "),
        ([{"test": "evidence", "tolerance": "nan"}], "test evidence: tolerance is 'nan'"),
        ([{"test": "score", "tolerance": 1}], "test score: tolerance is 1: input should be less than 1"),
        ([{"test": "evidence", "step": 2}], "test evidence: step is 2: input should be less than or equal"),
        ([{"test": "size", "mots": 1}], "there are test, most; did you mean 'most'?"),
        ([{"test": "size", "step": 1}], "test size: there is no 'step'; there are test, most"),
        ([{"test": "size"}, {"test": "size", "of": "average"}], "test size is none of average; those are ev"),
        ([{"test": "size", "of": "round"}], "of: update, or of: average, not 'round'"),
        ([{"test": "leave-one-out"}] * 2, "leave-one-out is there twice"),
        ([{"test": "leave-one-out"}], "updates is "),
        ([], "updates is "),
        (
            [{"test": "size"}, {"test": "evidence", "of": "average", "in_company": True}],
            "in_company is of single updates; leave it out of the average's evidence",
        ),
        ([{"test": "relation", "layer": "last"}], "test relation: layer is 'last': input should be 'first'"),
        ({"updates": [{"test": "size"}], "rows": 0}, "rows is 0: input should be greater than or equal to 1"),
        ({"rows": 3}, "updates is missing"),
        ({"updates": "size"}, "updates is 'size'"),
        ({"updates": [{"test": "size"}], "row": 3}, "there is no 'row'; there are updates, average"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_do(value, said):
    with pytest.raises(SettingsError, match=said):
        parse_settings({"policy": value})
    with pytest.raises(SettingsError, match=said):
        parse_settings({"shadow_policy": value})


def test_settings_with_tests_of_ones_own_come_back_from_their_json(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("policy: [{test: evidence, tolerance: .03}, {test: score, of: average}]\n")
    found = load_settings(path, {})
    assert found.policy == Policy(updates=(Loss(tolerance=0.03),), average=(Score(),))
    assert SimulationSettings.model_validate_json(found.model_dump_json()) == found


def test_rules_bind_every_number_of_tests_of_ones_own():
    first, second = (text_of(Policy(updates=(Loss(tolerance=t),))) for t in (0.02, 0.03))
    assert first != second and text_of("verdict") == "verdict"


@pytest.mark.parametrize(
    ("policy", "warned"),
    [
        *[(name, False) for name in ("verdict", "aggregate", "likelihood")],
        *[(policy, True) for policy in ("evidence", EVIDENCE, Policy(updates=(Relation(),)))],
    ],
)
def test_who_adds_noise_is_told_of_voters_that_refuse_it(policy, warned):
    note = noise_note(policy)
    assert (note is not None and "those of evidence refused most updates" in note) == warned
