import re
from typing import Annotated, Literal

import pytest
from pydantic import Field

from ml.attacks.registry import ATTACKS, load_attack
from ml.attacks.votes import load_votes
from ml.defences import load_defence
from ml.errors import SettingsError
from ml.options import require_callable

NAN, INF = float("nan"), float("inf")


def own(
    found,
    scale: Annotated[float, Field(gt=0, lt=5)] = 2.0,
    kind: Literal["near", "far"] = "near",
    many=2,
    loud=False,
    sizes: tuple[int, ...] = (),
    text: "Annotated[str, Field(max_length=3)]" = "",
    nowhere: "Nowhere" = 1.0,  # noqa: F821
    *,
    anything=None,
):
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 4.9, "kind": "far"},
        {"scale": 1, "many": 2.5, "loud": True, "sizes": [1, 2], "nowhere": 3},
        {"text": "abc", "anything": object},
    ],
)
def test_options_that_are_what_their_annotations_or_defaults_say_pass(options):
    require_callable(own, 1, options, "it")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": 0}, "it: option 'scale' is 0; expected a number above 0 and below 5"),
        ({"scale": 5}, "option 'scale' is 5; expected"),
        ({"scale": "big"}, "option 'scale' is 'big'; expected a number above 0 and below 5$"),
        ({"scale": "1e-3"}, "below 5; YAML reads this as text, write 0.001"),
        ({"scale": NAN}, "option 'scale' is nan; expected"),
        ({"scale": True}, "option 'scale' is True; expected"),
        ({"scale": None}, "option 'scale' is None; expected"),
        ({"scale": 10**400}, r"option 'scale' is 10+…; expected"),
        ({"kind": "middle"}, "option 'kind' is 'middle'; expected one of near, far"),
        ({"many": INF}, "option 'many' is inf; expected a number$"),
        ({"many": "two"}, "option 'many' is 'two'; expected a number$"),
        ({"loud": 1}, "option 'loud' is 1; expected true or false"),
        ({"sizes": [1, 2.5]}, r"option 'sizes' is \[1, 2.5\]; expected a list"),
        ({"sizes": {(1, 2): 3}}, "option 'sizes' is {.*}; expected a list"),
        ({"nowhere": "x"}, "option 'nowhere' is 'x'; expected a number"),
        ({"sclae": 1}, "it has no option 'sclae'; it has scale, kind, .*, anything; did you mean 'scale'?"),
        ({3: 4}, "it has no option 3; it has scale"),
    ],
)
def test_others_are_refused_with_what_was_expected(options, words):
    with pytest.raises(SettingsError) as caught:
        require_callable(own, 1, options, "it")
    assert re.search(words, str(caught.value))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: 0, "it takes no argument by position; expected 1"),
        (lambda *, found: 0, "it takes no argument by position; expected 1"),
        (lambda found, option, /: 0, "it takes 2 arguments by position; expected 1"),
        (lambda found, option: 0, "it has to be given its option 'option'"),
        (dict, "it does not say what arguments it takes"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused(function, words):
    with pytest.raises(SettingsError, match=re.escape(words)):
        require_callable(function, 1, {}, "it")


@pytest.mark.parametrize(
    "function", [lambda *all_: 0, lambda found, **options: 0, lambda found, more=1, /: 0]
)
def test_one_that_takes_more_than_it_is_given_is_called(function):
    require_callable(function, 1, {}, "it")


@pytest.mark.parametrize(("name", "attack"), ATTACKS.items())
def test_every_option_of_a_built_in_attack_has_a_kind_and_bounds(name, attack):
    defaults = attack.__defaults__ or ()
    options = attack.__code__.co_varnames[1 : 1 + len(defaults)]
    assert attack.__code__.co_argcount == 1 + len(defaults)
    for option, default in zip(options, defaults, strict=True):
        load_attack(name, {option: default})
        for value in ("big", NAN, INF, -1e12, None, [default]):
            with pytest.raises(SettingsError, match=f"option '{option}' is .*; expected"):
                load_attack(name, {option: value})


def test_rules_and_ways_to_vote_are_called_with_what_they_take(tmp_path):
    (tmp_path / "own.py").write_text("def one(found): ...\ndef two(updates, knowledge): ...")
    load_votes(f"{tmp_path}/own.py:one")
    load_defence(f"{tmp_path}/own.py:two")
    with pytest.raises(
        SettingsError, match=r"way to vote .*own.py:two has to be given its option 'knowledge'"
    ):
        load_votes(f"{tmp_path}/own.py:two")
    with pytest.raises(SettingsError, match="defence .*own.py:one takes 1 argument by position; expected 2"):
        load_defence(f"{tmp_path}/own.py:one")
