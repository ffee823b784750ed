"""Environments of the rules: the lock file's pins, and enough of them."""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement
from small_files import REPOSITORY

ENVS = sorted((REPOSITORY / "workflow/envs").glob("*.yaml"))
SOURCE = REPOSITORY / "src"
# What conda accepts of an environment file, as far as these use it.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["channels", "dependencies"],
    "properties": {
        "channels": {"const": ["conda-forge", "nodefaults"]},
        "dependencies": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"type": "string", "pattern": "^[a-z0-9_.-]+( =[0-9.]+)?$"},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["pip"],
                        "properties": {"pip": {"type": "array", "items": {"type": "string"}}},
                    },
                ]
            },
        },
    },
}
# The modules of a group's subcommands; what they import, here or there, must be in its file.
MODULES = {
    "corpus": [
        *[f"corpora.{name}" for name in ("prepare", "summarise", "parallel_captions", "shard")],
        "clips.crop",
        "demo.corpus",
        "models.fetch",
        "landmarks.extract",
    ],
    "models": [
        "features.extract",
        "features.embed_text",
        *[f"training.{name}" for name in ("video_encoder", "sign_encoder", "joint", "fused")],
        "training.landmark_translator",
        "translation.predict",
        "demo.vision",
        "demo.sonar",
    ],
    "speech": [
        *[f"speech.{name}" for name in ("speak", "texts", "feelings", "clip_strengths")],
        *[f"speech.engines.{name}" for name in ("hibari", "espeak")],
    ],
    "evaluation": [
        *[f"evaluation.{name}" for name in ("evaluate", "sample", "compare")],
        "report.plot",
        "report.gallery",
        "translation.attention",
    ],
}
# What only an option needs is installed by whoever wants it; the option's error says how.
OPTIONAL = {
    "sonar_sign.metrics.bleurt",
    "sonar_sign.landmarks.holistic",
    "sonar_sign.speech.text_feelings",
    # The workflow's own tables are no Parquet.
    "sonar_sign.core.parquet",
    # Offered by sonar_sign itself, imported when it is asked for; no step of the workflow does.
    "sonar_sign.translation.translator",
}
RULE = re.compile(r"^( *)(?:rule|checkpoint)(?: \w+)?:\n((?:\1 .*\n|\n)*)", re.MULTILINE)


def pins_of(path):
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    return next(entry for entry in dependencies if isinstance(entry, dict))["pip"]


def test_every_group_has_its_file():
    assert [path.stem for path in ENVS] == sorted(MODULES)


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_the_pins_are_the_lock_files(path):
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))
    locked = re.findall(
        r"^[a-z].*?==.*(?= \\$)", (REPOSITORY / "requirements.lock").read_text(), re.M
    )
    pins = pins_of(path)
    assert len(pins) == len({Requirement(pin).name for pin in pins}) > 20
    assert set(pins) <= set(locked)


def test_the_files_are_what_the_script_writes(tmp_path):
    script = REPOSITORY / "scripts/write_envs.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        p.name: p.read_text() for p in ENVS
    }


def test_every_rule_names_an_environment():
    named = {}
    for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk")):
        bodies = [body for _, body in RULE.findall(path.read_text())]
        # A rule that only asks for files runs nothing.
        for number, body in enumerate(body for body in bodies if "shell:" in body):
            found = re.findall(r'conda:\n +"\.\./envs/(\w+)\.yaml"', body)
            assert len(found) == 1, f"{path.name}, rule {number + 1}: {found}"
            named[path.name, number] = found[0]
    assert len(named) > 20
    assert set(named.values()) == {path.stem for path in ENVS}


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_what_a_group_imports_is_in_its_environment(path, tmp_path):
    """A Python that sees the environment's packages and no others imports all that is needed."""
    starts = [f"sonar_sign.{name}" for name in [*MODULES[path.stem], "cli.settings"]]
    needed = sorted(third_party(starts))
    assert "typer" in needed
    site = site_of([Requirement(pin).name for pin in pins_of(path)], tmp_path / "site")
    # fairseq2 looks for its libraries under the prefix, where pip puts them.
    script = (
        f"import importlib, sys\nsys.prefix = {sys.prefix!r}\n"
        f"for name in {needed}: importlib.import_module(name)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(SOURCE)])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]


def third_party(starts):
    """Packages that modules of ours import, wherever in them, and those that they import."""
    seen, packages, todo = set(), set(), list(starts)
    while todo:
        module = todo.pop()
        if module in seen or module in OPTIONAL:
            continue
        seen.add(module)
        for name in imports(module):
            top = name.split(".")[0]
            if top == "sonar_sign":
                todo += [name] if file_of(name) else []
            elif top not in sys.stdlib_module_names:
                packages.add(top)
    return packages


def imports(module):
    tree = ast.parse(file_of(module).read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def file_of(module):
    path = SOURCE / module.replace(".", "/")
    found = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in found if file.is_file()), None)


def site_of(packages, folder):
    """Links to what the distributions installed, and to nothing else."""
    folder.mkdir()
    for package in packages:
        for file in files(package) or []:
            top = file.parts[0]
            target = (
                Path(file.locate()).parents[len(file.parts) - 2] if len(file.parts) > 1 else None
            )
            link = folder / top
            if top != ".." and not link.is_symlink():
                link.symlink_to(target or file.locate())
    return folder


def test_the_stand_in_for_the_command_takes_the_environments_python(tmp_path):
    """The command runs by the first Python on the path, with the repository's modules."""
    python = tmp_path / "env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "by $0"\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    path = os.pathsep.join(
        [str(python.parent), str(REPOSITORY / "workflow/bin"), os.environ["PATH"]]
    )
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        ["sonar-sign", "shard", "--help"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert f"by {python}" in done.stdout and "Assign the clips" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_the_pins_resolve_to_themselves(path, tmp_path):
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed, so nothing is resolved")
    (tmp_path / "pins.in").write_text("\n".join(pins_of(path)) + "\n")
    done = subprocess.run(
        ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version"]
        + ["3.11", "--python-platform", "x86_64-manylinux_2_28", str(tmp_path / "pins.in")],
        capture_output=True,
        text=True,
    )
    if done.returncode and re.search("client error|connect|dns|timed out", done.stderr, re.I):
        pytest.skip("no package index can be reached, so nothing is resolved")
    assert done.returncode == 0, done.stderr
    wanted = {Requirement(pin).name: str(Requirement(pin).specifier) for pin in pins_of(path)}
    found = [Requirement(line) for line in done.stdout.splitlines() if "==" in line]
    assert {one.name: str(one.specifier) for one in found} == wanted
