"""Subcommands that speak."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sonar_sign.cli.paths import FILE_OR_FOLDER, FOLDER
from sonar_sign.core.bounds import above
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.core.settings import INPUT_FILE
from sonar_sign.core.speech_options import (
    EngineName,
    EngineOptions,
    FeelingOptions,
    StyleOptions,
)

if TYPE_CHECKING:
    from sonar_sign.speech.translated import TranslatedSpeech

# A text that ends so is a file that is not there.
FILES = (".txt", ".tsv", ".csv", ".json", ".jsonl", ".parquet", ".srt", ".vtt")


@dataclass(frozen=True)
class ClipFiles:
    """What is known of the clips whose translations are spoken."""

    samples: Annotated[
        Path | None, "Samples of the system: only their clips are spoken.", INPUT_FILE
    ] = None
    landmarks: Annotated[
        list[Path], "Landmark shard, for --hands; repeat for all.", INPUT_FILE
    ] = ()
    manifest: Annotated[Path | None, "Manifest with the signers, for --hands.", INPUT_FILE] = None
    rows_per_s: Annotated[float, "Landmark rows per second.", above(0, 240)] = LandmarkOptions.fps


@dataclass(frozen=True)
class SpokenTranslations(StyleOptions):
    """Whether `translate` also speaks, and how."""

    engine: EngineName = "auto"
    speak: Annotated[
        Path | None, "Folder for a WAV file of every sentence, by video and language.", FOLDER
    ] = None
    dub: Annotated[
        Path | None,
        "Video to write, .mp4, with the speech as its sound; a folder for several.",
        FILE_OR_FOLDER,
    ] = None

    def collector(self) -> "TranslatedSpeech | None":
        """What collects sentences and speaks them at the end; None where nothing is spoken."""
        if self.speak is None and self.dub is None:
            return None
        from sonar_sign.speech.translated import TranslatedSpeech

        style = StyleOptions(self.style, self.intensity)
        return TranslatedSpeech(self.speak, self.dub, style, EngineOptions(self.engine))


def speak(
    text: Annotated[
        str, typer.Argument(help="What to say; or a file of texts: a table, or one a line.")
    ],
    output: Annotated[Path, "Folder to write WAV files to, each with a .json beside it.", FOLDER],
    given: StyleOptions,
    program: EngineOptions,
    feelings: FeelingOptions,
    clips: ClipFiles,
    language: Annotated[str, "Language of the texts.", FLORES] = "eng_Latn",
    keep_going: Annotated[bool, "Succeed where at least one text was spoken."] = False,
) -> None:
    """Read texts aloud, in a style.

    Example:
        .venv/bin/sonar-sign speak "The train leaves at seven." --style happy --output out/speech
    """
    import sys

    from sonar_sign.core.outputs import Reads, inputs_kept
    from sonar_sign.speech.engine import Failure
    from sonar_sign.speech.feelings import find_feelings
    from sonar_sign.speech.speak import is_empty, speak_texts
    from sonar_sign.speech.texts import Text, only_samples, read_texts

    if feelings.hands and not clips.landmarks:
        raise UserError("--hands needs the clips' landmarks; give --landmarks.")
    path = _file(text)
    texts = read_texts(path) if path else [Text("0001", text)]
    if clips.samples is not None:
        texts = only_samples(texts, clips.samples)
    by_clip: dict = {}
    if feelings.hands:
        from sonar_sign.speech.clip_strengths import strengths_of

        by_clip = strengths_of(list(clips.landmarks), clips.manifest, clips.rows_per_s)
    found = find_feelings(
        [one.text for one in texts],
        language,
        given,
        feelings,
        [by_clip.get(one.name) for one in texts],
    )
    with inputs_kept(Reads.of([path] if path else [])):
        outcomes = speak_texts(texts, found, language, output, program, sys.stderr)
    failed = [one for one in outcomes if isinstance(one, Failure)]
    n_spoken = len(outcomes) - len(failed)
    print(f"{n_spoken} of {len(texts)} texts were spoken, in {output}.")
    wrong = failed if not keep_going else [one for one in failed if not is_empty(one)]
    if wrong and not (keep_going and n_spoken):
        raise UserError(
            f"{len(wrong)} of {len(texts)} texts were not spoken; the reasons stand above."
        )


def _file(text: str) -> Path | None:
    """The file that a text is the path of; None for a text to be spoken."""
    path = Path(text)
    try:
        if path.is_file():
            return path
        if path.is_dir():
            raise UserError(f"{text} is a folder; give a file, or the text itself.")
    except OSError:  # a text that is too long for a path
        return None
    if path.suffix.lower() in FILES and " " not in text:
        raise UserError(f"There is no file {text}; correct the path.")
    return None


COMMANDS = {"speak": speak}
