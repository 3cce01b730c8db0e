"""A task's digest covers the code and the files that it is made of: what it does not cover is refused."""

import sys

import pytest

import stakefed
from ml.errors import TaskError
from ml.tasks.loading import Named

OWN = """
{first}
from stakefed import Classes, Task


class Own(Task):
    target = Classes(3)
    {inside}

    def module(self):
        {later}
"""
PATH = "import sys, os; sys.path.insert(0, os.path.dirname(__file__)); "


@pytest.fixture(autouse=True)
def imports(monkeypatch):
    """Paths and modules as they were, of each test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


def own(folder, first="", inside="", later="pass", name="own.py"):
    (folder / name).write_text(OWN.format(first=first, inside=inside, later=later))
    return Named(f"{folder / name}:Own", {})


@pytest.mark.parametrize(
    "first, later",
    [
        (PATH + "import layers_of_ours", "pass"),
        (PATH + "from layers_of_ours import N", "pass"),
        (PATH + "import layers_of_ours", "import layers_of_ours"),
        (PATH + "__import__('layers_of_ours')", "from layers_of_ours import N"),
    ],
)
def test_what_is_imported_from_beside_is_named_or_refused(tmp_path, first, later):
    (tmp_path / "layers_of_ours.py").write_text("N = 1\n")
    told = r"imports layers_of_ours.py beside it, which .* files = \('layers_of_ours.py',\), put all into one"
    with pytest.raises(TaskError, match=told):
        own(tmp_path, first, later=later).load()
    named = own(tmp_path, first, "files = ('layers_of_ours.py',)", later)
    before = named.digest
    named.load()
    (tmp_path / "layers_of_ours.py").write_text("N = 2\n")
    assert named.digest != before


@pytest.mark.parametrize("marked", [True, False])
def test_a_package_beside_is_refused_since_a_file_of_it_is_not_all(tmp_path, marked):
    (tmp_path / "nets_of_ours").mkdir()
    (tmp_path / "nets_of_ours" / "small.py").write_text("N = 1\n")
    if marked:
        (tmp_path / "nets_of_ours" / "__init__.py").write_text("")
    told = "imports nets_of_ours beside it, which its digest does not cover: nobody would see .*; put all"
    with pytest.raises(TaskError, match=told):
        own(tmp_path, PATH + "from nets_of_ours.small import N").load()


def test_a_file_that_imports_itself_is_covered(tmp_path):
    own(tmp_path, PATH + "import ours_itself", name="ours_itself.py").load()


def test_what_lies_beside_and_is_not_what_an_import_leads_to_is_no_matter(tmp_path):
    for name in ("json", "numpy", "stakefed"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit\n")
    own(tmp_path, "import json, numpy.linalg").load()


def test_a_task_beside_the_project_imports_it(tmp_path, monkeypatch):
    from ml.tasks import code_files

    file = tmp_path / "own.py"
    monkeypatch.setattr(stakefed, "__path__", [str(tmp_path / "stakefed")])
    own(tmp_path).load()
    monkeypatch.setattr(code_files, "_OURS", set())
    with pytest.raises(TaskError, match="imports stakefed beside it"):
        code_files.require_covered(file)


def test_files_that_are_named_where_the_task_is_made_are_in_no_digest(tmp_path):
    (tmp_path / "words.txt").write_text("a")
    told = r"files has words.txt where the task is made, so that its digest does not cover it; name it in"
    with pytest.raises(TaskError, match=told):
        own(tmp_path, inside="def __init__(self): self.files = ('words.txt',)").load()
    own(tmp_path, inside="files = ('words.txt',)").load()


def test_files_of_a_packages_class_are_part_of_its_digest(tmp_path, monkeypatch):
    folder = tmp_path / "consortium_of_ours" / "inner"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    own(folder, inside="files = ('words.txt',)", name="mine.py")
    named = Named("consortium_of_ours.inner.mine:Own", {})
    with pytest.raises(TaskError, match="words.txt, which the task needs, cannot be read: No such file"):
        _ = named.digest
    own(folder, inside="files = ('words.txt',)", name="__init__.py")
    for each in (named, Named("consortium_of_ours.inner:Own", {})):
        digests = set()
        for text in "ab":
            (folder / "words.txt").write_text(text)
            digests.add(each.digest)
        assert len(digests) == 2
        each.load()
    own(folder, inside="def __init__(self): self.files = ('words.txt',)", name="yours.py")
    with pytest.raises(TaskError, match=r"yours.py: files has words.txt where the task is made"):
        Named("consortium_of_ours.inner.yours:Own", {}).load()


@pytest.mark.parametrize("line", ["from . import nets", "from .nets import N", "from ..up import N"])
def test_a_relative_import_of_a_file_is_told_with_what_to_do(tmp_path, line):
    (tmp_path / "nets.py").write_text("N = 1\n")
    with pytest.raises(TaskError, match="line 2: ImportError: .*; one file holds everything, or"):
        own(tmp_path, line).load()
