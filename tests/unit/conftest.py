"""Fixtures that several unit tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

from sonar_sign.core.demo_options import SonarPretrainOptions
from sonar_sign.demo.grammar import LANGUAGES, draw_sentences

# Whether Debian's WordNet is installed here changes no test but those that say so.
os.environ["WNSEARCHDIR"] = "/no/wordnet"

TINY_SONAR_SEED = 3
TINY_SONAR = SonarPretrainOptions(
    n_pairs=40,
    vocabulary_size=300,
    width=32,
    n_layers=1,
    n_heads=2,
    ffn_width=64,
    n_steps=250,
    batch_size=16,
    learning_rate=0.01,
    noise=0.05,
)


@pytest.fixture(scope="session")
def tiny_sonar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SONAR folder (`eng_Latn`, `ita_Latn`, 32 wide) that knows `tiny_sonar_texts` by heart.

    It takes about five seconds; copy it before changing anything in it.
    """
    # Tests of modules that need no PyTorch do not wait for it.
    from sonar_sign.demo.sonar import pretrain_sonar

    folder = tmp_path_factory.mktemp("tiny_sonar")
    pretrain_sonar(folder, TINY_SONAR_SEED, TINY_SONAR)
    return folder


@pytest.fixture(scope="session")
def tiny_sonar_texts() -> dict[str, list[str]]:
    """The 40 sentences that `tiny_sonar` was trained on, in both languages."""
    sentences = draw_sentences(TINY_SONAR.n_pairs, np.random.default_rng(TINY_SONAR_SEED))
    return {language: [s.text(language) for s in sentences] for language in LANGUAGES}
