"""SONAR opened from a folder through sonar-space's own loaders."""

import ast
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import sacrebleu
import sentencepiece
import torch
from checkpoint_files import damage

import sonar_sign
from sonar_sign.core.errors import UserError
from sonar_sign.models.sonar_text import SonarText

WIDTH = 32


@pytest.fixture(scope="module")
def sonar(tiny_sonar: Path) -> SonarText:
    return SonarText.open(tiny_sonar)


@pytest.fixture
def broken(tiny_sonar: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to be broken."""
    return shutil.copytree(tiny_sonar, tmp_path / "sonar")


def test_open_reads_cards_only(tiny_sonar: Path) -> None:
    opened = SonarText.open(tiny_sonar)
    assert opened.languages == ("eng_Latn", "ita_Latn")
    assert opened.embedding_dim == WIDTH
    assert not {"encoder", "decoder", "tokenizer"} & set(vars(opened))


def test_models_are_sonar_space_ones(sonar: SonarText) -> None:
    from sonar.models.sonar_text import SonarTextTransformerEncoderModel
    from sonar.nn.conditional_decoder_model import ConditionalTransformerDecoderModel

    assert isinstance(sonar.encoder, SonarTextTransformerEncoderModel)
    assert isinstance(sonar.decoder, ConditionalTransformerDecoderModel)
    assert not sonar.encoder.training and not sonar.decoder.training


@pytest.mark.parametrize("target", ["eng_Latn", "ita_Latn"])
@pytest.mark.parametrize("source", ["eng_Latn", "ita_Latn"])
def test_round_trip(sonar: SonarText, tiny_sonar_texts: dict, source: str, target: str) -> None:
    decoded = sonar.decode(sonar.embed(tiny_sonar_texts[source], source), target)
    references = tiny_sonar_texts[target]
    bleu = sacrebleu.corpus_bleu(decoded, [references]).score
    chance = sacrebleu.corpus_bleu(references[1:] + references[:1], [references]).score
    assert bleu > 60 > chance + 20


def test_embed_is_deterministic_and_independent_of_the_batch(
    sonar: SonarText, tiny_sonar_texts: dict
) -> None:
    texts = tiny_sonar_texts["eng_Latn"]
    embeddings = sonar.embed(texts, "eng_Latn")
    assert embeddings.shape == (len(texts), WIDTH)
    assert embeddings.dtype == torch.float32
    assert torch.equal(embeddings, sonar.embed(texts, "eng_Latn"))
    one_by_one = sonar.embed(texts, "eng_Latn", batch_size=1)
    torch.testing.assert_close(one_by_one, embeddings, rtol=1e-5, atol=1e-5)
    assert not embeddings.is_inference()


def test_embed_tokens_equals_embed(sonar: SonarText, tiny_sonar_texts: dict) -> None:
    texts = tiny_sonar_texts["ita_Latn"]
    trainable = sonar.embed_tokens(sonar.tokenize(texts, "ita_Latn", "source"))
    assert trainable.requires_grad
    expected = sonar.embed(texts, "ita_Latn")
    torch.testing.assert_close(trainable.detach(), expected, rtol=1e-5, atol=1e-5)


def test_decode_equals_sonar_space_pipeline(sonar: SonarText, tiny_sonar_texts: dict) -> None:
    from sonar.inference_pipelines.text import EmbeddingToTextModelPipeline

    embeddings = sonar.embed(tiny_sonar_texts["eng_Latn"], "eng_Latn")
    embeddings += 0.5 * torch.randn(embeddings.shape, generator=torch.Generator().manual_seed(0))
    pipeline = EmbeddingToTextModelPipeline(sonar.decoder, sonar.tokenizer)
    expected = pipeline.predict(embeddings, "ita_Latn", beam_size=3)
    assert sonar.decode(embeddings, "ita_Latn", beam_size=3) == expected
    assert sonar.decode(embeddings, "ita_Latn", beam_size=3, batch_size=7) == expected


def test_decode_n_best(sonar: SonarText, tiny_sonar_texts: dict) -> None:
    embeddings = sonar.embed(tiny_sonar_texts["eng_Latn"][:3], "eng_Latn")
    results = sonar.decode_n_best(embeddings, "eng_Latn", n_best=4, beam_size=2)
    for hypotheses in results:
        scores = [hypothesis.score for hypothesis in hypotheses]
        assert len(scores) == 4
        assert scores == sorted(scores, reverse=True)
        assert scores[0] <= 0
    best = [hypotheses[0].text for hypotheses in results]
    assert best == sonar.decode(embeddings, "eng_Latn", beam_size=4)


def test_decode_stops_at_max_length(sonar: SonarText, tiny_sonar_texts: dict) -> None:
    embeddings = sonar.embed(tiny_sonar_texts["eng_Latn"][:2], "eng_Latn")
    short = sonar.decode(embeddings, "eng_Latn", max_length=3)
    tokens = sonar.tokenize(short, "eng_Latn", "target")
    assert all(len(sequence) <= 2 + 3 for sequence in tokens)


def test_nothing_in_nothing_out(sonar: SonarText) -> None:
    assert sonar.embed([], "eng_Latn").shape == (0, WIDTH)
    assert sonar.decode(torch.zeros(0, WIDTH), "eng_Latn") == []


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_token_losses_equal_stepwise_log_probabilities(
    sonar: SonarText, tiny_sonar: Path, tiny_sonar_texts: dict, label_smoothing: float
) -> None:
    from fairseq2.nn import BatchLayout

    texts = [*tiny_sonar_texts["ita_Latn"][:4], "Io porto il libro rosso adesso."]
    embeddings = torch.randn(len(texts), WIDTH, generator=torch.Generator().manual_seed(1))
    tokens = sonar.tokenize(texts, "ita_Latn", "target")
    loss = sonar.token_loss(embeddings, tokens, label_smoothing)
    of_texts = sonar.word_losses(embeddings, texts, "ita_Latn", label_smoothing)

    # Tokens by hand: fairseq2 puts <pad> before the model's pieces and the languages after.
    pieces = sentencepiece.SentencePieceProcessor(str(tiny_sonar / "sentencepiece.model"))
    italian = pieces.get_piece_size() + 1 + ["eng_Latn", "ita_Latn"].index("ita_Latn")
    end = pieces.eos_id() + 1
    losses = []
    for text, embedding in zip(texts, embeddings, strict=True):
        sequence = [end, italian, *(piece + 1 for piece in pieces.encode(text)), end]
        memory = embedding.view(1, 1, WIDTH)
        for n in range(2, len(sequence)):
            prefix = torch.tensor([sequence[:n]])
            logits = sonar.decoder(memory, BatchLayout.of(memory), prefix, BatchLayout.of(prefix))
            log_p = logits[0, -1].log_softmax(0)
            certain, uniform = -log_p[sequence[n]], -log_p.mean()
            losses.append((1 - label_smoothing) * certain + label_smoothing * uniform)
    torch.testing.assert_close(loss, torch.stack(losses).mean(), rtol=1e-4, atol=1e-5)
    scored = [len(sequence) - 2 for sequence in tokens]
    each = torch.stack([part.mean() for part in torch.stack(losses).split(scored)])
    torch.testing.assert_close(of_texts, each, rtol=1e-4, atol=1e-5)


def test_word_losses_have_gradients(tiny_sonar: Path, tiny_sonar_texts: dict) -> None:
    sonar = SonarText.open(tiny_sonar)
    embeddings = sonar.embed(tiny_sonar_texts["eng_Latn"], "eng_Latn").requires_grad_()
    sonar.word_losses(embeddings, tiny_sonar_texts["eng_Latn"], "eng_Latn").sum().backward()
    assert embeddings.grad.abs().sum(dim=1).min() > 0
    assert all(parameter.grad is not None for parameter in sonar.decoder.parameters())

    sonar.decoder.requires_grad_(False)
    sonar.decoder.zero_grad()
    embeddings.grad = None
    sonar.word_losses(embeddings, tiny_sonar_texts["ita_Latn"], "ita_Latn").sum().backward()
    assert embeddings.grad is not None
    assert all(parameter.grad is None for parameter in sonar.decoder.parameters())


def test_word_losses_want_one_text_an_embedding(sonar: SonarText) -> None:
    with pytest.raises(ValueError, match="2 texts for 1 embeddings"):
        sonar.word_losses(torch.zeros(1, WIDTH), ["a", "b"], "eng_Latn")


def test_moved_folder_loads_without_network(
    tiny_sonar: Path,
    tiny_sonar_texts: dict,
    sonar: SonarText,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    moved = shutil.copytree(tiny_sonar, tmp_path / "a moved folder, #1 é 100%")
    texts = tiny_sonar_texts["eng_Latn"][:5]
    opened = SonarText.open(moved)
    embeddings = opened.embed(texts, "eng_Latn")
    assert torch.equal(embeddings, sonar.embed(texts, "eng_Latn"))
    assert opened.decode(embeddings, "eng_Latn") == sonar.decode(embeddings, "eng_Latn")


def test_relative_folder(
    tiny_sonar: Path, sonar: SonarText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_sonar.parent)
    opened = SonarText.open(Path(tiny_sonar.name))
    assert torch.equal(opened.embed(["A book."], "eng_Latn"), sonar.embed(["A book."], "eng_Latn"))


def test_public_folder_needs_no_cards(tmp_path: Path) -> None:
    public = SonarText.open(tmp_path)
    assert len(public.languages) == 202
    assert public.embedding_dim == 1024
    with pytest.raises(UserError, match=r"sonar_text_decoder\.pt is missing"):
        _ = public.decoder
    with pytest.raises(UserError, match=r"sonar_text_encoder\.pt is missing"):
        _ = public.encoder
    with pytest.raises(UserError, match=r"sentencepiece\.source\.256000\.model is missing"):
        _ = public.tokenizer


@pytest.mark.parametrize(
    ("code", "nearest"), [("eng", "eng_Latn"), ("ITA_latn", "ita_Latn"), ("???", "eng_Latn")]
)
def test_unknown_language(sonar: SonarText, code: str, nearest: str) -> None:
    with pytest.raises(UserError, match=f"Unknown language.*{nearest}"):
        sonar.decode(torch.zeros(1, WIDTH), code)
    with pytest.raises(UserError, match="Unknown language"):
        sonar.embed(["a"], code)


def test_embeddings_that_do_not_fit(sonar: SonarText) -> None:
    with pytest.raises(UserError, match=r"\(2, 1024\) do not fit .* \(n, 32\)"):
        sonar.decode(torch.zeros(2, 1024), "eng_Latn")
    with pytest.raises(UserError, match="1 of 3 embeddings contain NaN .* row 1"):
        sonar.decode(torch.tensor([0.0, torch.nan, 0.0])[:, None].repeat(1, WIDTH), "eng_Latn")


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="SONAR folder not found"):
        SonarText.open(tmp_path / "nowhere")


def test_unreadable_card(broken: Path) -> None:
    (broken / "cards.yaml").write_text("name: [")
    with pytest.raises(UserError, match=r"cards\.yaml cannot be read"):
        SonarText.open(broken)


def test_card_without_an_address(broken: Path) -> None:
    cards = (broken / "cards.yaml").read_text().replace("checkpoint:", "chekpoint:")
    (broken / "cards.yaml").write_text(cards)
    with pytest.raises(UserError, match="does not have a field named checkpoint"):
        SonarText.open(broken)


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_encoder_layers", 400_000), ("num_decoder_attn_heads", -1), ("model_dim", 10**12),
     ("max_seq_len", 2**62), ("emb_dropout_p", ".nan"), ("size", 10**10)],
)  # fmt: skip
def test_a_cards_numbers_are_bounded(broken: Path, name: str, value: object) -> None:
    cards = (broken / "cards.yaml").read_text()
    changed, n = re.subn(rf"(?m)^( +){name}: .*$", rf"\g<1>{name}: {value}", cards)
    assert n
    (broken / "cards.yaml").write_text(changed)
    with pytest.raises(UserError, match=rf"cards\.yaml: {name} = .* is not from 0 to"):
        SonarText.open(broken)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_damage_in_a_checkpoint_is_refused(broken: Path, part: str) -> None:
    damage(broken / f"sonar_text_{part}.pt")
    with pytest.raises(UserError, match=rf"sonar_text_{part}\.pt .*checksum of its entry"):
        getattr(SonarText.open(broken), part)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("keep", [0.9, 0.001, 0.0])
def test_truncated_checkpoint(broken: Path, part: str, keep: float) -> None:
    path = broken / f"sonar_text_{part}.pt"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(UserError, match=rf"sonar_text_{part}\.pt cannot be read"):
        getattr(SonarText.open(broken), part)


def test_checkpoint_of_another_shape(broken: Path) -> None:
    path = broken / "sonar_text_decoder.pt"
    checkpoint = torch.load(path, weights_only=True)
    name = "decoder_frontend.embed.weight"
    checkpoint["model"][name] = checkpoint["model"][name][:, :16]
    del checkpoint["model"]["decoder.layer_norm.weight"]
    torch.save(checkpoint, path)
    expected = r"sonar_text_decoder\.pt does not fit .* decoder\.layer_norm\.weight.*16\).*32\)"
    with pytest.raises(UserError, match=expected):
        _ = SonarText.open(broken).decoder


@pytest.mark.parametrize(
    "content", [{"model": {"weight": Path("an object")}}, {"something": "else"}, [1, 2], "text"]
)
def test_not_a_sonar_checkpoint(broken: Path, content: object) -> None:
    torch.save(content, broken / "sonar_text_encoder.pt")
    with pytest.raises(UserError, match=r"sonar_text_encoder\.pt cannot be read"):
        _ = SonarText.open(broken).encoder


def test_broken_tokenizer(broken: Path) -> None:
    (broken / "sentencepiece.model").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"sentencepiece\.model cannot be read"):
        _ = SonarText.open(broken).tokenizer


@pytest.mark.slow
def test_libraries_are_silent(tiny_sonar: Path) -> None:
    code = (
        "from sonar_sign.models.sonar_text import SonarText\n"
        f"sonar = SonarText.open({str(tiny_sonar)!r})\n"
        "sonar.decode(sonar.embed(['The book.'], 'eng_Latn'), 'ita_Latn')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_no_other_module_imports_fairseq2() -> None:
    """Importing fairseq2 costs seconds: only `sonar_*` may, and only functions import those."""
    package = Path(sonar_sign.__file__).parent
    rooms = [path.stem for path in package.glob("models/sonar_*.py")]
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path in [package / "models" / f"{room}.py" for room in rooms]:
            continue
        anywhere = set().union(*map(imported_names, ast.walk(tree)))
        roots = {name.split(".")[0] for name in anywhere}
        assert not roots & {"fairseq2", "fairseq2n", "sonar"}, path
        at_top_level = set().union(*map(imported_names, tree.body))
        for room in (f"sonar_sign.models.{room}" for room in rooms):
            assert room not in at_top_level, f"{path}: import {room} where it is needed"


def imported_names(node: ast.AST) -> set[str]:
    """The modules that a statement imports; `from a import b` may mean `a` or `a.b`."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()
