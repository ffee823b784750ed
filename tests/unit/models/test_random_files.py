"""Files with random weights: the same each time, and opened like the public ones."""

import subprocess
import sys

import pytest
import sentencepiece
import torch
from golden_weights import layout as golden_layout

from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera
from sonar_sign.models.public_layouts import (
    Depth,
    sign_encoder_layout,
    sign_hiera_layout,
    smaller_encoder,
    smaller_hiera,
)
from sonar_sign.models.random_files import (
    random_numbers,
    write_random_model,
    write_random_pieces,
)

SMALL = {"num_heads": 2, "embed_dim": 8, "stages": (1, 1, 1, 1), "input_size": (8, 32, 32)}


@pytest.mark.parametrize(
    ("file", "layout", "n_tensors"),
    [
        ("signhiera_base_128x224.keys.json", sign_hiera_layout(), 302),
        ("sonar_signt5_large.keys.json", sign_encoder_layout(), 561),
    ],
)
def test_the_layouts_are_the_public_ones(file, layout, n_tensors):
    meta, shapes = golden_layout(file)
    assert layout.shapes == shapes
    assert layout.n_parameters == meta.get("n_params", meta.get("n_params_unique"))
    assert len(shapes) - len(layout.tied) == n_tensors
    assert layout.config is None


@pytest.fixture
def layouts():
    encoder = {"d_model": 32, "d_ff": 64, "num_layers": 1, "num_decoder_layers": 1, "vocab_size": 9}
    return {
        "hiera": sign_hiera_layout(SMALL),
        "encoder": sign_encoder_layout({**encoder, "num_heads": 2, "d_kv": 16}),
    }


def write(folder, layouts, seed=1):
    folder.mkdir()
    with random_numbers(folder / "numbers", list(layouts.values()), seed) as numbers:
        for name, layout in layouts.items():
            write_random_model(folder / name, layout, numbers)
    assert {path.name for path in folder.iterdir()} == set(layouts)
    return {name: (folder / name).read_bytes() for name in layouts}


def test_the_same_seed_gives_the_same_bytes(tmp_path, layouts):
    first, again = (write(tmp_path / name, layouts) for name in ("first", "again"))
    other = write(tmp_path / "other", layouts, seed=2)
    assert first == again
    assert all(first[name] != other[name] for name in layouts)


def test_the_files_are_opened_as_the_public_ones(tmp_path, layouts):
    write(tmp_path / "made", layouts)
    hiera = load_sign_hiera(tmp_path / "made/hiera")
    encoder = load_sign_encoder(tmp_path / "made/encoder")
    assert torch.equal(hiera.state_dict()["norm.weight"], torch.ones(64))
    assert torch.equal(hiera.state_dict()["norm.bias"], torch.zeros(64))
    weights = torch.cat([w.flatten() for w in hiera.state_dict().values() if w.ndim > 1])
    assert weights.std().item() == pytest.approx(0.02, rel=0.05)
    rows = encoder.shared.weight
    assert len({tuple(row) for row in rows.tolist()}) == len(rows), "no two rows are equal"
    assert encoder.decoder.embed_tokens.weight.data_ptr() == rows.data_ptr()


def test_fewer_layers_are_said_by_the_file():
    hiera, encoder = smaller_hiera(Depth(2)), smaller_encoder(Depth(2))
    assert hiera["stages"] == (2, 2, 2, 2) and encoder["num_layers"] == 2
    assert smaller_hiera(Depth(99)) is None and smaller_encoder(Depth()) is None


PEAK = """
import resource, sys
from pathlib import Path
from sonar_sign.models.public_layouts import Layout
from sonar_sign.models.random_files import random_numbers, write_random_model
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
layout = Layout("model", {f"{n}.weight": (1000, 5000) for n in range(12)}, {})
with random_numbers(Path(sys.argv[1]) / "numbers", [layout], 1) as numbers:
    write_random_model(Path(sys.argv[1]) / "model.pt", layout, numbers)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_file_needs_little_memory(tmp_path):
    """Pages of the mapped numbers count as memory here; a tensor is 20 MB, a block 17."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert (tmp_path / "model.pt").stat().st_size > 240_000_000
    assert int(done.stdout) * 1024 < 100_000_000


def test_pieces_are_a_sentencepiece_model(tmp_path):
    texts = ["Hello there, how do you do?", "How do I remove it?"]
    write_random_pieces(tmp_path / "pieces", 4000, texts)
    model = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "pieces"))
    assert model.vocab_size() == 4000
    assert [model.unk_id(), model.bos_id(), model.eos_id(), model.pad_id()] == [0, 1, 2, -1]
    assert len({model.id_to_piece(n) for n in range(4000)}) == 4000
    for text in [*texts, "Something else: x+y=2!"]:
        ids = model.encode(text)
        assert 0 not in ids and model.decode(ids) == text
    assert len(model.encode(texts[0])) == 6
