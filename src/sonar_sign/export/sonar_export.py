"""SONAR's text models in an exported folder: copies, or the names of the public files.

The public files have 9 GB and licences of their own, so they are named by their hash. Anything
else, such as the demo's SONAR or a decoder that was trained, is copied as safetensors.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.files import atomic_write, require_file, sha256_of, write_text
from sonar_sign.models.expected import accepted_hash
from sonar_sign.models.registry import registry
from sonar_sign.models.tensor_files import write_tensor_file
from sonar_sign.translation.system_folders import (
    SONAR_CARDS,
    SONAR_DECODER,
    SONAR_ENCODER,
    SONAR_TOKENIZER,
    PublicPart,
)

PARTS = ("sonar_text_encoder", "sonar_text_decoder", "sonar_tokenizer")


@dataclass(frozen=True)
class SonarExport:
    """How SONAR is in a folder."""

    public: tuple[PublicPart, ...]
    """Files that are only named."""


def export_sonar(
    source: Path, trained_decoder: Path | None, folder: Path, half: bool
) -> SonarExport:
    """Write what is not public of SONAR's text models into an exported folder.

    Args:
        source: the SONAR folder of the system.
        trained_decoder: takes the place of its decoder.
        folder: the exported folder.

    Raises:
        UserError: a file is missing or damaged.
    """
    public = _public_files(source)
    if public:
        if trained_decoder is not None:
            _write_decoder(source, trained_decoder, folder, half)
            public = [one for one in public if one.name != "sonar_text_decoder"]
        return SonarExport(tuple(public))
    _write_decoder(source, trained_decoder, folder, half)
    _write_rest(source, folder, half)
    return SonarExport(())


def _public_files(source: Path) -> list[PublicPart]:
    """The public files, where the folder is that of the public SONAR: it has no asset cards.

    The registry does not know every hash. Where it does, or somebody has accepted another one, the
    file must have it.
    """
    if any(source.glob("*.yaml")):
        return []
    found = []
    for name in PARTS:
        entry = registry()[name]
        path = source / entry.file
        # Translating needs no text encoder; a decoder that searches with it does.
        if name == "sonar_text_encoder" and not path.is_file():
            continue
        require_file(path, "SONAR's public file")
        sha256 = sha256_of(path)
        known = accepted_hash(path) or entry.sha256
        if known not in (None, sha256):
            return []
        found.append(PublicPart(name, entry.file, sha256, path.stat().st_size))
    return found


def _write_decoder(source: Path, trained: Path | None, folder: Path, half: bool) -> None:
    from sonar_sign.models.sonar_cards import SONAR_TEXT_DECODER_FAMILY, file_of
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(source, decoder=trained, only_decodes=True)
    card = sonar.cards[SONAR_TEXT_DECODER_FAMILY]
    place = folder / SONAR_DECODER
    _write_part(file_of(card, "checkpoint"), SONAR_TEXT_DECODER_FAMILY, card, place, half)


def _write_rest(source: Path, folder: Path, half: bool) -> None:
    """The text encoder, the tokenizer, and cards that name the files of the exported folder."""
    from sonar_sign.models.sonar_cards import (
        SONAR_TEXT_DECODER_FAMILY,
        SONAR_TEXT_ENCODER_FAMILY,
        file_of,
        read_cards,
    )

    cards = read_cards(source)
    encoder = cards[SONAR_TEXT_ENCODER_FAMILY]
    has_encoder = file_of(encoder, "checkpoint").is_file()
    if has_encoder:
        path = file_of(encoder, "checkpoint")
        _write_part(path, SONAR_TEXT_ENCODER_FAMILY, encoder, folder / SONAR_ENCODER, half)
    tokenizer = file_of(cards[SONAR_TEXT_DECODER_FAMILY], "tokenizer")
    with atomic_write(folder / SONAR_TOKENIZER) as temporary:
        shutil.copyfile(require_file(tokenizer, "SONAR's tokenizer"), temporary)
    places = {
        SONAR_TEXT_ENCODER_FAMILY: Path(SONAR_ENCODER).name,
        SONAR_TEXT_DECODER_FAMILY: Path(SONAR_DECODER).name,
    }
    rewritten = [
        card | {"checkpoint": places[card["model_family"]], "tokenizer": Path(SONAR_TOKENIZER).name}
        for card in _own_cards(source)
        if card.get("model_family") in places
    ]
    write_text(folder / SONAR_CARDS, yaml.safe_dump_all(rewritten, sort_keys=False))


def _own_cards(source: Path) -> list[dict[str, Any]]:
    """The asset cards of a folder, which `read_cards` has checked."""
    return [
        card
        for path in sorted(source.glob("*.yaml"))
        for card in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if isinstance(card, dict)
    ]


def _write_part(path: Path, family: str, card: Any, place: Path, half: bool) -> None:
    from sonar_sign.models.sonar_weights import ENTRY, read_state

    write_tensor_file(place, {ENTRY: read_state(family, card)}, origin=sha256_of(path), half=half)
