"""Losses against numbers worked by hand and other libraries', and their gradients."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine as scipy_cosine
from torch.nn import functional as F

from sonar_sign.core.options import LossOptions
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.training.losses import Losses
from sonar_sign.training.supervision import BatchTargets

torch.set_num_threads(1)

NAMES = ("mse", "cosine", "infonce", "decoder_ce")


def goals_of(*languages, known=None, captions=None):
    """BatchTargets with the targets of each language, `(batch, dim)`."""
    targets = torch.stack(languages, dim=1)
    if known is None:
        known = torch.ones(targets.shape[:2], dtype=torch.bool)
    return BatchTargets(targets, known, captions or {})


def only(name, variance=1.0, dim=2, weight=1.0, words=None, **options):
    weights = {other: 0.0 for other in NAMES} | {name: weight}
    return Losses(LossOptions(**weights, **options), variance, dim, words)


def loss(name, predicted, batch_targets, **options):
    losses = only(name, dim=predicted.shape[1], **options)
    return losses(predicted, batch_targets)[name]


def test_by_hand():
    predicted = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    batch_targets = goals_of(torch.tensor([[1.0, 1.0], [0.0, 4.0]]))
    # Squared errors 0, 1, 0, 4: mean 5/4, over a variance of 1/2.
    assert loss("mse", predicted, batch_targets, variance=0.5).item() == pytest.approx(2.5)
    # Cosines 1 / sqrt(2) and 1.
    cosine = (1 - 1 / math.sqrt(2)) / 2
    assert loss("cosine", predicted, batch_targets).item() == pytest.approx(cosine)
    both = Losses(LossOptions(mse=2.0, cosine=3.0), 0.5, 2)
    assert both.total(both(predicted, batch_targets)).item() == pytest.approx(5 + 3 * cosine)


def test_losses_of_no_weight_are_left_out():
    losses = Losses(LossOptions(mse=0.0, cosine=1.0), 1.0, 2)
    assert list(losses(torch.ones(1, 2), goals_of(torch.ones(1, 2)))) == ["cosine"]


def test_against_numpy_and_scipy():
    rng = np.random.default_rng(0)
    predicted, target = 0.01 * rng.normal(size=(2, 5, 32)).astype(np.float32)
    given = torch.from_numpy(predicted), goals_of(torch.from_numpy(target))
    mse = ((predicted - target) ** 2).mean() / 1e-4
    cosine = np.mean([scipy_cosine(p, t) for p, t in zip(predicted, target, strict=True)])
    assert loss("mse", *given, variance=1e-4).item() == pytest.approx(mse, rel=1e-5)
    assert loss("cosine", *given).item() == pytest.approx(cosine, rel=1e-5)


def test_the_mean_target_scores_one():
    target = torch.randn(200, 8, generator=torch.Generator().manual_seed(0)) * 0.01
    variance = float(target.numpy().var(axis=0).mean())
    predicted = target.mean(dim=0).expand(200, 8)
    found = loss("mse", predicted, goals_of(target), variance=variance)
    assert found.item() == pytest.approx(1, rel=1e-5)


def test_small_numbers_in_half_precision_are_not_lost():
    # Squares of 1e-4 are zero in float16.
    found = loss(
        "mse", torch.full((2, 4), 2e-4).half(), goals_of(torch.full((2, 4), 1e-4)), variance=1e-8
    )
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(1, rel=0.01)


def test_infonce_by_hand():
    predicted = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    batch_targets = goals_of(torch.tensor([[5.0, 0.0], [1.0, 1.0]]))
    h = 1 / math.sqrt(2)
    # Cosines with the own target over with the other's: 1 over h, and h over 0; temperature 1/2.
    first = -math.log(math.exp(2) / (math.exp(2) + math.exp(2 * h)))
    second = -math.log(math.exp(2 * h) / (math.exp(2 * h) + math.exp(0)))
    found = loss("infonce", predicted, batch_targets, infonce_temperature=0.5, infonce_queue=0)
    assert found.item() == pytest.approx((first + second) / 2, rel=1e-5)


def test_infonce_against_pytorchs_cross_entropy():
    generator = torch.Generator().manual_seed(0)
    predicted, target, earlier = (torch.randn(4, 16, generator=generator) for _ in range(3))
    losses = only("infonce", dim=16, infonce_queue=6)
    losses.remember(goals_of(earlier[:2]))
    losses.remember(goals_of(earlier[2:]))
    found = losses(predicted, goals_of(target))["infonce"]
    # The queue holds four targets, newest first, and two empty places.
    candidates = F.normalize(torch.cat([target, earlier[2:], earlier[:2]]), dim=1)
    logits = F.normalize(predicted, dim=1) @ candidates.T / 0.07
    assert found.item() == pytest.approx(F.cross_entropy(logits, torch.arange(4)).item(), rel=1e-5)
    losses.remember(goals_of(target))
    assert torch.equal(losses.queue, torch.cat([target, earlier[2:]]))


def test_the_same_caption_is_no_negative():
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    predicted = torch.tensor([[1.0, 0.2]])
    twice = loss("infonce", predicted.expand(3, 2), goals_of(target), infonce_queue=0)
    alone = loss("infonce", predicted.expand(2, 2), goals_of(target[1:]), infonce_queue=0)
    one = torch.tensor([[1.0, 0.0]])
    (first,) = [loss("infonce", predicted, goals_of(one), infonce_queue=0)]
    assert first.item() == 0  # no negatives at all
    assert math.isfinite(twice.item())
    # Rows one and two are alike; the third is as in `alone`.
    assert 3 * twice.item() > 2 * alone.item()


def test_infonce_ranks_but_does_not_scale():
    target = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    found = [loss("infonce", scale * target, goals_of(target)).item() for scale in (0.01, 100)]
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    assert loss("infonce", -target, goals_of(target)) > found[0] + 1


@pytest.fixture(scope="module")
def sonar(tiny_sonar):
    return SonarText.open(tiny_sonar)


def words(sonar, label_smoothing=0.0):
    return lambda embeddings, texts, language: sonar.word_losses(
        embeddings, texts, language, label_smoothing
    )


def test_decoder_ce_against_the_decoders_own_probabilities(sonar, tiny_sonar_texts):
    texts = sorted(tiny_sonar_texts["eng_Latn"], key=len)[:: len(tiny_sonar_texts["eng_Latn"]) - 1]
    embeddings = sonar.embed(texts, "eng_Latn")
    batch_targets = goals_of(embeddings, captions={"eng_Latn": texts})
    for smoothing in (0.0, 0.1):
        found = loss("decoder_ce", embeddings, batch_targets, words=words(sonar, smoothing))
        # One text at a time is a mean over its tokens.
        each = [
            sonar.token_loss(e[None], sonar.tokenize([t], "eng_Latn", "target"), smoothing).item()
            for e, t in zip(embeddings, texts, strict=True)
        ]
        assert found.item() == pytest.approx(np.mean(each), rel=1e-5)


def test_label_smoothing_by_hand(sonar, tiny_sonar_texts):
    (text,) = tiny_sonar_texts["eng_Latn"][:1]
    embedding = sonar.embed([text], "eng_Latn")
    plain, smooth = (
        sonar.word_losses(embedding, [text], "eng_Latn", share).item() for share in (0.0, 0.2)
    )
    # Szegedy et al. 2016: (1 - e) of the token's loss and e of the mean loss of all tokens.
    from fairseq2.nn import BatchLayout

    (tokens,) = sonar.tokenize([text], "eng_Latn", "target")
    memory = embedding[:, None]
    inputs = tokens[None, :-1]
    logits = sonar.decoder(memory, BatchLayout.of(memory), inputs, BatchLayout.of(inputs))
    of_all = -F.log_softmax(logits[0, 1:], dim=1).mean()
    assert smooth == pytest.approx(0.8 * plain + 0.2 * of_all.item(), rel=1e-4)


def test_languages_that_a_clip_lacks_count_nothing(sonar):
    predicted = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    english, italian = (
        torch.tensor([[1.0, 1.0], [0.0, 3.0]]),
        torch.tensor([[3.0, 0.0], [9.0, 9.0]]),
    )
    known = torch.tensor([[True, True], [True, False]])
    batch_targets = goals_of(english, italian, known=known)
    # First clip: (1/2 + 2) / 2; second: 4/2 from English alone.
    assert loss("mse", predicted, batch_targets).item() == pytest.approx((1.25 + 2) / 2)
    assert math.isfinite(loss("infonce", predicted, batch_targets).item())


def test_word_losses_of_languages_that_a_clip_lacks(sonar, tiny_sonar_texts):
    english, italian = (tiny_sonar_texts[code][:2] for code in ("eng_Latn", "ita_Latn"))
    embeddings = sonar.embed(english, "eng_Latn")
    known = torch.tensor([[True, True], [True, False]])
    captions = {"eng_Latn": english, "ita_Latn": [italian[0], ""]}
    batch_targets = goals_of(embeddings, embeddings, known=known, captions=captions)
    found = loss("decoder_ce", embeddings, batch_targets, words=words(sonar))
    in_english = sonar.word_losses(embeddings, english, "eng_Latn")
    in_italian = sonar.word_losses(embeddings[:1], italian[:1], "ita_Latn")
    expected = ((in_english[0] + in_italian[0]) / 2 + in_english[1]) / 2
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("name", ["mse", "cosine", "infonce"])
def test_gradients(name):
    generator = torch.Generator().manual_seed(0)
    target, earlier = (torch.randn(3, 5, generator=generator).double() for _ in range(2))
    losses = only(name, dim=5, infonce_queue=4).double()
    losses.remember(goals_of(earlier))
    predicted = torch.randn(3, 5, generator=generator).double().requires_grad_(True)
    batch_targets = goals_of(target, target.flip(0))
    assert torch.autograd.gradcheck(lambda p: losses(p, batch_targets)[name], predicted)


def test_the_decoders_gradient(sonar, tiny_sonar_texts):
    texts = tiny_sonar_texts["eng_Latn"][:2]
    embeddings = sonar.embed(texts, "eng_Latn").requires_grad_(True)
    batch_targets = goals_of(embeddings.detach(), captions={"eng_Latn": texts})
    losses = only("decoder_ce", dim=embeddings.shape[1], words=words(sonar))
    value = losses(embeddings, batch_targets)["decoder_ce"]
    (gradient,) = torch.autograd.grad(value, embeddings)
    with torch.no_grad():
        step = 0.02 * embeddings.norm() * gradient / gradient.norm()
        up, down = (losses(embeddings + d, batch_targets)["decoder_ce"] for d in (step, -step))
    slope = (up - down) / (2 * step.norm())
    assert slope.item() == pytest.approx(gradient.norm().item(), rel=0.1)
