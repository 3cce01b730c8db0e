"""Tasks by name: built-in ones, a class in a file or an installed package. Nothing is downloaded."""

import functools
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from ml.blame import blamed
from ml.errors import MLError, TaskError
from ml.home import at_home
from ml.messages import examples, nearest, quoted
from ml.tasks import built_in
from ml.tasks.code_files import (
    content_of,
    declared_contents,
    digests,
    module_file,
    package_contents,
    package_roots,
    require_covered,
    require_declared,
    task_file,
)
from ml.tasks.tables.form import read_form
from ml.tasks.targets import Classes, Labels, Numbers, Other
from ml.tasks.task import Task
from ml.updates.hashing import keccak256
from ml.validation import first_fault_with_value, is_number

_TAG = b"StakeFed task 1"
CHOICES: Mapping[str, TypeAdapter[Any]] = {
    "allow_missing": TypeAdapter(Annotated[float, Field(ge=0, le=1, strict=True)]),  # Yes is no share.
    "accept_rows": TypeAdapter(bool),
}
"""Options of any task: whoever reads rows by it chooses them."""
_ROOT = str(Path(__file__).resolve().parents[2])
"""Where `stakefed`, which tasks import, lies; Ape takes it off the path while a command runs."""


@dataclass(frozen=True)
class Named:
    """A task as it is named: where it comes from, without having run any of it.

    Attributes:
        name: As given: of a built-in one, `FILE.py:Class`, `FILE.json`, `package.module:Class`.
        options: Keyword arguments of its class, and `allow_missing` and `accept_rows` of any.
    """

    name: str
    options: Mapping[str, Any]

    @property
    def is_built_in(self) -> bool:
        """Whether it comes with the project."""
        return self.name in built_in_names()

    @property
    def is_table(self) -> bool:
        """Whether it is a table's file of JSON."""
        return self.name.endswith(".json")

    @property
    def is_foreign(self) -> bool:
        """Whether code runs that is not the project's."""
        return not (self.is_built_in or self.is_table)

    @property
    def digest(self) -> bytes:
        """32 bytes that differ when the task's files or options do; of a built-in one, its name.

        Raises:
            TaskError: When a file cannot be read.
        """
        options = json.dumps(self._plain_options(), sort_keys=True, default=str).encode()
        parts = [keccak256(options), keccak256(self._class.encode())]
        return keccak256(_TAG + b"".join([*parts, *digests(self._contents())]))

    @property
    def kind(self) -> type[Task]:
        """The class of a built-in task."""
        return _class_in(_built_in(self.name), None, self.name)

    def load(self) -> Task:
        """Return the task; its file runs.

        Raises:
            TaskError: When there is none, or it is not what a task has to be.
        """
        choices = {name: value for name, value in self.options.items() if name in CHOICES}
        made = Named(
            self.name, {name: self.options[name] for name in self.options if name not in choices}
        )._make()
        chosen = {name: _chosen(self.name, name, value) for name, value in choices.items()}
        with blamed(f"task {self.name}"):
            for name, value in chosen.items():
                object.__setattr__(made, name, value)  # A task may be a frozen dataclass.
            target, takes = getattr(made, "target", None), made.takes
        if not isinstance(target, Classes | Labels | Numbers | Other):
            raise TaskError(
                f"task {self.name} declares no target: set it to Classes(K), Labels(), Numbers() or Other()"
            )
        if not isinstance(takes, str):
            raise TaskError(f"task {self.name}: takes is {quoted(takes)}; say in words what its rows are")
        if self.is_foreign:
            self._require_covered(made)
        return made

    def _require_covered(self, made: Task) -> None:
        with blamed(f"task {self.name}"):
            files = tuple(made.files)
        if self._place.endswith(".py"):
            require_covered(task_file(self._place))
            require_declared(task_file(self._place), files)
        elif (file := module_file(self._place, _package(self._place, self.name))) is not None:
            require_declared(file, files)

    @property
    def _place(self) -> str:
        """The file or module that its class is in."""
        return self.name.rpartition(":")[0] if ":" in self.name else self.name

    @property
    def _class(self) -> str:
        """The class's name; empty for a file's only one, and for a table."""
        return self.name.rpartition(":")[2] if ":" in self.name and not self.is_table else ""

    def _plain_options(self) -> dict[str, Any]:
        """Options that everyone shares, with the content of files in place of a built-in task's paths."""
        own = {*CHOICES, *(self.kind.own_options if self.is_built_in else ())}
        plain = {name: value for name, value in self.options.items() if name not in own}
        if self.is_built_in:
            for name in self.kind.file_options:
                if plain.get(name) is not None:
                    plain[name] = keccak256(content_of(at_home(plain[name]))).hex()
        return plain

    def _make(self) -> Task:
        if self.is_built_in:
            return _made(self.name, self.kind, self.options)
        if self.is_table:
            return _table(self.name, self.options)
        place, wanted = self._place, self._class
        if place.endswith(".py"):
            module = _module_of_file(task_file(place), self.digest)
        else:
            _package(place, self.name)
            with blamed(f"task {self.name}"):
                module = importlib.import_module(place)
        return _made(self.name, _class_in(module, wanted or None, self.name), self.options)

    def _contents(self) -> Iterable[tuple[str, bytes]]:
        if self.is_built_in:
            return [("built-in", self.name.encode())]
        if self.is_table:
            return [("table", read_form(self.name).canonical)]
        if self._place.endswith(".py"):
            file = task_file(self._place)
            return [(file.name, content_of(file)), *declared_contents(file)]
        roots = _package(self._place, self.name)
        file_of_class = module_file(self._place, roots)
        return [*package_contents(roots), *(declared_contents(file_of_class) if file_of_class else ())]


