"""Choosing among the beam's texts: by SONAR's own embeddings, and by minimum Bayes risk."""

from dataclasses import replace

import pytest
import sacrebleu
import torch

from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import PredictOptions
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.translation.decoding import decode, expected_chrf, nearness, reranked

torch.set_num_threads(1)

OPTIONS = PredictOptions(beam_size=4, batch_size=3)


def test_the_planted_hypothesis_is_the_nearest():
    embeddings = torch.eye(3)
    texts = [["far", "near 0", "far"], ["near 1"], ["far", "far", "near 2"]]
    asked = []

    def embed(some):
        asked.append(list(some))
        directions = {f"near {axis}": 5.0 * embeddings[axis] for axis in range(3)}
        return torch.stack([directions.get(text, -torch.ones(3)) for text in some])

    scores = nearness(texts, embeddings, embed)
    assert [max(range(len(s)), key=s.__getitem__) for s in scores] == [1, 0, 2]
    assert scores[1] == [pytest.approx(1)]
    # Each text is embedded once, all together.
    assert [sorted(some) for some in asked] == [["far", "near 0", "near 1", "near 2"]]


def test_of_equals_the_likelier_stays_first():
    assert reranked("abcd", [1.0, 2.0, 1.0, 2.0]) == ["b", "d", "a", "c"]


def test_mbr_takes_what_the_others_support():
    texts = ["I am cold.", "You can bake it now.", "You can bake this now.", "You can make it now."]
    scores = expected_chrf(texts, [-1.0] * 4)
    assert scores.index(max(scores)) == 1 and min(scores) == scores[0]
    by_hand = [sacrebleu.sentence_chrf(texts[1], [text]).score for text in texts]
    assert scores[1] == pytest.approx(sum(by_hand) / 4)
    # What is far more probable than all others needs no support.
    likely = expected_chrf(texts, [-1.0, -9.0, -9.0, -9.0])
    assert likely.index(max(likely)) == 0
    weights = [torch.tensor(x).exp().item() for x in (-1.0, -9.0, -9.0, -9.0)]
    expected = sum(w * one for w, one in zip(weights, by_hand, strict=True)) / sum(weights)
    assert likely[1] == pytest.approx(expected)
    assert expected_chrf(["alone"], [-2000.0]) == [pytest.approx(100)]
    assert expected_chrf(["", ""], [-1.0, -2.0]) == [0.0, 0.0]


@pytest.fixture(scope="module")
def sonar(tiny_sonar):
    return SonarText.open(tiny_sonar)


@pytest.fixture(scope="module")
def embeddings(sonar, tiny_sonar_texts):
    """Between those of sentences, so that the decoder's first text is not always the nearest."""
    known = sonar.embed(tiny_sonar_texts["eng_Latn"][:16], "eng_Latn")
    return 0.55 * known[:8] + 0.45 * known[8:]


def test_none_is_beam_search_as_it_was(sonar, embeddings):
    found = decode(sonar, embeddings, "eng_Latn", OPTIONS)
    assert [[one.text for one in of_clip] for of_clip in found] == [
        [text] for text in sonar.decode(embeddings, "eng_Latn", beam_size=4)
    ]


def test_sonar_takes_the_text_nearest_to_the_embedding(sonar, embeddings):
    beam = sonar.decode_n_best(embeddings, "eng_Latn", n_best=4, beam_size=4)
    found = decode(sonar, embeddings, "eng_Latn", replace(OPTIONS, rerank="sonar"))
    moved = 0
    for of_clip, ranked, embedding in zip(beam, found, embeddings, strict=True):
        own = sonar.embed([one.text for one in of_clip], "eng_Latn")
        cosines = torch.nn.functional.cosine_similarity(own, embedding[None])
        assert {one.text for one in ranked} == {one.text for one in of_clip}
        best = sonar.embed([ranked[0].text], "eng_Latn")
        nearest = torch.nn.functional.cosine_similarity(best, embedding[None]).item()
        assert nearest == pytest.approx(cosines.max().item(), abs=1e-5)
        moved += ranked[0].text != of_clip[0].text
    assert moved


def test_mbr_reorders_the_beam(sonar, embeddings):
    beam = sonar.decode_n_best(embeddings, "eng_Latn", n_best=4, beam_size=4)
    found = decode(sonar, embeddings, "eng_Latn", replace(OPTIONS, rerank="mbr"))
    for of_clip, ranked in zip(beam, found, strict=True):
        for one in of_clip:
            n_tokens = len(sonar.tokenize([one.text], "eng_Latn", "target")[0]) - 1
            assert one.log_probability == pytest.approx(one.score * n_tokens, rel=1e-4)
        scores = expected_chrf(
            [one.text for one in of_clip], [one.log_probability for one in of_clip]
        )
        assert ranked[0].text == of_clip[scores.index(max(scores))].text


def test_a_larger_length_penalty_gives_longer_texts(sonar, embeddings):
    means = []
    for penalty in (0.0, 1.0, 4.0):
        options = replace(OPTIONS, length_penalty=penalty)
        found = decode(sonar, embeddings, "eng_Latn", options)
        lengths = [len(sonar.tokenize([f[0].text], "eng_Latn", "target")[0]) for f in found]
        means.append(sum(lengths) / len(lengths))
    assert means[0] <= means[1] <= means[2] and means[0] < means[2]


def test_nothing_can_be_chosen_from_a_beam_of_one():
    with pytest.raises(UserError, match="rerank mbr chooses among .* beam_size 1"):
        refuse_contradictions({"rerank": "mbr", "beam_size": 1})
    refuse_contradictions({"rerank": "none", "beam_size": 1})
