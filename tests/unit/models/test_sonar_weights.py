"""Opening SONAR's text models: every layout of a file, every way of keeping the weights."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from fairseq2.models import load_model
from fairseq2.nn import BatchLayout
from sonar.models.sonar_text import SONAR_TEXT_DECODER_FAMILY, SONAR_TEXT_ENCODER_FAMILY

from sonar_sign.core.devices import n_parameters
from sonar_sign.core.errors import UserError
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.models.sonar_weights import Placement, load_weights

torch.set_num_threads(1)

CPU = torch.device("cpu")
DECODER, ENCODER = SONAR_TEXT_DECODER_FAMILY, SONAR_TEXT_ENCODER_FAMILY
PLACEMENTS = [
    Placement(CPU, dtype, packed)
    for dtype in (torch.float32, torch.bfloat16)
    for packed in (False, True)
]


@pytest.fixture
def folder(tiny_sonar: Path, tmp_path: Path) -> Path:
    """A copy of the folder, whose files may be rewritten."""
    return shutil.copytree(tiny_sonar, tmp_path / "sonar")


def state_of(folder: Path, part: str) -> dict[str, torch.Tensor]:
    return torch.load(folder / f"sonar_text_{part}.pt", weights_only=True)["model"]


def logits_of(decoder: torch.nn.Module) -> torch.Tensor:
    """For three embeddings and five tokens each."""
    generator = torch.Generator().manual_seed(0)
    dtype = next(decoder.decoder.layer_norm.parameters()).dtype
    memory = torch.randn(3, 1, 32, generator=generator).to(dtype)
    tokens = torch.tensor([[3, 300, 10, 20, 1], [3, 301, 0, 2, 4], [3, 300, 30, 3, 299]])
    with torch.inference_mode():
        hidden = decoder.decode(tokens, BatchLayout.of(tokens), memory, BatchLayout.of(memory))
        return decoder.project(hidden).float()


def fairseq_layout(state: dict[str, torch.Tensor]) -> dict:
    """A decoder as fairseq writes it, with the special tokens in fairseq's order."""
    names = {
        "decoder_frontend.embed.": "embed_tokens.",
        "final_proj.": "output_projection.",
        "decoder.layer_norm.": "layer_norm.",
        "decoder.layers.": "layers.",
        "encoder_decoder_attn_layer_norm": "encoder_attn_layer_norm",
        "encoder_decoder_attn.": "encoder_attn.",
        "output_proj.": "out_proj.",
        "ffn.inner_proj": "fc1",
        "ffn.out_proj": "fc2",
        "ffn_layer_norm": "final_layer_norm",
    }
    words = state["decoder_frontend.embed.weight"].clone()
    words[[1, 3, 0, 2]] = words[[0, 1, 2, 3]]
    renamed = {"version": torch.tensor([3.0]), "embed_positions._float_tensor": torch.zeros(1)}
    for name, tensor in state.items():
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        tied = name in ("embed_tokens.weight", "output_projection.weight")
        renamed[name] = words if tied else tensor
    return {"model": {"state_dict": renamed}}


