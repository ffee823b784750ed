"""`embed_text`: captions through SONAR's text encoder, in the manifest's order."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from in_process import refusal
from small_files import EMBEDDING_DIM, write_manifest

from sonar_sign.core.errors import UserError
from sonar_sign.core.target_options import TargetOptions
from sonar_sign.features.embed_text import embed_text
from sonar_sign.features.targets import read_targets
from sonar_sign.models.sonar_text import SonarText

torch.set_num_threads(1)


def test_targets_are_the_captions_embeddings(tmp_path, tiny_sonar, tiny_sonar_texts):
    # More than one batch, lengths mixed, one caption twice.
    texts = [*tiny_sonar_texts["eng_Latn"], tiny_sonar_texts["eng_Latn"][3]]
    clip_ids = [f"c{n}" for n in range(len(texts))][::-1]
    manifest = write_manifest(tmp_path / "m.tsv", clip_ids, texts)
    embed_text(manifest, tiny_sonar, tmp_path / "t.npy", device="cpu")
    targets = read_targets(tmp_path / "t.npy")
    assert list(targets) == clip_ids
    assert targets["c0"].shape == (EMBEDDING_DIM,)
    assert np.allclose(targets["c0"], targets[clip_ids[3]], atol=1e-5)
    # Each on its own, without padding, gives the same.
    sonar = SonarText.open(tiny_sonar)
    for number in (0, 17, 40):
        alone = sonar.embed([texts[number]], "eng_Latn")[0].numpy()
        assert np.allclose(targets[clip_ids[number]], alone, atol=1e-5)


def test_the_language_counts(tmp_path, tiny_sonar, tiny_sonar_texts):
    manifest = write_manifest(tmp_path / "m.tsv", ["a"], tiny_sonar_texts["eng_Latn"][:1])
    for language in ("eng_Latn", "ita_Latn"):
        embed_text(manifest, tiny_sonar, tmp_path / f"{language}.npy", language=language)
    english, italian = (
        read_targets(tmp_path / f"{language}.npy")["a"] for language in ("eng_Latn", "ita_Latn")
    )
    assert not np.allclose(english, italian, atol=1e-3)


def test_a_row_has_a_language_of_its_own(tmp_path, tiny_sonar, tiny_sonar_texts):
    texts = [tiny_sonar_texts["eng_Latn"][0]] * 3
    manifest = write_manifest(tmp_path / "m.tsv", ["a", "b", "c"], texts)
    lines = manifest.read_text().splitlines()
    languages = ["language", "", "ita_Latn", "eng_Latn"]
    rows = [f"{line}\t{own}" for line, own in zip(lines, languages, strict=True)]
    manifest.write_text("\n".join(rows) + "\n")
    embed_text(manifest, tiny_sonar, tmp_path / "t.npy", language="eng_Latn", device="cpu")
    targets = read_targets(tmp_path / "t.npy")
    sonar = SonarText.open(tiny_sonar)
    english, italian = (
        sonar.embed(texts[:1], language)[0].numpy() for language in ("eng_Latn", "ita_Latn")
    )
    for clip_id, expected in (("a", english), ("b", italian), ("c", english)):
        assert np.allclose(targets[clip_id], expected, atol=1e-5)
    assert not np.allclose(english, italian, atol=1e-3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("clip_id\ttext\na\té\n".encode("latin-1"), "line 2; convert it"),
        (b"clip_id,text\na,Hello, you\n", "line 2: 3 fields"),
        (b'{"clip_id": "a", "text": null}\n', "'text' is null"),
        (b"clip_id\ttext\na\tx\nA\ty\n", "differ only in case"),
        (b"Hello\n", "texts without ids"),
    ],
)
def test_captions_that_would_be_altered_are_refused(tmp_path, content, words):
    (tmp_path / "m").write_bytes(content)
    # Before SONAR is opened: the folder holds none.
    command = ("embed_text", "--manifest", tmp_path / "m", "--sonar", tmp_path)
    assert words in refusal(*command, "--output", tmp_path / "t.npy")


@pytest.mark.parametrize("precision", ["auto", "fp32", "bf16"])
def test_the_index_says_how_targets_were_made(tmp_path, tiny_sonar, tiny_sonar_texts, precision):
    texts = tiny_sonar_texts["eng_Latn"]
    manifest = write_manifest(tmp_path / "m.tsv", [f"c{n}" for n in range(len(texts))], texts)
    found = []
    for name, options in (("a", TargetOptions(precision)), ("b", TargetOptions("fp32"))):
        embed_text(manifest, tiny_sonar, tmp_path / f"{name}.npy", options, device="cpu")
        found.append(np.stack(list(read_targets(tmp_path / f"{name}.npy").values())))
    metadata = pq.read_schema(tmp_path / "a.parquet").metadata
    effective = b"bf16" if precision == "bf16" else b"fp32"  # a small model gains nothing
    assert (metadata[b"precision"], metadata[b"device"]) == (effective, b"cpu")
    cosines = torch.cosine_similarity(*map(torch.from_numpy, found))
    assert cosines.min() > (0.999 if precision == "bf16" else 1 - 1e-6)
    assert found[0].dtype == np.float32
    assert np.array_equal(*found) == (precision != "bf16")


def test_mistakes_are_named(tmp_path, tiny_sonar):
    manifest, output = write_manifest(tmp_path / "m.tsv", ["a"]), tmp_path / "t.npy"
    with pytest.raises(UserError, match="Unknown language 'eng'"):
        embed_text(manifest, tiny_sonar, output, language="eng")
    with pytest.raises(UserError, match="SONAR folder not found: .*/nowhere"):
        embed_text(manifest, tmp_path / "nowhere", output)
    with pytest.raises(UserError, match=r"none\.tsv"):
        embed_text(tmp_path / "none.tsv", tiny_sonar, output)
    assert not output.exists()
