"""The command line: light to start, and clear about mistakes."""

import json
import os
import re
import shlex
import subprocess
import sys

import preloaded
import pytest
import typer
from small_files import (
    row,
    write_annotations,
    write_manifest,
    write_video,
)

from sonar_sign import __version__
from sonar_sign.cli import app
from sonar_sign.cli.sections import SECTIONS, WORKFLOW_STEPS
from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.tables import read_table

HEAVY = ("torch", "fairseq2", "transformers", "lightning")
COMMANDS = typer.main.get_command(app).commands
GROUPS = {name: group.commands for name, group in COMMANDS.items() if hasattr(group, "commands")}
# Every command, those of a group under the names of both.
LEAVES = {name: command for name, command in COMMANDS.items() if name not in GROUPS} | {
    f"{group} {name}": command
    for group, commands in GROUPS.items()
    for name, command in commands.items()
}
# Runs command lines one after the other and reports what was imported for them.
SCRIPT = f"""
import json, sys
from sonar_sign import __version__
from sonar_sign.cli import app
from sonar_sign.cli.sections import SECTIONS, WORKFLOW_STEPS
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments)
    except SystemExit as end:
        assert end.code == 0, (arguments, end.code)
print("IMPORTED", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def run_all(*command_lines):
    """Standard output of the command lines, and which heavy packages they imported."""
    script = [sys.executable, "-c", SCRIPT, json.dumps([list(map(str, c)) for c in command_lines])]
    # Wide enough for the longest flag.
    wide = {**os.environ, "COLUMNS": "120"}
    done = subprocess.run(script, capture_output=True, text=True, env=wide)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.splitlines()[-1].split()[1:]


def run(*arguments):
    """The real command as a person calls it."""
    command = [sys.executable, "-m", "sonar_sign", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_help_page_without_pytorch():
    assert {"prepare", "extract", "train_video_encoder", "train_joint", "predict"} <= set(COMMANDS)
    output, imported = run_all(*([name, "--help"] for name in COMMANDS))
    assert imported == []
    pages = output.split("Usage: ")[1:]
    assert len(pages) == len(COMMANDS)
    for (name, command), page in zip(COMMANDS.items(), pages, strict=True):
        assert page.split()[1] == name
        first = command.help.strip().split()[0]
        assert first in page
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.opts[0] in page, (name, parameter.opts)


def test_the_commands_are_listed_in_sections():
    output, imported = run_all(["--help"])
    assert imported == []
    sections = dict(re.findall(r"^(\w[\w ]*):\n((?:  .*\n)+)", output, flags=re.MULTILINE))
    assert list(sections) == ["Options", *SECTIONS]
    listed = {title: re.findall(r"^  (\w+)", text, re.M) for title, text in sections.items()}
    assert {name for title in SECTIONS for name in listed[title]} == set(COMMANDS)
    for title, names in SECTIONS.items():
        assert title == WORKFLOW_STEPS or listed[title] == list(names)
        assert "..." not in sections[title], "a summary is cut short"


def test_the_version():
    output, imported = run_all(["--version"])
    assert output == f"sonar-sign {__version__}\n" and imported == []


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_an_example_that_it_accepts(name):
    """Its flags exist, none that is required is missing, and values have the right type."""
    command = LEAVES[name]
    _, title, example = (command.epilog or "").split("\n", 2)
    assert title == "Example:"
    program, *words = shlex.split(example.replace("\\\n", ""))
    assert program == ".venv/bin/sonar-sign"
    n_words = len(name.split())
    assert " ".join(words[:n_words]) == name
    command.make_context(name, words[n_words:])
    assert all(len(line) <= 100 for line in example.splitlines())


def test_the_example_is_on_the_help_page():
    output, _ = run_all(["crop", "--help"])
    assert output.rstrip().endswith("--output out/0000.tar --timings out/0000.timings.json")
    assert "\nExample:\n" in re.sub(r"^ +", "", output, flags=re.MULTILINE)


def test_commands_about_landmarks_have_a_help_page_each_without_pytorch():
    output, imported = run_all(*(["landmarks", name, "--help"] for name in ("show", "export")))
    assert imported == []
    assert "--no-picture" in output
    assert output.count("Usage: ") == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_says_what_it_is(name):
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert parameter.help, parameter.name
        # Names are what the workflow makes of the config's keys.
        if parameter.param_type_name == "option":
            assert parameter.opts[0] == "--" + parameter.name.replace("_", "-")


def test_from_annotations_to_clips_without_pytorch(tmp_path):
    root = tmp_path / "corpus"
    rows = [row("a", end="0.5"), row("b", start="0.5", end="1"), row("c", text="")]
    write_annotations(root, rows)
    write_video(root / "raw_videos/vid-5-rgb_front.mp4", 24)
    manifest, dropped = tmp_path / "m.tsv", tmp_path / "m.dropped.tsv"
    tables = ["--manifest", manifest, "--dropped", dropped, "--clamped", tmp_path / "m.clamped.tsv"]
    shard, clips, summary = (tmp_path / name for name in ("s.tsv", "c.tar", "summary.json"))
    corpus = ["--corpus-type", "how2sign"]
    _, imported = run_all(
        ["prepare", *corpus, "--root", root, "--split", "train", *tables, "--workers", "2"],
        ["summarise", *corpus, "--corpus", "x", "--manifest", manifest, "--output", summary]
        + ["--plot", tmp_path / "durations.svg"],
        ["shard", "--manifest", manifest, "--output", shard],
        ["crop", *corpus, "--shard", shard, "--root", root, "--output", clips]
        + ["--timings", tmp_path / "times.json"]
        + ["--size", "48", "--quality", "20", "--frames-probed", "1"],
    )
    assert imported == []
    assert read_table(dropped, ("clip_id",), key=None)["clip_id"].tolist() == ["c"]
    found = ClipShard(clips)
    assert found.clip_ids == ["a", "b"]
    assert json.loads(summary.read_text())["splits"]["m"]["clips"] == 2
    # The flags arrived.
    info = found.info("a")
    assert (info.width, info.frames_probed, info.n_frames) == (48, 2, 12)


def one_sentence(done, *words):
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("sonar-sign: ") and lines[0].endswith(".")
    assert all(word in lines[0] for word in words), lines[0]


def test_a_missing_corpus_is_one_sentence(tmp_path):
    tables = ("manifest", "dropped", "clamped")
    output = [word for name in tables for word in (f"--{name}", tmp_path / name)]
    done = run(
        *("prepare", "--corpus-type", "how2sign", "--root", tmp_path / "no", "--split", "val"),
        *output,
    )
    one_sentence(done, str(tmp_path / "no"), "corpus.root")
    assert list(tmp_path.iterdir()) == []


def test_as_many_outputs_as_languages(tmp_path):
    files = ["features", "timings", "sign-encoder", "sign-hiera", "sonar"]
    flags = [word for name in files for word in (f"--{name}", tmp_path / name)]
    for name in files[:-1]:
        (tmp_path / name).write_text("")
    (tmp_path / "sonar").mkdir()
    languages = ["--language", "eng_Latn", "--language", "ita_Latn"]
    done = run("predict", *flags, *languages, "--output", "a.tsv", "--system", "finetuned")
    one_sentence(done, "one --output for every --language")


def test_show_prints_how_a_checkpoint_was_made(tmp_path):
    import torch

    from sonar_sign.models.model_files import METADATA

    metadata = {"training": "stage2", "settings": {"losses.mse": 0.5}}
    torch.save({"student": {"w": torch.zeros(2)}, METADATA: metadata}, tmp_path / "best.pt")
    show = (preloaded.commands() / "sonar-sign", "show")
    done = subprocess.run([*show, tmp_path / "best.pt"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "training: stage2" in done.stdout and "losses.mse" in done.stdout
    (tmp_path / "notes.txt").write_text("hello")
    done = subprocess.run([*show, tmp_path / "notes.txt"], capture_output=True, text=True)
    one_sentence(done, "notes.txt")


@pytest.mark.parametrize("flag", [("--compat", "other"), ("--batch-units", "many"), ("--x", "1")])
def test_a_bad_flag_is_refused_before_any_work(tmp_path, flag):
    write_manifest(tmp_path / "m.tsv", ["a"])
    files = ["clips", "checkpoint", "output", "timings"]
    required = [word for name in files for word in (f"--{name}", tmp_path / name)]
    done = run("extract", *required, *flag)
    assert done.returncode == 2
    assert flag[0] in done.stderr and "Traceback" not in done.stderr