@functools.cache
def built_in_names() -> tuple[str, ...]:
    """Return the names of the tasks that come with the project."""
    return tuple(module.name.replace("_", "-") for module in pkgutil.iter_modules(built_in.__path__))


def load_function(name: str, what: str) -> Callable[..., Any]:
    """Return a function named as `FILE.py:function`, such as a member's own training.

    Raises:
        TaskError: When there is none.
    """
    place, _, function = name.rpartition(":")
    if not place.endswith(".py") or not function:
        raise TaskError(f"{what} {name!r} is no FILE.py:function")
    file = task_file(place)
    return function_in(_module_of_file(file, keccak256(content_of(file)), what), function, str(file))


def function_in(module: ModuleType, function: str, place: str) -> Callable[..., Any]:
    """Return a function of a module by name.

    Raises:
        TaskError: When there is none; the sentence names some of those that there are.
    """
    found = getattr(module, function, None)
    if callable(found):
        made: Callable[..., Any] = found
        return made
    if found is not None:
        raise TaskError(f"{place} has no function {quoted(function)}: that is {type(found).__name__}")
    own = [name for name, each in vars(module).items() if _is_own_function(each, name, module)]
    has = f"; it has {examples(own)}{nearest(function, own)}" if own else ""
    raise TaskError(f"{place} has no function {quoted(function)}{has}")


def _is_own_function(value: Any, name: str, module: ModuleType) -> bool:
    return (
        callable(value) and not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    )


def _table(name: str, options: Mapping[str, Any]) -> Task:
    if options:
        raise TaskError(
            f"task {name} takes no options, got {', '.join(options)}: what it says stands in the file"
        )
    from ml.tasks.tables.task import TableTask

    return TableTask(read_form(name))


def _built_in(name: str) -> ModuleType:
    return importlib.import_module(f"{built_in.__name__}.{name.replace('-', '_')}.task")


def _module_of_file(file: Path, digest: bytes, what: str = "task") -> ModuleType:
    # A copy elsewhere is a module of its own: it reads what lies beside itself.
    place = keccak256(digest + str(file.resolve()).encode())
    name = f"stakefed_task_{place.hex()[:16]}_{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Dataclasses and others look their module up.
    if _ROOT not in sys.path:
        sys.path.append(_ROOT)
    try:
        with blamed(f"{what} {file}"):
            spec.loader.exec_module(module)
    except MLError as error:
        del sys.modules[name]
        raise _with_neighbour(error, file) from error.__cause__
    return module


def _with_neighbour(error: MLError, file: Path) -> MLError:
    """The same, with what to do about a module that lies beside the file and is not found."""
    if "relative import" in str(error.__cause__):
        return TaskError(f"{error}; one file holds everything, or a package is installed")
    missing = getattr(error.__cause__, "name", None)
    beside = f"{str(missing).partition('.')[0]}.py"
    if not (isinstance(error.__cause__, ModuleNotFoundError) and (file.parent / beside).is_file()):
        return error
    return TaskError(
        f"{error}; {beside} beside it is not looked at: one file holds everything, or a package is installed"
    )


def _class_in(module: ModuleType, wanted: str | None, name: str) -> type[Task]:
    found = getattr(module, wanted, None) if wanted else None
    if isinstance(found, type) and issubclass(found, Task):
        return found
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Task) and value.__module__ == module.__name__
    ]
    if len(own) == 1 and not wanted:
        return own[0]
    names = [each.__name__ for each in own]
    has = f"it has {', '.join(names) or 'none'}"
    if wanted:
        raise TaskError(
            f"task {name}: {module.__file__} has no subclass {quoted(wanted)} of stakefed.Task; {has}"
        )
    raise TaskError(f"task {name}: say which subclass of stakefed.Task, as FILE.py:Class; {has}")


def _made(name: str, kind: type[Task], options: Mapping[str, Any]) -> Task:
    takes = inspect.signature(kind).parameters
    wrong = sorted(set(options) - set(takes))
    if wrong and not any(each.kind is each.VAR_KEYWORD for each in takes.values()):
        known = f"it has {', '.join(takes)}" if takes else "it has none"
        raise TaskError(f"task {name} has no option {quoted(wrong[0])}; {known}")
    if missing := [each.name for each in takes.values() if _is_needed(each) and each.name not in options]:
        raise TaskError(
            f"task {name}: {kind.__name__} needs its argument {missing[0]!r}; give --task-option "
            f"{missing[0]}=VALUE, or a default in its __init__"
        )
    for option, value in options.items():
        if isinstance(value, bool) and option in takes and is_number(takes[option].annotation):
            raise TaskError(f"task {name}: option {option} is {value}; expected a number, no yes or no")
    try:
        with blamed(f"task {name}"):
            return kind(**options)
    except TaskError as error:
        if isinstance(error.__cause__, ValidationError):
            fault = first_fault_with_value(error.__cause__, "the options")
            raise TaskError(f"task {name}: option {fault}") from error
        raise


def _is_needed(parameter: inspect.Parameter) -> bool:
    is_one = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return is_one and parameter.default is parameter.empty


def _chosen(task: str, name: str, value: Any) -> Any:
    try:
        return CHOICES[name].validate_python(value)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]["msg"]
        raise TaskError(f"task {task}: option {name}: {fault}, got {quoted(value)}") from error


def _package(place: str, name: str) -> list[Path]:
    """The folders or the file of a module's top-level package; nothing of it runs."""
    if roots := package_roots(place):
        return roots
    names = ", ".join(built_in_names())
    raise TaskError(
        f"there is no task {quoted(name)}; use FILE.py:Class, a table's FILE.json, an installed "
        f"package.module:Class, or a built-in one: {names}"
    )
