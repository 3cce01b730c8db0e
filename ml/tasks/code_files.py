"""Files of code, read and never run: a digest is known before anything that it stands for does something."""

import ast
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from ml.errors import TaskError
from ml.folders import require_readable
from ml.home import at_home
from ml.messages import quoted
from ml.updates.hashing import keccak256

_OURS = {"ml", "offchain", "scripts", "stakefed"}
"""Packages of the project, which lie beside a task's file in the checkout."""


def task_file(place: str) -> Path:
    """Return the path of a task's file.

    Raises:
        TaskError: When there is none.
    """
    path = at_home(place)
    if not os.path.isfile(path):
        raise TaskError(f"there is no task file {place}")
    return path


def content_of(file: Path) -> bytes:
    """Return the bytes of a file that a task needs.

    Raises:
        TaskError: When it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise TaskError(f"{file}, which the task needs, cannot be read: {error.strerror}") from error


def declared_files(file: Path) -> set[str]:
    """Return the names of `files` that classes of a task's file declare; they lie beside it.

    Raises:
        TaskError: When it is no Python, or they are no names of files in its folder.
    """
    tree = _parsed(file)
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    declared = (line for body in bodies for line in body if _declares_files(line))
    return {name for line in declared for name in _names(line.value, f"task file {file}, line {line.lineno}")}


def declared_contents(file: Path) -> list[tuple[str, bytes]]:
    """Return name and bytes of each file that classes of a task's file declare.

    Raises:
        TaskError: When one cannot be read.
    """
    return [(name, content_of(file.parent / name)) for name in sorted(declared_files(file))]


def require_declared(file: Path, files: Iterable[str]) -> None:
    """Raise TaskError when a task that was made names `files` that its class does not.

    Args:
        file: The task's.
        files: What the task says that it reads.
    """
    if missing := sorted(set(files) - declared_files(file)):
        raise TaskError(
            f"task file {file}: files has {missing[0]} where the task is made, so that its digest does not "
            "cover it; name it in the class, as files = (...)"
        )


def require_covered(file: Path) -> None:
    """Raise TaskError when a task's file that was loaded imports what lies beside it and is in no digest."""
    declared = declared_files(file)
    for name in sorted(_imported(file) - _OURS):
        beside = _beside(file, name)
        if beside is not None and beside not in declared:
            todo = f"name it in the class, as files = ({beside!r},), " if beside.endswith(".py") else ""
            raise TaskError(
                f"task file {file} imports {beside} beside it, which its digest does not cover: nobody would "
                f"see that a member has another one; {todo}put all into one file, or install a package"
            )


def neighbours(file: Path) -> list[Path]:
    """Return the modules beside a file, and of packages beside it, that it may import; and that these may."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        new = _beside_by_name(waiting.pop()) - found - {file}
        found |= new
        waiting += new
    return sorted(found)


def _beside_by_name(file: Path) -> set[Path]:
    """Where names lead that a file imports, were its folder the first to be looked in; nothing of it runs."""
    try:
        names = _imported(file) - _OURS - {""}
    except TaskError:  # Of no Python, which is told where it is loaded.
        return set()
    places = [file.parent / name for name in names]
    modules = {place.with_suffix(".py") for place in places}
    packages = [_modules(place) for place in places if place.is_dir()]
    return {each for each in modules if each.is_file()}.union(*packages)


def _imported(file: Path) -> set[str]:
    """The top-level packages and modules that a file imports anywhere."""
    nodes = list(ast.walk(_parsed(file)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {
        name.partition(".")[0]
        for name in plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    }


def _beside(file: Path, name: str) -> str | None:
    """The file or package in a task's folder that an import of a name led to; none of another folder's."""
    module, folder = sys.modules.get(name), file.resolve().parent
    places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None) or ""]
    found = Path(places[0]).resolve()
    return found.name if places[0] and found.parent == folder and found != file.resolve() else None


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(content_of(file))
    except (SyntaxError, ValueError) as error:
        raise TaskError(f"task file {file} is no Python: {error}") from error


def _declares_files(line: ast.stmt) -> TypeGuard[ast.Assign | ast.AnnAssign]:
    targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "files" for target in targets)


def _names(value: ast.expr | None, where: str) -> list[str]:
    try:
        given = ast.literal_eval(value)  # type: ignore[arg-type]  # What has no value is refused as others are.
        names = sorted({str(name) for name in ([given] if isinstance(given, str) else given)})
    except (ValueError, TypeError) as error:
        raise TaskError(f"{where}: files must be a tuple of names") from error
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise TaskError(f"{where}: {name!r} is not beside it; files lie in its folder, on every machine")
    return names


def package_roots(module: str) -> list[Path]:
    """Return the folders of a module's top-level package; empty when there is no such module.

    They are several where the package has no `__init__.py`; of a single module it is its file.
    """
    top = module.partition(".")[0]
    spec = importlib.util.find_spec(top) if top.isidentifier() else None
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [] if spec.origin is None else [Path(spec.origin)]


def module_file(module: str, roots: Iterable[Path]) -> Path | None:
    """Return the file of a module in a package's folders; nothing of it runs."""
    inner = module.split(".")[1:]
    for root in roots:
        place = root.joinpath(*inner)
        for file in (place, place.parent / f"{place.name}.py", place / "__init__.py"):
            if file.is_file():
                return file
    return None


def package_contents(roots: Iterable[Path]) -> list[tuple[str, bytes]]:
    """Return name and bytes of each file of a package's code.

    Raises:
        TaskError: When one cannot be read.
    """
    return [
        (file.relative_to(root.parent).as_posix(), content_of(file))
        for root in roots
        for file in ([root] if root.is_file() else _modules(root))
    ]


def digests(contents: Iterable[tuple[str, bytes]]) -> list[bytes]:
    """Return 32 bytes of each name and of each content, in turn."""
    return [keccak256(part) for name, content in contents for part in (name.encode(), content)]


def package_digest(module: str) -> bytes:
    """Return 32 bytes that differ when a file of the package that a module is in does; nothing of it runs.

    Raises:
        TaskError: When there is no such module, or a file cannot be read.
    """
    roots = package_roots(module)
    if not roots:
        raise TaskError(
            f"there is no module {quoted(module)}; install it, or name a file as FILE.py:function"
        )
    return keccak256(b"".join(digests(package_contents(roots))))


def _modules(package: Path) -> list[Path]:
    """The files of a package's code."""
    try:
        require_readable(package)
    except OSError as error:
        raise TaskError(
            f"{error.filename}, which the task needs, cannot be read: {error.strerror}"
        ) from error
    return sorted(package.rglob("*.py"))
