"""Whatever value stands in a file of settings, a policy, a grid, a configuration, an option: one sentence."""

import re
from pathlib import Path

import click
import pytest

from ml.errors import MLError
from offchain.arena.grid import cells, read_grid
from offchain.errors import ArenaError, OffchainError, SettingsError
from offchain.live.deploying.configuration import load_configuration
from offchain.named_values import named_values
from offchain.policy_option import PolicyParameter
from offchain.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 1500  # Paths are told whole.

NUMBERS = (
    "1 -1 0 1.5 1e400 1e-400 .nan .inf -.inf 010 0b1 0o17 1:30 1_000 +1 -0 1e3 2**31 9223372036854775808"
)
VALUES = [
    *NUMBERS.split(),
    *("9" * 90, "9" * 200, "-" + "9" * 90, "0x" + "f" * 64),
    *("true", "null", "~", "yes", "No", "''", "x", "=", "<<", ":", "a:", "':b'", "'%s{0}'", "os:system"),
    *("own.py:f", "/dev/null:f", "../../x.py:f", "'" + "a:" * 500 + "'", "'" + "x" * 4000 + "'"),
    *("'x\0y'", '"x\\ty"', '"\\e[2J"', '"\\u202e"', '"\\ud800"', '"\\x85"', "'\u2028'", "'\U0001f600'"),
    *("2001-01-01", "2001-99-99", "2001-01-01 00:00:00", "2001-01-01T00:00:00+99:99", "2001-01-01 99:9:9"),
    *("[]", "[[]]", "[1]", "[null]", "['x']", "[.nan]", "[[1, 2], [3]]", "[" + "1," * 3000 + "1]"),
    *("[" * 40 + "]" * 40, "[[[[[1]]]]]", "[2001-01-01]", "[!!binary aGVsbG8=]", "[1, true, x, null]"),
    *("{}", "{a: 1}", "{1: 2}", "{null: 1}", "{true: 1}", "{2001-01-01: 1}", "{.nan: 1}", "{1.5: x}"),
    *("{'': 1}", "{a: {b: {c: {d: 1}}}}", "{? [a] : b}", "{? {a: 1} : b}", "{a: 1, a: 2}", '{"\\ud800": 1}'),
    *("{<<: {a: 1}}", "{<<: 5}", "{x: .nan}", "{x: [1, {y: .inf}]}", "{x: 2001-01-01}", "{x: !!set {a}}"),
    *("!!binary aGVsbG8=", "!!binary '?'", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1]", "!x y"),
    *("!!python/object:os.system {}", "!!str 5", "!!int '5'", "!!int ''", "!!float ''", "!!bool x"),
    *("!!timestamp x", "&a [*a]", "&a x", "*a", "[{test: x}]", "[{test: size, most: .nan}]", "[size]"),
    *("[{test: size, 1: 2}]", "[{test: [size]}]", "[{1: 2}]", "{updates: 5}", "{updates: [{test: size}]}"),
    "{updates: [{test: size}], rows: .inf}",
]
SETTINGS = (
    *("clients: {}", "malicious: {}", "policy: {}", "metric: {}", "seed: {}", "clients_data: {}", "data: {}"),
    *("attack: {}", "attack_options: {}", "defence: {}", "task: {}", "task_options: {{allow_missing: {}}}"),
    "attack: min-max\nattack_options: {{x: {}}}",
    "task: lending-club\ntask_options: {{encoding: {}}}",
    "? {}\n: 1",
)
POLICIES = ("policy: {}", "policy: [{{test: size, most: {}}}]", "policy: [{{test: {}}}]", "{}")
GRIDS = (
    "attacks: {}\ndeciders: [mean]",
    "attacks: {{x: {{attack: {}}}}}\ndeciders: [mean]",
    "attacks: {{? {} : {{attack: zero}}}}\ndeciders: [mean]",
    "attacks: [zero]\ndeciders: {}",
    "attacks: [zero]\ndeciders: [{}]",
    *(
        f"attacks: [zero]\ndeciders: [mean]\n{name}: {{}}"
        for name in ("votes", "malicious", "seeds", "tasks")
    ),
    "attacks: [zero]\ndeciders: [mean]\nsettings: {{? {} : 1}}",
    "attacks: [zero]\ndeciders: [mean]\n? {}\n: 1",
)
CONFIGURED = ("protocol", "admission", "token", "learning", "network")


def held(text, form):
    """A form with a value in its place, which braces in the value do not disturb."""
    return (
        form.replace("{{", "\1").replace("}}", "\2").replace("{}", text).replace("\1", "{").replace("\2", "}")
    )


def require_sentence(told):
    assert told and told.isprintable() and len(told) < LONGEST
    assert not re.search("pydantic|Traceback|object at 0x", told)


def tried(tmp_path, text, read, refusals):
    """Whether a reader takes a file; where it does not, it says so in a sentence."""
    file = tmp_path / "file.yaml"
    file.write_bytes(text.encode())
    try:
        read(file)
    except click.ClickException as error:
        require_sentence(error.format_message())
        return False
    except refusals as error:
        require_sentence(str(error))
        return False
    return True


@pytest.mark.parametrize("form", SETTINGS)
def test_in_settings(tmp_path, form):
    found = [
        tried(tmp_path, held(value, form), lambda file: load_settings(file, {}), (SettingsError, MLError))
        for value in VALUES
    ]
    assert not all(found)


@pytest.mark.parametrize("form", POLICIES)
def test_in_policies(tmp_path, form):
    def read(file):
        PolicyParameter().convert(str(file), None, None)

    assert not all([tried(tmp_path, held(value, form), read, ()) for value in VALUES])


@pytest.mark.parametrize("form", GRIDS)
def test_in_grids(tmp_path, form):
    def read(file):
        grid = read_grid(file)
        if len(grid.seeds) < 10:
            cells(grid)

    assert not all([tried(tmp_path, held(value, form), read, ArenaError) for value in VALUES])


@pytest.mark.parametrize("name", CONFIGURED)
def test_in_configurations(tmp_path, name):
    text = (ROOT / "deployments" / "sepolia.yaml").read_text()
    others = re.sub(rf"(?ms)^{name}:.*?(?=^\w)", "", text + "\nend: 0\n").replace("\nend: 0\n", "\n")
    assert others != text
    taken = {
        value
        for value in VALUES
        if tried(tmp_path, f"{others}\n{name}: {value}\n", load_configuration, (OffchainError, MLError))
    }
    fit = {"network": {"own.py:f", "os:system"}, "admission": {"[]"}}
    assert taken == fit.get(name, set())


@pytest.mark.parametrize("value", [*VALUES, "[" * 5000, "{a: " * 3000, "9" * 5000, "x\ud800"])
def test_on_the_command_line(value):
    try:
        named_values([f"name={value}"])
    except SettingsError as error:
        require_sentence(str(error))


def test_a_bound_of_yaml_holds_on_the_command_line_too():
    with pytest.raises(SettingsError, match="holds a reference"):
        named_values(["name=&a [*a]"])
