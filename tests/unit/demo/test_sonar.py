"""Training of the demo's stand-in for SONAR."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from sonar_sign.core.demo_options import SonarPretrainOptions
from sonar_sign.core.files import sha256_of
from sonar_sign.demo import sonar as demo_sonar
from sonar_sign.demo.grammar import LANGUAGES, draw_sentences
from sonar_sign.demo.sonar import pretrain_sonar

BRIEF = SonarPretrainOptions(
    n_pairs=30, width=16, n_layers=1, n_heads=2, ffn_width=16, n_steps=3, batch_size=4
)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in folder.iterdir()}


def test_same_seed_same_files(tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    pretrain_sonar(tmp_path / "first", 1, BRIEF)
    torch.rand(3)
    pretrain_sonar(tmp_path / "second", 1, BRIEF)
    pretrain_sonar(tmp_path / "other", 2, BRIEF)
    first = hashes(tmp_path / "first")
    assert set(first) == {
        "cards.yaml",
        "sentencepiece.model",
        "sonar_text_decoder.pt",
        "sonar_text_encoder.pt",
    }
    assert hashes(tmp_path / "second") == first
    assert hashes(tmp_path / "other")["sonar_text_decoder.pt"] != first["sonar_text_decoder.pt"]
    # The caller's random numbers are its own: only the one draw above moved the generator.
    torch.random.set_rng_state(before)
    torch.rand(3)
    after_own_draw = torch.random.get_rng_state()
    torch.random.set_rng_state(before)
    pretrain_sonar(tmp_path / "first", 1, replace(BRIEF, n_steps=1))
    torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), after_own_draw)


def test_cards_hold_no_paths(tiny_sonar: Path) -> None:
    cards = list(yaml.safe_load_all((tiny_sonar / "cards.yaml").read_text()))
    assert [card["model_family"] for card in cards] == [
        "transformer_encoder",
        "transformer_decoder",
    ]
    for card in cards:
        assert re.fullmatch(r"sonar_text_(en|de)coder\.pt", card["checkpoint"])
        assert card["tokenizer"] == "sentencepiece.model"
        assert card["tokenizer_family"] == "nllb"


def test_excluded_texts_are_never_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = {s.text("eng_Latn") for s in draw_sentences(200, np.random.default_rng(1))}
    seen = {}
    monkeypatch.setattr(demo_sonar, "_train", lambda sonar, texts, options: seen.update(texts))
    pretrain_sonar(tmp_path, 1, replace(BRIEF, n_pairs=200))
    assert set(seen["eng_Latn"]) == drawn
    exclude = sorted(drawn)[::2]
    pretrain_sonar(tmp_path, 1, replace(BRIEF, n_pairs=200), exclude)
    assert not set(seen["eng_Latn"]) & set(exclude)
    assert [len(seen[language]) for language in LANGUAGES] == [200, 200]


def test_both_languages_share_one_embedding_space(tiny_sonar: Path, tiny_sonar_texts: dict) -> None:
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(tiny_sonar)
    eng, ita = (sonar.embed(tiny_sonar_texts[language], language) for language in LANGUAGES)
    between_languages = (eng - ita).pow(2).sum(1).mean()
    between_sentences = (eng - eng.roll(1, 0)).pow(2).sum(1).mean()
    assert between_languages < 0.2 * between_sentences
