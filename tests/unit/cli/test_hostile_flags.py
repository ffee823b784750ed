"""Every flag of every command refuses what it cannot be, in one sentence, before heavy imports."""

import json
import subprocess
import sys

import hostile_flags
import pytest
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError


def walk(folder, every):
    """What `hostile_flags` found in a process of its own, with every n-th case."""
    command = [sys.executable, hostile_flags.__file__, str(every)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 23])
def test_every_flag_of_every_command_refuses_what_it_cannot_be(tmp_path, every):
    answer = walk(tmp_path, every)
    assert answer["wrong"] == []
    assert answer["n"] > 7000 / every
    assert answer["imported"] == [] and answer["written"] == []


def test_the_walk_has_every_flag_of_every_command():
    found = {(case.words[0], case.flag) for case in hostile_flags.cases()}
    for name, command in hostile_flags.COMMAND.commands.items():
        if hasattr(command, "commands"):
            continue
        for parameter in command.params:
            is_option = parameter.param_type_name == "option"
            label = parameter.opts[0] if is_option else parameter.name.upper()
            assert label == "--help" or (name, label) in found


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """The current folder, with a file and a folder to be read."""
    monkeypatch.chdir(tmp_path)
    hostile_flags.make_inputs()
    return tmp_path


@pytest.mark.parametrize("further", ["--n 1 --seed 0", "--n=10000 --seed=4294967295", ""])
def test_values_that_are_possible_are_not_refused(inputs, further):
    """The walk could not fail if everything were refused."""
    line = [*hostile_flags.shortest_line(("sample",)), *further.split()]
    done = CliRunner().invoke(app, line)
    # The flags are taken; files that do not exist are not.
    assert isinstance(done.exception, UserError) and "--" not in str(done.exception)


@pytest.mark.parametrize(
    ("command", "flags", "words"),
    [
        ("translate", "--n-best 7 --beam-size 2", "n_best 7 is more than beam_size 2"),
        ("translate", "--precision fp16 --device cpu", "precision fp16 needs a GPU"),
        ("extract", "--precision fp16 --device cpu", "precision fp16 needs a GPU"),
        ("crop", "--detector cnn", "detector cnn needs its model"),
        ("train_sign_encoder", "--mse 0 --cosine 0", "losses all have the weight 0"),
        ("train_sign_encoder", "--train-decoder lora", "needs the loss decoder_ce"),
        ("train_sign_encoder", "--device cpu --mixed-precision fp16", "mixed_precision fp16 needs"),
        ("train_sign_encoder", "--device cpu --strategy fsdp", "strategy fsdp needs GPUs"),
        (
            "train_sign_encoder",
            "--infonce 1 --infonce-queue 0 --batch-size 1",
            "infonce compares a caption with others",
        ),
        ("train_sign_encoder", "--extra-language eng_Latn", "the captions' own language"),
        ("train_video_encoder", "--freeze 1", "--freeze 1: it must be 0 to below 1"),
        ("train_landmark_translator", "--d-model 30", "d_model 30 is no multiple of num_heads 8"),
        ("train_landmark_translator", "--select cosine", "select cannot be cosine"),
        ("train_landmark_translator", "--kernel 4", "kernel 4 is even"),
        ("train_landmark_translator", "--tokenizer a --t5-folder b", "exclude each other"),
        ("pretrain_sonar", "--width 30 --n-heads 4", "width 30 is no multiple of n_heads 4"),
    ],
)
def test_settings_that_contradict_each_other(inputs, command, flags, words):
    needed = hostile_flags.shortest_line((command,))
    done = CliRunner().invoke(app, [command, *flags.split(), *needed[1:]])
    assert isinstance(done.exception, UserError), done.output
    assert words in str(done.exception) and str(done.exception).endswith(".")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("extrct", "No such command 'extrct'; did you mean 'extract', 'export'; see"),
        ("extract --clip x", "No such option: --clip"),
        ("extract", "Missing option '--clips'; see sonar-sign extract --help"),
        ("translate", "Missing argument 'video'"),
        ("show a b", "Got unexpected extra argument"),
        ("doctor --json=1", "No such option"),
        ("systems --json=1", "does not take a value"),
        ("landmarks shw", "did you mean 'show'"),
    ],
)
def test_usage_errors_are_one_sentence(arguments, words):
    done = CliRunner().invoke(app, arguments.split(), prog_name="sonar-sign")
    assert isinstance(done.exception, UserError), done.output
    text = str(done.exception)
    assert words in text and text.endswith(".") and "\n" not in text
