"""A SONAR folder of the public files' names, layout and configuration, with random weights.

The public files need no asset cards, so sonar-space's own are used: 256,206 tokens, 1,024 wide,
`_from_fairseq`, 202 languages. With fewer layers than 24, cards say so and nothing else.
"""

from pathlib import Path

import torch
import yaml

PIECES = 256_000
END = 3
"""The token `</s>`."""
# Words that the tokenizer knows besides its numbered pieces, `▁p17` and so on.
WORDS = ("My", "name", "is", "SONAR", ".", "the", "book")


def write_public_sonar(
    folder: Path, n_layers: int = 24, seed: int = 0, parts: tuple[str, ...] = ("encoder", "decoder")
) -> Path:
    """Write the folder; the same seed gives the same files."""
    from sonar.models.sonar_text import get_sonar_text_decoder_hub, get_sonar_text_encoder_hub

    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder / "sentencepiece.source.256000.model")
    hubs = {"encoder": get_sonar_text_encoder_hub, "decoder": get_sonar_text_decoder_hub}
    for part, hub in hubs.items():
        if n_layers != 24:
            write_card(folder, part, n_layers)
        if part in parts:
            config = hub().get_arch_config("basic")
            config.num_encoder_layers = config.num_decoder_layers = n_layers
            model = hub().create_new_model(config, meta=True)
            write_weights(folder / f"sonar_text_{part}.pt", model, seed)
    return folder


def write_card(folder: Path, part: str, n_layers: int) -> None:
    """The public card with another number of layers."""
    from fairseq2.assets import get_asset_store

    import sonar_sign.models.sonar_cards  # noqa: F401 (registers sonar-space's cards)

    public = get_asset_store().retrieve_card(f"text_sonar_basic_{part}")
    fields = ("model_family", "model_arch", "checkpoint", "tokenizer", "tokenizer_family")
    card = {"name": f"few_layers_{part}"}
    card |= {field: public.field(field).as_(str) for field in fields}
    card["tokenizer_config"] = public.field("tokenizer_config").as_(dict)
    layers = {"num_encoder_layers": n_layers, "num_decoder_layers": n_layers}
    card["model_config"] = {"_set_": layers}
    (folder / f"{part}.yaml").write_text(yaml.safe_dump(card))


def write_weights(path: Path, model: torch.nn.Module, seed: int) -> None:
    """`{"model": tensors}` with random tensors where a model on the meta device has parameters."""
    generator = torch.Generator().manual_seed(seed)
    drawn: dict[int, torch.Tensor] = {}
    state = model.state_dict(keep_vars=True)
    for name, parameter in state.items():
        if id(parameter) not in drawn:
            tensor = torch.empty(parameter.shape)
            if tensor.ndim == 1:
                tensor.fill_(float(name.endswith("norm.weight")))
            else:
                # Uniform numbers are drawn in half the time of normal ones.
                bound = (3 / parameter.shape[1]) ** 0.5
                tensor.uniform_(-bound, bound, generator=generator)
            if len(tensor) > PIECES:
                tensor[END] = 0  # a text does not end by chance
            drawn[id(parameter)] = tensor
    torch.save({"model": {name: drawn[id(p)] for name, p in state.items()}}, path)


def write_tokenizer(path: Path) -> None:
    """A sentencepiece model of 256,000 pieces: `<unk>`, `<s>`, `</s>`, letters, words, numbers."""
    from sentencepiece import sentencepiece_model_pb2 as protobuf

    kind = protobuf.ModelProto.SentencePiece
    model = protobuf.ModelProto()
    model.trainer_spec.model_type = protobuf.TrainerSpec.UNIGRAM
    model.trainer_spec.pad_id, model.trainer_spec.unk_id = -1, 0
    model.trainer_spec.bos_id, model.trainer_spec.eos_id = 1, 2
    model.normalizer_spec.name = "identity"
    special = {"<unk>": kind.UNKNOWN, "<s>": kind.CONTROL, "</s>": kind.CONTROL}
    for piece, of_kind in special.items():
        model.pieces.add(piece=piece, score=0.0, type=of_kind)
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1) if chr(code) not in WORDS]
    known = ["▁", *letters, *WORDS, *(f"▁{word}" for word in WORDS)]
    numbered = [f"▁p{n}" for n in range(PIECES - 3 - len(known))]
    for rank, piece in enumerate([*known, *numbered]):
        # The better a piece, the longer it is; among equals the first one.
        model.pieces.add(piece=piece, score=-12.0 + len(piece) - 1e-6 * rank)
    path.write_bytes(model.SerializeToString())
