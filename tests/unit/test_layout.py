"""The layout: a folder a stage, in the order of the data; tests mirror the package."""

import ast
from pathlib import Path

import pytest
from small_files import REPOSITORY

PACKAGE = REPOSITORY / "src/sonar_sign"
UNIT = REPOSITORY / "tests/unit"
# A folder imports from those above it, never from one below; the last two from all.
STAGES = [
    "core",
    "corpora",
    "models",
    "clips",
    "features",
    "landmarks",
    "metrics",
    "training",
    "translation",
    "evaluation",
    "export",
    "speech",
    "report",
    "serving",
    "operations",
    "demo",
    "cli",
]
MODULES = sorted(PACKAGE.glob("*/**/*.py"))


def imported_stages(source: str) -> set[str]:
    """The folders of the package that a module's text imports from, wherever it does so."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("sonar_sign.")}
    return found & set(STAGES)


def test_the_folders_are_the_stages():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders <= set(STAGES)
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}


@pytest.mark.parametrize(
    "text, stages",
    [
        ("def f():\n    from sonar_sign.report.plot import plot\n", {"report"}),
        ("import sonar_sign.report.plot\n", {"report"}),
        ("from sonar_sign import __version__, demo\n", {"demo"}),
    ],
)
def test_imports_are_found_wherever_they_stand(text, stages):
    assert imported_stages(text) == stages


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_is_imported_from_a_later_stage(path: Path):
    stage = path.relative_to(PACKAGE).parts[0]
    later = STAGES[STAGES.index(stage) + 1 :]
    assert not imported_stages(path.read_text(encoding="utf-8")) & set(later)


@pytest.mark.parametrize("path", sorted(UNIT.glob("*/**/test_*.py")), ids=lambda p: p.name)
def test_unit_tests_lie_in_the_folder_of_what_they_test(path: Path):
    assert path.relative_to(UNIT).parts[0] in STAGES
