"""`verify_models`: whether the model files are the public ones, and answer as documented.

Hashes and layouts say that a file is what it should be; known answers say that this program reads
it as its makers did.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.models.expected import difference, require_content
from sonar_sign.models.registry import registry
from sonar_sign.operations.config import Config
from sonar_sign.operations.known_answers import KnownAnswers
from sonar_sign.operations.model_checks import ModelFile, model_files
from sonar_sign.operations.verification import Check

if TYPE_CHECKING:
    from sonar_sign.models.public_layouts import Layout


def verify_models(
    config: Config, answers: KnownAnswers, clips: Path | None = None
) -> Iterator[Check]:
    """Check the model files of a config, in the current folder, one thing after the other.

    Args:
        answers: the questions that the models are asked.
        clips: a folder in which the clips of `answers` are looked for.
    """
    usable = set()
    for file in model_files(config):
        checks = list(_check_file(file))
        yield from checks
        if all(check.status == "good" for check in checks):
            usable.add(file.role)
    sonar_roles = {file.role for file in model_files(config) if "sonar" in file.role}
    if not sonar_roles <= usable:
        yield Check.skipped("known answers, because SONAR's files are not all there and good")
        return
    yield from _ask(config, answers, clips, with_signs={"sign_hiera", "sign_encoder"} <= usable)


def _check_file(file: ModelFile) -> Iterator[Check]:
    if not file.path.exists():
        yield Check.skipped(f"{file.path} ({file.role}) is not there")
        return
    try:
        if file.public:
            yield _check_hash(file)
        yield from _check_layout(file)
    except UserError as error:
        yield Check.wrong(str(error).removesuffix("."))


def _check_hash(file: ModelFile) -> Check:
    require_content(file.path, registry()[file.role].file, str(file.path))
    expected = file.expected
    problem = difference(file.path, expected)
    if problem is not None:
        return Check.wrong(f"{file.path}: {problem}")
    if expected.sha256 is None:
        return Check.good(f"{file.path} is whole; nobody has published its SHA-256")
    return Check.good(f"{file.path} has the SHA-256 {expected.sha256} ({expected.origin})")


def _check_layout(file: ModelFile) -> Iterator[Check]:
    if file.role == "sonar":
        for role, path, layout in _sonar_layouts(file.path):
            yield _fits(path, layout, role)
    elif file.role == "sonar_tokenizer":
        yield _check_tokenizer(file.path)
    elif file.role.startswith("sonar"):
        for role, path, layout in _sonar_layouts(file.path.parent):
            if role == file.role:
                yield _fits(path, layout, role)
    else:
        yield _fits(file.path, _sign_layout(file), file.role)


def _sonar_layouts(folder: Path) -> "Iterator[tuple[str, Path, Layout]]":
    from sonar_sign.models.sonar_cards import file_of, read_cards
    from sonar_sign.models.sonar_layouts import SONAR_PARTS, card_of_family, sonar_layout

    cards = read_cards(folder.absolute())
    for role in SONAR_PARTS:
        card = card_of_family(role, cards)
        yield role, file_of(card, "checkpoint"), sonar_layout(role, card)


def _sign_layout(file: ModelFile) -> "Layout":
    """The layout of a sign model; one that is not public says its own shape."""
    from sonar_sign.models.model_files import open_file
    from sonar_sign.models.public_layouts import sign_encoder_layout, sign_hiera_layout

    build = sign_hiera_layout if file.role == "sign_hiera" else sign_encoder_layout
    shape = open_file(file.path, "A model").get("config")
    try:
        return build(shape)
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise UserError(f"{file.path}: its entry 'config' describes no model ({error}).") from error


def _fits(path: Path, layout: "Layout", role: str) -> Check:
    from sonar_sign.models.model_files import read_tensors

    tensors: dict[str, Any] = read_tensors(path, layout.entry, role)[layout.entry]
    problems = layout.problems(tensors)
    if problems:
        return Check.wrong(f"{path} is not laid out as {role}: {first_few(problems)}")
    return Check.good(f"{path} has the {len(tensors)} tensors of {role}")


def _check_tokenizer(path: Path) -> Check:
    import sentencepiece

    try:
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(path)).vocab_size()
    except (OSError, RuntimeError) as error:
        return Check.wrong(f"{path} is no sentencepiece model ({str(error).splitlines()[0]})")
    return Check.good(f"{path} has {pieces} pieces")


def _ask(
    config: Config, answers: KnownAnswers, clips: Path | None, *, with_signs: bool
) -> Iterator[Check]:
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(Path(config.values["models"]["sonar"]))
    for answer in (*answers.embeddings, *answers.decodings):
        yield answer.check(sonar)
    for answer in answers.clips:
        clip = answer.find(clips)
        if clip is None:
            where = "no folder was given with --clips" if clips is None else f"not in {clips}"
            yield Check.skipped(f"clip {answer.file}, which may not be shipped: {where}")
        elif not with_signs:
            yield Check.skipped(f"clip {answer.file}: the sign models are not there and good")
        else:
            yield answer.compare(_translate(config, clip, answer.language))


def _translate(config: Config, clip: Path, language: str) -> str:
    from sonar_sign.translation.definitions import SystemDefinition, SystemFiles
    from sonar_sign.translation.translator import Translator

    names = ("sign_hiera", "sign_encoder", "sonar")
    files = SystemFiles(**{name: Path(config.values["models"][name]) for name in names})
    translator = Translator.load(SystemDefinition("public", "sonar", files), [language])
    (translation,) = translator.translate(clip, [language])
    return translation.texts[language]
