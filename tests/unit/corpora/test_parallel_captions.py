"""Captions in another language, for the clips of a manifest."""

import pytest
from small_files import row, write_annotations, write_manifest

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table
from sonar_sign.corpora.parallel_captions import write_captions


@pytest.fixture
def root(tmp_path):
    english = write_annotations(tmp_path, [row("a"), row("b"), row("c")])
    italian = [row("c", text="Tre."), row("b", text=" L’ora  è giusta? "), row("a", text=" ")]
    write_annotations(tmp_path / "it", italian).rename(english.with_suffix(".ita_Latn.csv"))
    return tmp_path


def run(root, clip_ids, language="ita_Latn"):
    output = root / "captions.tsv"
    manifest = write_manifest(root / "manifest.tsv", clip_ids)
    write_captions("how2sign", root, "train", language, manifest, output)
    return read_table(output, ("clip_id", "text"))


def test_the_manifests_clips_in_its_order(root):
    table = run(root, ["b", "c"])
    assert table.values.tolist() == [["b", "L'ora è giusta?"], ["c", "Tre."]]


@pytest.mark.parametrize(("clip_ids", "n"), [(["b", "a"], 1), (["a", "x", "b"], 2)])
def test_a_clip_without_a_caption_is_an_error(root, clip_ids, n):
    named = next(clip_id for clip_id in clip_ids if clip_id != "b")
    with pytest.raises(UserError, match=f"ita_Latn captions of split 'train' lack {n} .* {named} "):
        run(root, clip_ids)
    assert not (root / "captions.tsv").exists()


def test_a_language_that_the_corpus_lacks(root):
    with pytest.raises(UserError, match="fra_Latn captions not found"):
        run(root, ["b"], "fra_Latn")


@pytest.mark.parametrize("text", ["x" * 2001, "é " * 1500])
def test_a_caption_that_is_no_sentence_is_an_error(root, text):
    write_annotations(root / "it", [row("b", text=text)]).rename(
        root / "how2sign_realigned_train.ita_Latn.csv"
    )
    with pytest.raises(UserError, match="more than 2000 characters for 1 clips, b for example"):
        run(root, ["b"])


def test_a_malformed_row_of_another_clip_does_no_harm(root):
    write_annotations(root / "it", ["too\tfew", row("b", text="Due.")]).rename(
        root / "how2sign_realigned_train.ita_Latn.csv"
    )
    assert run(root, ["b"])["text"].tolist() == ["Due."]
