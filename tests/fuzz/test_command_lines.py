"""Command lines drawn at random: refused in one sentence, or run, and no input ever changed."""

import io
import os
from contextlib import redirect_stderr, redirect_stdout

import hostile_flags
from fuzzing import assert_sentence, fresh_folder
from hostile_flags import A_FILE, A_FOLDER, COMMANDS, MISSING, impossible, line, needed, possible
from hypothesis import assume, given
from hypothesis import strategies as st
from mutations import TEXTS

from sonar_sign.cli import refused
from sonar_sign.cli.settings import flags_of
from sonar_sign.core.errors import UserError

# They would listen, fetch, draw a whole corpus, or look at this machine.
LEFT_OUT = {"serve", "fetch_model", "doctor", "make_demo", "draw_corpus", "pretrain_sonar"}
CHOSEN = [command for command in COMMANDS if not LEFT_OUT & {*command}]
WORDS = ["0", "-1", "1", "1e9", "nan", "cpu", "eng_Latn", "best", "auto", "", "--", "-", "--help"]


def run(words: list[str]) -> tuple[int, str]:
    """Exit status and what was said, as the program's own entry would end."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            hostile_flags.COMMAND.main(words, prog_name="sonar-sign")
        except UserError as error:
            return 2, str(error)
        except SystemExit as end:
            return int(end.code or 0), ""
        except OSError as error:
            if refused(error) is None:
                raise
            return 2, "The file system refused."
    return 0, ""


def can_be_typed(word: str) -> bool:
    """Whether a program can be given it: no NUL, and no half characters but those of bytes."""
    try:
        return b"\0" not in os.fsencode(word)
    except UnicodeEncodeError:
        return False


def check(words: list[str], content: bytes):
    assume(all(map(can_be_typed, words)))
    with fresh_folder() as folder:
        before = os.getcwd()
        os.chdir(folder)
        try:
            hostile_flags.make_inputs()
            (folder / A_FILE).write_bytes(content)
            code, message = run(words)
            assert (folder / A_FILE).read_bytes() == content
            assert (folder / A_FOLDER).is_dir() and not (folder / MISSING).exists()
        finally:
            os.chdir(before)
    assert code in (0, 1, 2)
    if message:
        assert_sentence(message)
    return code


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A real command with its flags; some are missing, and some have values that cannot be."""
    command = draw(st.sampled_from(CHOSEN))
    values = {}
    for flag in flags_of(COMMANDS[command]):
        choice = draw(st.integers(0, 19))
        if choice == 0 or (choice > 2 and not needed(flag)):
            continue
        possibles = [possible(flag), possible(flag), *WORDS]
        value = draw(st.sampled_from([*possibles, *impossible(flag)]) | TEXTS)
        values[flag] = [value]
    return [*command, *line(values)]


@given(words=command_lines(), content=st.sampled_from([b"", b"clip_id\ttext\n", b"{}", b"\xff"]))
def test_a_command_with_any_values_ends_with_a_sentence(words, content):
    check(words, content)


@given(words=st.lists(st.sampled_from([*WORDS, A_FILE, A_FOLDER]) | TEXTS, max_size=5))
def test_any_words_end_with_a_sentence(words):
    assume(not words or words[0] not in LEFT_OUT)
    check(words, b"")