@pytest.mark.parametrize("layout", ["ours", "fairseq", "old format", "untied", "one name"])
def test_every_layout_gives_the_tensors_of_fairseq2(folder, layout):
    path, state = folder / "sonar_text_decoder.pt", state_of(folder, "decoder")
    if layout == "fairseq":
        torch.save(fairseq_layout(state), path)
    elif layout == "untied":
        torch.save({"model": {name: tensor.clone() for name, tensor in state.items()}}, path)
    elif layout == "one name":
        del state["final_proj.weight"]
        torch.save({"model": state}, path)
    elif layout == "old format":
        torch.save({"model": state}, path, _use_new_zipfile_serialization=False)
    card = SonarText.open(folder).cards[DECODER]
    expected = load_model(card, device=CPU, dtype=torch.float32).eval()
    for placement in PLACEMENTS:
        found = load_weights(DECODER, card, placement)
        tolerance = 1e-5 if placement.dtype == torch.float32 else 0.15
        torch.testing.assert_close(
            logits_of(found), logits_of(expected), rtol=tolerance, atol=tolerance
        )
        assert n_parameters(found) == n_parameters(expected)
        if not placement.packed:
            tensors = found.state_dict()
            for name, tensor in expected.state_dict().items():
                assert torch.equal(tensors[name], tensor.to(placement.dtype)), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tied_tensors_stay_tied(folder, dtype):
    card = SonarText.open(folder).cards[DECODER]
    decoder = load_weights(DECODER, card, Placement(CPU, dtype))
    assert decoder.final_proj.weight is decoder.decoder_frontend.embed.weight
    assert all(parameter.requires_grad for parameter in decoder.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_packed_texts_are_the_plain_ones(folder, tiny_sonar_texts, dtype):
    sonar = SonarText.open(folder)
    embeddings = sonar.embed(tiny_sonar_texts["eng_Latn"], "eng_Latn")
    texts = []
    for packed in (False, True):
        opened = SonarText.open(folder, precision="fp32" if dtype == torch.float32 else "bf16")
        card = opened.cards[DECODER]
        opened.decoder = load_weights(DECODER, card, Placement(CPU, dtype, packed))
        texts.append(opened.decode(embeddings, "ita_Latn"))
        assert texts[-1] == opened.decode(embeddings, "ita_Latn")  # the same every time
    assert texts[0] == texts[1] and len(set(texts[0])) > 10


def test_the_other_half_of_a_file_is_not_read(folder):
    """A joint file opens as either half, and the other half may hold anything."""
    both = {
        **state_of(folder, "encoder"),
        **state_of(folder, "decoder"),
    }
    expected = SonarText.open(folder)
    embedding = expected.embed(["The book."], "eng_Latn")
    text = expected.decode(embedding, "eng_Latn")
    for part in ("encoder", "decoder"):
        torch.save({"model": both}, folder / f"sonar_text_{part}.pt")
    joint = SonarText.open(folder)
    assert torch.equal(joint.embed(["The book."], "eng_Latn"), embedding)
    assert joint.decode(embedding, "eng_Latn") == text
    assert not [name for name in joint.encoder.state_dict() if name.startswith("decoder")]
    assert not [name for name in joint.decoder.state_dict() if name.startswith("encoder")]


def test_training_leaves_the_file_alone(folder):
    before = (folder / "sonar_text_decoder.pt").read_bytes()
    sonar = SonarText.open(folder)
    losses = sonar.word_losses(torch.randn(2, 32), ["The book.", "A cat."], "eng_Latn")
    losses.sum().backward()
    torch.optim.SGD(sonar.decoder.parameters(), lr=1.0).step()
    changed = sonar.word_losses(torch.randn(2, 32), ["The book.", "A cat."], "eng_Latn")
    assert not torch.allclose(losses, changed)
    assert (folder / "sonar_text_decoder.pt").read_bytes() == before


def test_a_decoder_that_only_decodes_computes_no_losses(tiny_sonar):
    sonar = SonarText.open(tiny_sonar, only_decodes=True)
    with pytest.raises(ValueError, match="only_decodes"):
        sonar.word_losses(torch.zeros(1, 32), ["a"], "eng_Latn")


@pytest.mark.parametrize(
    ("part", "name", "says"),
    [
        ("encoder", "encoder.layers.0.ffn.inner_proj.bias", "missing: encoder.layers.0.ffn"),
        ("encoder", "layer_norm.weight", "missing: layer_norm.weight"),
        ("decoder", "decoder.layers.0.self_attn.k_proj.weight", "missing: decoder.layers.0"),
    ],
)
def test_missing_tensors_are_named(folder, part, name, says):
    state = state_of(folder, part)
    del state[name]
    torch.save({"model": state}, folder / f"sonar_text_{part}.pt")
    with pytest.raises(UserError, match=re.escape(says)):
        getattr(SonarText.open(folder), part)


@pytest.mark.parametrize("packed", [False, True])
def test_damaged_weights_are_no_traceback(folder, packed):
    state = state_of(folder, "decoder")
    state["decoder.layers.0.ffn.output_proj.weight"][3, 5] = torch.nan
    torch.save({"model": state}, folder / "sonar_text_decoder.pt")
    sonar = SonarText.open(folder)
    placement = Placement(CPU, torch.float32, packed)
    sonar.decoder = load_weights(DECODER, sonar.cards[DECODER], placement)
    with pytest.raises(UserError, match="decoder computed NaN"):
        sonar.decode(torch.zeros(1, 32), "eng_Latn")


def test_a_large_decoder_is_set_aside_and_comes_back(folder, monkeypatch):
    sonar = SonarText.open(folder, precision="fp32", only_decodes=True)
    embeddings = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    texts = sonar.decode(embeddings, "eng_Latn")
    sonar.set_aside_decoder()
    assert "decoder" in vars(sonar)  # a small one stays
    monkeypatch.setattr("sonar_sign.models.sonar_text.LARGE_MODEL", 1000)
    sonar.set_aside_decoder()
    assert "decoder" not in vars(sonar)
    sonar.set_aside_decoder()
    assert sonar.decode(embeddings, "eng_Latn") == texts

    trained = SonarText.open(folder)
    decoder = trained.decoder
    trained.set_aside_decoder()
    assert trained.decoder is decoder
