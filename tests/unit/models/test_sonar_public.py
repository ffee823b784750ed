"""SONAR's public configuration with one layer: what the tiny stand-ins have otherwise.

256,206 tokens, 1,024 wide, positions shifted as fairseq's, `pad_idx` 1 in the models' config and 0
in the tokenizer, 202 languages.
"""

import pytest
import sentencepiece
import torch
from fairseq2.nn import BatchLayout
from public_sonar import END, PIECES, write_public_sonar

from sonar_sign.core.devices import LARGE_MODEL, n_parameters
from sonar_sign.models.sonar_packed import PackedLinear
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.models.vocabulary_loss import PIECE

torch.set_num_threads(1)
# Two files of 1.1 GB are written and read.
pytestmark = pytest.mark.long

TEXT = "My name is SONAR."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_public_sonar(tmp_path_factory.mktemp("public") / "sonar", n_layers=1)


@pytest.fixture(scope="module")
def sonar(folder):
    return SonarText.open(folder)


def test_tokens(folder, sonar):
    pieces = sentencepiece.SentencePieceProcessor(str(folder / "sentencepiece.source.256000.model"))
    assert pieces.get_piece_size() == PIECES
    assert sonar.tokenizer.vocab_info.size == 256_206
    assert (sonar.tokenizer.vocab_info.pad_idx, sonar.tokenizer.vocab_info.eos_idx) == (0, END)
    assert len(sonar.languages) == 202
    text = [*(piece + 1 for piece in pieces.encode(TEXT)), END]
    ids = {}
    for language in sonar.languages:
        (source,) = sonar.tokenize([TEXT], language, "source")
        (target,) = sonar.tokenize([TEXT], language, "target")
        ids[language] = int(source[0])
        assert source.tolist() == [ids[language], *text]
        assert target.tolist() == [END, ids[language], *text]
    assert sorted(ids.values()) == list(range(256_001, 256_203))
    # As in NLLB's published tokenizer.
    known = {"ace_Arab": 256_001, "eng_Latn": 256_047, "fra_Latn": 256_057, "zul_Latn": 256_202}
    assert {language: ids[language] for language in known} == known


def test_positions(sonar):
    """fairseq counts positions from `pad_idx` + 1, and its limit is so much higher."""
    encoder, decoder = sonar.encoder.encoder_frontend, sonar.decoder.decoder_frontend
    assert (encoder.pos_encoder.max_seq_len, decoder.pos_encoder.max_seq_len) == (514, 512)
    assert encoder.embed.pad_idx == decoder.embed.pad_idx == 1
    # Vaswani et al. 2017, section 3.5, with sines first and position 2 for the first token.
    step = 10_000 ** (-1 / 511)
    angles = torch.tensor([2 * step**i for i in range(512)])
    expected = torch.cat([angles.sin(), angles.cos()])
    for frontend in (encoder, decoder):
        found = frontend.pos_encoder.freqs[1]  # row 0 is that of padding
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_text_beyond_the_limit_is_cut_and_longer_tokens_are_refused(sonar):
    long = " ".join(["book"] * 600)
    with pytest.warns(UserWarning, match="truncated to 514"):
        embedding = sonar.embed([long, TEXT], "eng_Latn")
    assert torch.isfinite(embedding).all()
    assert len(sonar.tokenize([long], "eng_Latn", "source")[0]) == 514
    assert len(sonar.tokenize([long], "eng_Latn", "target")[0]) == 512
    for model, length in ((sonar.encoder, 515), (sonar.decoder, 513)):
        tokens = torch.full((1, length), 300)
        layout, memory = BatchLayout.of(tokens), torch.zeros(1, 1, 1024)
        with pytest.raises(ValueError, match="maximum sequence length"):
            if model is sonar.encoder:
                model(tokens, layout)
            else:
                model.decode(tokens, layout, memory, BatchLayout.of(memory))


def test_padding_changes_nothing(sonar):
    """The collater pads with the tokenizer's 0; attention and pooling must not see it."""
    alone = sonar.embed([TEXT], "ita_Latn")
    beside = sonar.embed([TEXT, " ".join(["the book is"] * 30)], "ita_Latn")[:1]
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(alone, sonar.embed([TEXT], "eng_Latn"), atol=1e-3)


def test_it_decodes_alike_however_it_is_kept(folder, sonar):
    packed = SonarText.open(folder, precision="fp32", only_decodes=True)
    assert isinstance(packed.decoder.final_proj, PackedLinear)
    assert n_parameters(packed.decoder) == n_parameters(sonar.decoder) > LARGE_MODEL
    embeddings = sonar.embed([TEXT, "the book"], "eng_Latn")
    found = [
        [
            hypothesis
            for best in one.decode_n_best(embeddings, "zul_Latn", 4, max_length=8)
            for hypothesis in best
        ]
        for one in (sonar, packed)
    ]
    assert [one.text for one in found[0]] == [one.text for one in found[1]]
    scores = torch.tensor([[one.score for one in hypotheses] for hypotheses in found])
    torch.testing.assert_close(scores[0], scores[1], rtol=1e-4, atol=1e-4)
    assert len(set(scores[0].tolist())) > 4


def test_bf16_is_near_fp32(folder, sonar):
    halved = SonarText.open(folder, precision="bf16")
    expected, found = (one.embed([TEXT, "the book"], "eng_Latn") for one in (sonar, halved))
    assert torch.cosine_similarity(expected, found).min() > 0.9999
    assert next(halved.encoder.parameters()).dtype == torch.bfloat16


def test_the_loss_comes_in_pieces(sonar):
    texts = ["the book is my name.", "SONAR"]
    embeddings = torch.randn(2, 1024, generator=torch.Generator().manual_seed(0)) / 30
    sonar.decoder.requires_grad_(False)
    largest = []
    hook = sonar.decoder.final_proj.register_forward_hook(
        lambda *called: largest.append(called[2].numel())
    )
    for batch in (embeddings.requires_grad_(), embeddings.detach().repeat(20, 1).requires_grad_()):
        n = len(batch) // 2
        losses = sonar.word_losses(batch, texts * n, "eng_Latn")
        losses.mean().backward()
        assert losses.shape == (2 * n,) and batch.grad.abs().sum(dim=1).min() > 0
        torch.testing.assert_close(losses[:2], losses[-2:], rtol=1e-5, atol=1e-5)
    hook.remove()
    assert max(largest) <= PIECE
