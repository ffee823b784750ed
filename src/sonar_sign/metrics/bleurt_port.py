"""Opens BLEURT checkpoints: the PyTorch port of BLEURT-20, and those of transformers itself.

The port's class is no part of transformers. BLEURT-20 is a RemBERT with a linear layer on top and
the older checkpoints are BERT, so their weights are given to transformers' own classes under the
names that these have.
"""

from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.text_files import read_text

PORT = "bleurt"
# Layers and width of the checkpoints that papers name.
NAMES = {(32, 1152): "BLEURT-20", (12, 1024): "BLEURT-20-D12"}
# The same in the config of the port and of transformers.
_SHAPE = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "hidden_act", "max_position_embeddings", "type_vocab_size"),
    *("layer_norm_eps", "pad_token_id"),
)


def load(folder: Path, weights: Path) -> tuple[Any, Any, str]:
    """The tokenizer, the model for inference, and the model's name or shape.

    Raises:
        UserError: the folder holds no BLEURT, or a damaged one.
    """
    try:
        config = parse_json(read_text(folder / "config.json", "The config of BLEURT"))
        if not isinstance(config, dict):
            raise ValueError("config.json holds no object")
        opened = _open_port if config.get("model_type") == PORT else _open_transformers
        tokenizer, model = opened(folder, weights, config)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"The BLEURT in {folder} cannot be opened ({first}).") from error
    if model.config.num_labels != 1:
        raise UserError(
            f"The model in {folder} has {model.config.num_labels} outputs where BLEURT has one."
        )
    layers, width = model.config.num_hidden_layers, model.config.hidden_size
    name = NAMES.get((layers, width)) if config.get("model_type") == PORT else None
    return tokenizer, model.eval(), name or f"{layers} layers of {width}"


def _open_transformers(folder: Path, weights: Path, config: dict[str, Any]) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, use_safetensors=weights.suffix == ".safetensors"
    )
    return tokenizer, model


def _open_port(folder: Path, weights: Path, config: dict[str, Any]) -> tuple[Any, Any]:
    import transformers

    shape = {key: config[key] for key in _SHAPE}
    if config.get("embedding_size") is None:
        base, made = "bert", transformers.BertConfig(**shape, num_labels=1)
        model = transformers.BertForSequenceClassification(made)
    else:
        base = "rembert"
        # The layer above the last one, of which a classifier has no use, is as narrow as can be.
        made = transformers.RemBertConfig(
            **shape,
            input_embedding_size=config["embedding_size"],
            output_embedding_size=1,
            num_labels=1,
        )
        model = transformers.RemBertForSequenceClassification(made)
    _load_weights(model, _read(weights), base, weights)
    if (folder / "spm.model").is_file():
        tokenizer = transformers.DebertaV2Tokenizer.from_pretrained(folder, local_files_only=True)
    else:
        tokenizer = transformers.BertTokenizerFast.from_pretrained(folder, local_files_only=True)
    return tokenizer, model


def _read(weights: Path) -> dict[str, Any]:
    if weights.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(weights)
    import pickle

    import torch

    try:
        return torch.load(weights, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(f"{weights.name} holds more than weights") from error


def _load_weights(model: Any, found: dict[str, Any], base: str, path: Path) -> None:
    renamed = {
        name.replace("bleurt.", f"{base}.", 1).replace(
            "encoder.embedding_projection.", "encoder.embedding_hidden_mapping_in."
        ): value
        for name, value in found.items()
        if not name.endswith("position_ids")
    }
    wanted = model.state_dict()
    for names, what in (
        (wanted.keys() - renamed.keys(), "lacks"),
        (renamed.keys() - wanted.keys(), "has the unknown"),
    ):
        if names:
            raise ValueError(f"{path.name} {what} {min(names)}")
    model.load_state_dict(renamed)
