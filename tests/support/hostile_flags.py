"""Values that no flag may have, for every flag of every command, and what the command line says.

Run as a program, in a process that has imported nothing heavy: the walk of `cases()` through the
real app. It prints a JSON list of what was not refused as it should be, and how many cases it ran.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_origin

import typer

from sonar_sign.cli import COMMAND_MODULES, app, config, landmarks
from sonar_sign.cli.settings import Flag, flags_of
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import DEVICES
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER, IntOrAuto

HEAVY = ("torch", "transformers", "lightning", "fairseq2", "pandas", "scipy", "matplotlib")
COMMANDS: dict[tuple[str, ...], Callable] = {
    (name,): function for module in COMMAND_MODULES for name, function in module.COMMANDS.items()
} | {
    ("landmarks", "show"): landmarks.show,
    ("landmarks", "export"): landmarks.export,
    ("config", "show"): config.show,
}
# Made once: Typer would make all commands anew for every call.
COMMAND = typer.main.get_command(app)
A_FILE, A_FOLDER, MISSING = "a_file", "a_folder", "missing"
NO_NUMBERS = ("", " ", "nan", "inf", "-inf", "1e400", "-1e400", "0x10", "1_000", " 5", "5\n", "٣")
NO_NUMBERS += ("true", "None", "[1]", "{}", "1,5", "1:30", "5\x07", "9" * 5000, "-1e9", "1e30")
NO_TEXTS = (" a", "a ", "a\n", "\na", "a\x1b[31m", "a\u2028b", "a\ud800b", "x" * 5000)


@dataclass(frozen=True)
class Case:
    """One command line with one value that is impossible."""

    words: tuple[str, ...]
    flag: str
    value: str


def cases() -> Iterator[Case]:
    """Every flag of every command with every value that it may not have."""
    for command, function in COMMANDS.items():
        flags = flags_of(function)
        for flag in flags:
            others = {
                other: [possible(other)] for other in flags if other != flag and needed(other)
            }
            for value in dict.fromkeys(impossible(flag)):
                yield Case((*command, *line({**others, flag: [value]})), flag.setting.flag, value)
            if flag.setting.is_list:
                twice = {**others, flag: 2 * [possible(flag)]}
                yield Case((*command, *line(twice)), flag.setting.flag, "twice")


def line(values: dict[Flag, list[str]]) -> list[str]:
    """Flags and positional arguments as they stand on the command line."""
    named = [
        f"{flag.setting.flag}={one}"
        for flag, given in values.items()
        for one in given
        if is_named(flag)
    ]
    others = [one for flag, given in values.items() for one in given if not is_named(flag)]
    return [*named, "--", *others] if others else named


def shortest_line(command: tuple[str, ...]) -> list[str]:
    """A command with the flags that it must have, and possible values of them."""
    flags = flags_of(COMMANDS[command])
    return [*command, *line({flag: [possible(flag)] for flag in flags if needed(flag)})]


def make_inputs() -> None:
    """The file and the folder that `possible` values name."""
    Path(A_FILE).write_text("")
    Path(A_FOLDER).mkdir()


def is_named(flag: Flag) -> bool:
    return flag.setting.flag.startswith("--")


def needed(flag: Flag) -> bool:
    """Whether a command line is accepted only with it."""
    return flag.parameter.default is flag.parameter.empty


def possible(flag: Flag) -> str:
    """A value that the flag may have."""
    setting = flag.setting
    if setting.is_number:
        return str(next(n for n in (1, 2, 16, 64, 0.5) if not setting.bounds.refusal_of_number(n)))
    if setting.choices:
        return setting.choices[0]
    if INPUT_FILE in flag.checks:
        return A_FILE
    return A_FOLDER if INPUT_FOLDER in flag.checks else "something"


def impossible(flag: Flag) -> Iterator[str]:
    """Values that the flag may not have."""
    setting = flag.setting
    bounds = setting.bounds
    if bool in setting.alternatives:
        yield from ("", "1", "maybe")
    elif setting.is_number:
        yield from NO_NUMBERS
        yield from ("1.5",) if float not in setting.alternatives else ()
        yield str((bounds.maximum or bounds.exclusive_maximum) + 1)
        # 0 is `auto`.
        lowest = 0 if IntOrAuto in setting.alternatives else bounds.minimum
        yield str((lowest or bounds.exclusive_minimum or 0) - 1)
    elif Path in setting.alternatives:
        yield from ("", "a/" + "b" * 300, "c/" * 3000)
        yield from (MISSING, A_FOLDER) if INPUT_FILE in flag.checks else ()
        yield from (MISSING, A_FILE) if INPUT_FOLDER in flag.checks else ()
    else:
        yield from NO_TEXTS
        yield from () if setting.may_be_empty else ("",)
        if setting.choices:
            yield from ("other", setting.choices[0].swapcase(), f"{setting.choices[0]}\n")
        if bounds is DEVICES:
            yield from ("mps", "gpu", "CPU", "cpu\n", "cuda:", "cuda:-1", "cuda:1234", "meta")
        if bounds is FLORES:
            yield from ("en", "eng", "eng_latn", "ENG_LATN", "xxx_Yyyy", "eng-Latn", "English")
        literal = any(get_origin(kind) is Literal for kind in setting.alternatives)
        yield from ("no such thing",) if literal else ()


def wrong_answer(case: Case) -> str:
    """Run a case; what is wrong with the answer, empty for nothing."""
    try:
        COMMAND.main(list(case.words), prog_name="sonar-sign")
    except UserError as error:
        text = str(error)
        if not text.endswith(".") or len(text.splitlines()) != 1 or len(text) > 400:
            return f"not one sentence: {text[:200]}"
        name = case.flag.strip("-").lower()
        return "" if name in text.lower().replace("<path>", name) else f"names no flag: {text}"
    except SystemExit as end:
        return f"ended with {end.code}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "accepted"


def main() -> None:
    make_inputs()
    before = sorted(os.listdir())
    chosen = list(cases())[:: int(sys.argv[1])]
    found = [(case.words[:2], case.flag, case.value[:40], wrong_answer(case)) for case in chosen]
    answer = {
        "n": len(chosen),
        "wrong": [one for one in found if one[-1]],
        "imported": [name for name in HEAVY if name in sys.modules],
        "written": sorted(set(os.listdir()) - set(before)),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
