"""What a person sees when a command fails in a way that nobody foresaw, or is ended."""

import os
import signal
import subprocess
import sys

import pytest

from sonar_sign.cli import main
from sonar_sign.cli.faults import DEBUG
from sonar_sign.operations import status

# `status` with other contents.
SCRIPT = """
from sonar_sign.operations import status
def read_status(results):
    {body}
    return []
status.read_status = read_status
from sonar_sign.cli import main
import sys
sys.argv = ["sonar-sign", "status", "--results", "."]
main()
"""


@pytest.fixture
def fail(monkeypatch, capsys, tmp_path):
    """Run `status` with a fault planted in what it calls: exit status and standard error."""

    def fail(error):
        def read_status(results):
            raise error

        monkeypatch.setattr(status, "read_status", read_status)
        monkeypatch.setattr(sys, "argv", ["sonar-sign", "status", "--results", str(tmp_path)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, capsys.readouterr().err

    return fail


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "KeyError: 'x' (cli/operations.py, line "),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (RuntimeError(1000 * "x"), "xxx..."),
        (AssertionError(), "AssertionError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "UnicodeDecodeError"),
    ],
)
def test_a_fault_is_one_sentence_that_asks_for_a_report(fail, error, words):
    code, text = fail(error)
    (sentence,) = text.splitlines()
    assert code == 1
    assert sentence.startswith("sonar-sign: ") and words in sentence
    assert "this is a fault of sonar-sign: please report it" in sentence and DEBUG in sentence


def test_the_traceback_is_there_for_those_who_ask(fail, monkeypatch):
    monkeypatch.setenv(DEBUG, "1")
    *traceback, sentence = fail(KeyError("x"))[1].splitlines()
    assert traceback[0].startswith("Traceback") and "a fault of sonar-sign" in sentence


def test_no_memory_is_no_fault(fail):
    assert fail(MemoryError()) == (
        1,
        "sonar-sign: memory does not suffice; end other programs first.\n",
    )


def test_an_interrupted_command_is_quiet(fail):
    assert fail(KeyboardInterrupt()) == (128 + signal.SIGINT, "")
    while_saving = RuntimeError("unexpected pos 64 vs 0")
    while_saving.__context__ = KeyboardInterrupt()
    assert fail(while_saving) == (128 + signal.SIGINT, "")


def test_a_reader_that_has_read_enough_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(body="pass")],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_a_terminal_cannot_show_is_escaped(tmp_path):
    body = r"print('caf\u00e9', 'x\udcff')"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(body=body)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(r"caf\xe9 x\udcff")
