"""The sentences before a clip: off at the start, learnt, and stored with the sign encoder."""

import pytest
import torch
from golden_weights import inputs, tiny_encoder

from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.sign_context import stack_context
from sonar_sign.models.sign_encoder import SignEncoder

torch.set_num_threads(1)

FEATURES = inputs(3, 20, 24)
LENGTHS = torch.tensor([20, 7, 12])
EARLIER = [[], [inputs(5, 24) + 1], [inputs(9, 24) - 1, inputs(6, 24) + 2]]
CONTEXT = stack_context(EARLIER, 24)


def reader(n: int = 2, learnt: bool = True) -> SignEncoder:
    """A sign encoder that reads `n` sentences before; as after training if `learnt`."""
    model = tiny_encoder("s020")
    torch.manual_seed(0)
    model.read_sentences_before(n)
    if learnt:
        torch.nn.init.normal_(model.context_reader.output.weight, std=0.3)
        torch.nn.init.normal_(model.context_reader.marks, std=0.3)
    return model.eval()


@pytest.mark.parametrize("n", [1, 2])
def test_at_the_start_every_embedding_is_as_without_context_to_the_bit(n):
    plain, model = tiny_encoder("s020").eval(), reader(n, learnt=False)
    context = stack_context([clips[-n:] for clips in EARLIER], 24)
    with torch.inference_mode():
        for lengths in (LENGTHS, None):
            expected = plain(FEATURES, lengths)
            assert torch.equal(model(FEATURES, lengths, context), expected)
            assert torch.equal(model(FEATURES, lengths), expected)


def test_the_first_sentence_of_a_video_is_read_as_without_context():
    model = reader()
    with torch.inference_mode():
        plain, found = model(FEATURES, LENGTHS), model(FEATURES, LENGTHS, CONTEXT)
    assert torch.equal(found[0], plain[0])
    assert not torch.allclose(found[1], plain[1]) and not torch.allclose(found[2], plain[2])


def test_where_a_context_is_padded_does_not_matter():
    model = reader()
    with torch.inference_mode():
        together = model(FEATURES, LENGTHS, CONTEXT)
        for row, earlier in enumerate(EARLIER):
            alone = model.embed_after(FEATURES[row, : LENGTHS[row]], earlier)
            assert torch.allclose(alone[0], together[row], atol=1e-6)


def test_which_sentence_is_nearer_counts():
    model = reader()
    clip, (far, near) = FEATURES[0], EARLIER[2]
    with torch.inference_mode():
        found = model.embed_after(clip, [far, near])
        assert not torch.allclose(found, model.embed_after(clip, [near, far]), atol=1e-5)
        # A sentence without features takes its place.
        none = near[:0]
        assert not torch.allclose(
            model.embed_after(clip, [near, none]), model.embed_after(clip, [near]), atol=1e-5
        )
        # Those further back than it was trained for are not read.
        assert torch.equal(model.embed_after(clip, [clip + 3, far, near]), found)
        assert torch.equal(model.embed_after(clip, []), model(clip[None]))


def test_gradients_reach_the_sentences_before():
    model = reader(learnt=False).train()
    context = stack_context(EARLIER, 24)
    context.features.requires_grad_()
    model(FEATURES, LENGTHS, context).square().sum().backward()
    weights = dict(model.context_reader.named_parameters())
    # At the start only the last projection can move, and it does.
    assert weights["output.weight"].grad.abs().sum() > 0
    assert context.features.grad.abs().sum() == 0

    model = reader().train()
    model(FEATURES, LENGTHS, context).square().sum().backward()
    for name, weight in model.context_reader.named_parameters():
        assert weight.grad.abs().sum() > 0, name
    reached = context.features.grad.abs().sum(dim=2) > 0
    # Every row of the sentences before, and nothing that only fills up.
    assert torch.equal(reached, context.distances > 0)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_batch_of_first_sentences_trains_every_weight_too(precision):
    model = reader().train()
    # T5's biases of positions, all negative, must not add up to minus infinity.
    torch.nn.init.constant_(
        model.encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight, -9e35
    )
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        embeddings = model(FEATURES[:2], context=stack_context([[], EARLIER[1]], 24))
        assert torch.isfinite(embeddings).all()
        embeddings[:1].sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())
    assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())


def test_rows_that_look_alike_find_each_other_before_anything_is_learnt():
    model = reader(1, learnt=False).context_reader
    rows = torch.randn(1, 90, 2 * 32, generator=torch.Generator().manual_seed(3))
    scores = torch.einsum("bid,bjd->ij", model.queries(rows), model.keys(rows))
    assert (scores.argmax(dim=1) == torch.arange(90)).float().mean() > 0.9


def test_it_is_stored_with_the_sign_encoder(tmp_path):
    model = reader()
    save_sign_encoder(tmp_path / "a.pt", model)
    again = load_sign_encoder(tmp_path / "a.pt")
    assert again.config == model.config and again.config.context == 2
    with torch.inference_mode():
        expected = model(FEATURES, LENGTHS, CONTEXT)
        assert torch.equal(again(FEATURES, LENGTHS, CONTEXT), expected)
    # Without context a file has the tensors of the public one.
    save_sign_encoder(tmp_path / "b.pt", tiny_encoder("s020"))
    names = [
        set(torch.load(tmp_path / name, weights_only=True)["student"]) for name in ("a.pt", "b.pt")
    ]
    assert {name.partition(".")[0] for name in names[0] - names[1]} == {"context_reader"}
    assert names[1] == set(tiny_encoder().state_dict()) < names[0]


def test_a_file_that_announces_too_much_is_refused(tmp_path):
    save_sign_encoder(tmp_path / "a.pt", reader(1))
    file = torch.load(tmp_path / "a.pt", weights_only=True)
    for n, words in ((0, "unexpected: context_reader"), (2, "marks"), (3, "context = 3")):
        file["config"]["context"] = n
        torch.save(file, tmp_path / "b.pt")
        with pytest.raises(UserError, match=words):
            load_sign_encoder(tmp_path / "b.pt")


def test_more_sentences_can_be_read_later_and_fewer_cannot():
    model = reader(1)
    context = stack_context([clips[-1:] for clips in EARLIER], 24)
    with torch.inference_mode():
        before = model(FEATURES, LENGTHS, context)
        model.read_sentences_before(2)
        assert torch.equal(model(FEATURES, LENGTHS, context), before)
    model.read_sentences_before(2)
    with pytest.raises(ValueError, match="reads 2 sentences"):
        model.read_sentences_before(1)
    with pytest.raises(ValueError, match="reads no sentences"):
        tiny_encoder()(FEATURES, LENGTHS, CONTEXT)
