"""SONAR's asset cards, which say which file of a folder is which model.

Cards contain file names. The absolute `file://` addresses that fairseq2 needs are computed from
the path of the folder when it is opened, so a folder can be moved, and nothing is ever downloaded.
A folder with SONAR's three public files needs no cards: those of sonar-space are used. Importing
this module takes seconds, because it imports fairseq2.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from pickle import PickleError
from typing import Any

import yaml
from fairseq2 import init_fairseq2
from fairseq2.assets import AssetCard, AssetCardError, get_asset_store
from fairseq2.data.tokenizers import TokenizerModelError
from fairseq2.error import InvalidOperationError, OperationalError
from fairseq2.model_checkpoint import CorruptModelCheckpointError
from sonar.models.sonar_text import SONAR_TEXT_DECODER_FAMILY, SONAR_TEXT_ENCODER_FAMILY

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file

_PUBLIC_CARDS = {
    SONAR_TEXT_ENCODER_FAMILY: "text_sonar_basic_encoder",
    SONAR_TEXT_DECODER_FAMILY: "text_sonar_basic_decoder",
}
# Several times what SONAR has: 24 layers, 16 heads, 256,206 pieces.
MAX_LAYERS, MAX_SIZE = 256, 4_000_000
# Without this, fairseq2 draws its own progress bars. Another module of the process may have
# initialised it already.
with suppress(InvalidOperationError):
    init_fairseq2(no_progress=True)


def read_cards(folder: Path) -> dict[str, AssetCard]:
    """The folder's encoder card and decoder card by family, with absolute addresses."""
    own: dict[str, AssetCard] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            cards = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UserError(f"Asset card {path} cannot be read: {_reason(error)}") from error
        for card in cards:
            if not isinstance(card, dict) or card.get("model_family") not in _PUBLIC_CARDS:
                continue
            family = card["model_family"]
            if family in own:
                raise UserError(f"{folder} has two asset cards of the family {family!r}.")
            _require_bounded(path, card.get("model_config"))
            own[family] = AssetCard(str(card.get("name", path.stem)), card)
    store = get_asset_store()
    return {
        family: _in_folder(own.get(family) or store.retrieve_card(public), folder)
        for family, public in _PUBLIC_CARDS.items()
    }


def _require_bounded(path: Path, value: Any, name: str = "model_config") -> None:
    """Check the numbers of a card's config: layers take time to build, widths take memory."""
    if isinstance(value, dict):
        for key, item in value.items():
            _require_bounded(path, item, str(key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # Names are sonar-space's: num_encoder_layers, num_decoder_attn_heads, ffn_inner_dim ...
        most = MAX_LAYERS if name.startswith("num_") else MAX_SIZE
        if not 0 <= value <= most:
            raise UserError(
                f"Asset card {path}: {name} = {repr(value)[:40]} is not from 0 to {most}."
            )


def _in_folder(card: AssetCard, folder: Path) -> AssetCard:
    """`card` with the addresses of its files replaced by the files of that name in `folder`."""
    with card_errors(folder):
        # fairseq2 does not decode addresses, so a space must not be encoded.
        addresses = {
            field: f"file://{folder / card.field(field).as_(str).rsplit('/', 1)[-1]}"
            for field in ("checkpoint", "tokenizer")
        }
    # `restrict` makes torch.load refuse pickled objects (weights_only=True).
    return AssetCard(card.name, {**addresses, "restrict": True}, card)


def file_of(card: AssetCard, field: str) -> Path:
    """The file that `field` of a card names."""
    return card.field(field).as_uri().to_path()


@contextmanager
def card_errors(folder: Path) -> Iterator[None]:
    """Turn errors of asset cards into a UserError that names the folder."""
    try:
        yield
    except AssetCardError as error:
        raise UserError(f"An asset card in {folder} is wrong: {_reason(error)}") from error


@contextmanager
def file_errors(path: Path, what: str) -> Iterator[None]:
    """Turn errors while a file is read into a UserError that names the file."""
    require_file(path, what)
    try:
        yield
    except (
        AssetCardError,
        CorruptModelCheckpointError,
        OperationalError,
        TokenizerModelError,
        OSError,
        # Raised by sonar-space's converters for a checkpoint of another kind.
        AttributeError,
        KeyError,
        TypeError,
    ) as error:
        raise UserError(f"{what} {path} cannot be read: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """The innermost cause, which is the most specific, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, PickleError):
        # torch's own message recommends to switch off weights_only.
        return (
            "it contains something other than tensors, which could run code, or is not a checkpoint"
        )
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, AttributeError | KeyError | TypeError):
        return f"it is not laid out as SONAR's ({type(error).__name__}: {error})"
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else f"{text[:400]} ..."
