"""Creates a SONAR folder with models that are small enough to be trained in a minute."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from fairseq2.models.nllb.tokenizer import NllbTokenizerConfig, load_nllb_tokenizer
from sonar.models.sonar_text import (
    SONAR_TEXT_DECODER_FAMILY,
    SONAR_TEXT_ENCODER_FAMILY,
    get_sonar_text_decoder_hub,
    get_sonar_text_encoder_hub,
)

from sonar_sign.core.files import atomic_write
from sonar_sign.models.sonar_cards import file_of
from sonar_sign.models.sonar_text import SonarText


@dataclass(frozen=True)
class TinySonarShape:
    """Sizes of a tiny SONAR."""

    width: int = 64
    """Width of the models and of an embedding."""
    n_layers: int = 2
    """Number of encoder layers and of decoder layers."""
    n_heads: int = 4
    ffn_width: int = 256
    dropout: float = 0.0
    max_length: int = 64
    """Maximum number of tokens in a sequence."""


def create_sonar_folder(
    folder: Path, tokenizer_model: Path, languages: Sequence[str], shape: TinySonarShape
) -> SonarText:
    """Write tokenizer and cards of a new SONAR to `folder` and return the untrained models.

    The architecture is sonar-space's `basic` with the sizes in `shape`; the weights are drawn
    from torch's global random generator. `save_weights` completes the folder.

    Args:
        tokenizer_model: a sentencepiece model without language tokens and without `<pad>`,
            with `<unk>`, `<s>`, `</s>` at 0, 1, 2; fairseq2 adds the rest, as for NLLB.
    """
    folder = Path(folder).absolute()
    with atomic_write(folder / "sentencepiece.model") as temporary:
        shutil.copyfile(tokenizer_model, temporary)
    tokenizer_config = NllbTokenizerConfig(langs=sorted(languages), default_lang=min(languages))
    tokenizer = load_nllb_tokenizer(folder / "sentencepiece.model", tokenizer_config)
    cards = [
        {
            "name": f"sonar_text_{part}",
            "model_family": family,
            "model_arch": "basic",
            "model_config": {"_set_": _sizes(shape, asdict(tokenizer.vocab_info)) | extra},
            "checkpoint": f"sonar_text_{part}.pt",
            "tokenizer": "sentencepiece.model",
            "tokenizer_family": "nllb",
            "tokenizer_config": {"_set_": asdict(tokenizer_config)},
        }
        for part, family, extra in (
            # `_from_fairseq` shifts positions; only models trained with fairseq 1 need that.
            ("encoder", SONAR_TEXT_ENCODER_FAMILY, {"_from_fairseq": False}),
            ("decoder", SONAR_TEXT_DECODER_FAMILY, {}),
        )
    ]
    with atomic_write(folder / "cards.yaml") as temporary:
        temporary.write_text(yaml.safe_dump_all(cards, sort_keys=False), encoding="utf-8")

    sonar = SonarText.open(folder)
    encoder_hub, decoder_hub = get_sonar_text_encoder_hub(), get_sonar_text_decoder_hub()
    encoder_config = encoder_hub.get_model_config(sonar.cards[SONAR_TEXT_ENCODER_FAMILY])
    decoder_config = decoder_hub.get_model_config(sonar.cards[SONAR_TEXT_DECODER_FAMILY])
    # Assigned to the cached properties, which would read them from files.
    sonar.encoder = encoder_hub.create_new_model(encoder_config, device=sonar.device).eval()
    sonar.decoder = decoder_hub.create_new_model(decoder_config, device=sonar.device).eval()
    return sonar


def _sizes(shape: TinySonarShape, vocab_info: dict[str, Any]) -> dict[str, Any]:
    """The shape in the words of sonar-space's configs."""
    return {
        "model_dim": shape.width,
        "max_seq_len": shape.max_length,
        "vocab_info": vocab_info,
        "num_encoder_layers": shape.n_layers,
        "num_decoder_layers": shape.n_layers,
        "num_encoder_attn_heads": shape.n_heads,
        "num_decoder_attn_heads": shape.n_heads,
        "ffn_inner_dim": shape.ffn_width,
        "emb_dropout_p": shape.dropout,
        "attention_dropout_p": shape.dropout,
        "activation_dropout_p": shape.dropout,
    }


def save_weights(sonar: SonarText) -> None:
    """Write the weights of encoder and decoder into the folder, in fairseq2's layout."""
    for family, model in (
        (SONAR_TEXT_ENCODER_FAMILY, sonar.encoder),
        (SONAR_TEXT_DECODER_FAMILY, sonar.decoder),
    ):
        path = file_of(sonar.cards[family], "checkpoint")
        # torch.save writes the name of a path into the file, so equal weights would have a
        # different hash each time.
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            torch.save({"model": model.state_dict()}, file)
