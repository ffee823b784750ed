"""Validation scores against sacreBLEU and NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import sacrebleu
import torch
from small_files import EMBEDDING_DIM, write_manifest
from tiny_models import supervision_files_of

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LossOptions
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.training.supervision_files import make_validation, sonar_opener

torch.set_num_threads(1)

CPU = torch.device("cpu")
LOSSES = LossOptions()


def test_cosine_needs_no_decoder(tmp_path):
    manifest = write_manifest(tmp_path / "m.tsv", ["a", "b"])
    supervision_files = supervision_files_of(tmp_path / "t.npy", manifest)
    validation = make_validation(supervision_files, "cosine", sonar_opener(tmp_path, CPU, LOSSES))
    predicted = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    target = torch.tensor([[2.0, 0.0], [4.0, 3.0]])
    scores = validation.scores(["b", "a"], predicted, target)
    assert scores == {"cosine": pytest.approx((1 + 24 / 25) / 2)}


@pytest.mark.parametrize("select", ["bleu_4", "chrf"])
def test_the_decoders_scores(tmp_path, tiny_sonar, tiny_sonar_texts, select):
    texts = tiny_sonar_texts["eng_Latn"][:6]
    clip_ids = [f"c{n}" for n in range(6)]
    manifest = write_manifest(tmp_path / "m.tsv", clip_ids, texts)
    supervision_files = supervision_files_of(tmp_path / "t.npy", manifest, tiny_sonar)
    validation = make_validation(supervision_files, select, sonar_opener(tiny_sonar, CPU, LOSSES))
    sonar = SonarText.open(tiny_sonar)
    target = sonar.embed(texts, "eng_Latn")
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    # In another order than the manifest's, as batches of similar length are.
    order = [4, 2, 0, 5, 1, 3]
    predicted = (target + 0.3 * target.std() * noise)[order]
    scores = validation.scores([clip_ids[n] for n in order], predicted, target[order])
    decoded = sonar.decode(predicted, "eng_Latn", beam_size=1)
    references = [[texts[n] for n in order]]
    assert scores["bleu_4"] == pytest.approx(sacrebleu.corpus_bleu(decoded, references).score)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(decoded, references).score)
    cosine = np.mean(
        [
            p @ t / np.linalg.norm(p) / np.linalg.norm(t)
            for p, t in zip(predicted.numpy(), target[order].numpy(), strict=True)
        ]
    )
    assert scores["cosine"] == pytest.approx(cosine, abs=1e-5)
    assert scores["chrf"] > 20


def test_mistakes_are_named_before_training(tmp_path, tiny_sonar):
    manifest = write_manifest(tmp_path / "m.tsv", ["a"])

    def make(select="bleu_4", language="eng_Latn"):
        supervision_files = supervision_files_of(tmp_path / "t.npy", manifest, tiny_sonar)
        files = replace(supervision_files.validation, language=language)
        make_validation(
            replace(supervision_files, validation=files),
            select,
            sonar_opener(tiny_sonar, CPU, LOSSES),
        )

    assert SonarText.open(tiny_sonar).embedding_dim == EMBEDDING_DIM
    with pytest.raises(UserError, match="'rouge' is not one of bleu_4, chrf, cosine"):
        make(select="rouge")
    with pytest.raises(UserError, match="Unknown language 'deu_Latn'"):
        make(language="deu_Latn")
