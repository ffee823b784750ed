"""The layouts of SONAR's text models, from the asset cards that describe them.

Importing this module takes seconds, because it imports fairseq2.
"""

from typing import Any

import torch
from fairseq2.assets import AssetCard, get_asset_store
from sonar.models.sonar_text import (
    SONAR_TEXT_DECODER_FAMILY,
    SONAR_TEXT_ENCODER_FAMILY,
    SonarTextDecoderFactory,
    SonarTextEncoderFactory,
    get_sonar_text_decoder_hub,
    get_sonar_text_encoder_hub,
)

from sonar_sign.models.public_layouts import SONAR_ENTRY, Depth, Layout, layout_of

# Of the public name, its family, and what makes its config and its model.
_PARTS = {
    "sonar_text_encoder": (
        "text_sonar_basic_encoder",
        SONAR_TEXT_ENCODER_FAMILY,
        get_sonar_text_encoder_hub,
        SonarTextEncoderFactory,
    ),
    "sonar_text_decoder": (
        "text_sonar_basic_decoder",
        SONAR_TEXT_DECODER_FAMILY,
        get_sonar_text_decoder_hub,
        SonarTextDecoderFactory,
    ),
}
SONAR_PARTS = tuple(_PARTS)
# Ids before the first piece and behind the last one that fairseq2 adds besides languages.
_FURTHER_IDS = 4


def sonar_layout(name: str, card: AssetCard | dict[str, Any]) -> Layout:
    """The layout of the file that an asset card describes.

    Args:
        name: `sonar_text_encoder` or `sonar_text_decoder`.
        card: as fairseq2 opened it, or its fields.
    """
    _, _, hub, factory = _PARTS[name]
    if isinstance(card, dict):
        card = AssetCard(name, card)
    with torch.device("meta"):
        model = factory(hub().get_model_config(card)).create_model()
    return layout_of(model, SONAR_ENTRY)


def card_of_family(name: str, cards: dict[str, AssetCard]) -> AssetCard:
    """The card of a part among those of a folder, which are known by family."""
    return cards[_PARTS[name][1]]


def smaller_card(name: str, depth: Depth, n_pieces: int) -> dict[str, Any]:
    """The public card of a part with fewer layers and pieces.

    Args:
        n_pieces: those of the sentencepiece model, its three special ones included.
    """
    public_name, _, hub, _ = _PARTS[name]
    public = get_asset_store().retrieve_card(public_name)
    config = hub().get_model_config(public)
    card = {key: value for key, value in public.metadata.items() if not key.startswith("__")}
    n_languages = len(card["tokenizer_config"]["_set_"]["langs"])
    vocabulary = config.vocab_info
    return card | {
        "name": name,
        "model_config": {
            "_set_": {
                "num_encoder_layers": depth.of(config.num_encoder_layers),
                "num_decoder_layers": depth.of(config.num_decoder_layers),
                "vocab_info": {
                    "size": n_pieces + n_languages + _FURTHER_IDS,
                    "unk_idx": vocabulary.unk_idx,
                    "bos_idx": vocabulary.bos_idx,
                    "eos_idx": vocabulary.eos_idx,
                    "pad_idx": vocabulary.pad_idx,
                },
            }
        },
    }
