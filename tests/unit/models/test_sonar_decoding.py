"""The best tokens without sorting the vocabulary."""

import pytest
import torch
from fairseq2.generation.beam_search.algo import StandardBeamSearchAlgorithm

from sonar_sign.models.sonar_decoding import BestOfGroups, best_of_rows


@pytest.mark.parametrize("n_best", [1, 2, 10])
@pytest.mark.parametrize("n_columns", [10, 255, 256, 257, 3000, 5120, 20_011])
def test_best_of_rows_is_topk(n_columns, n_best):
    rows = torch.randn(4, n_columns, generator=torch.Generator().manual_seed(n_columns))
    rows[1, -1] = 9.0  # in what is left over by whole groups
    rows[2, :n_best] = torch.arange(10.0, 10.0 + n_best)  # all in one group
    found, expected = best_of_rows(rows, n_best), torch.topk(rows, n_best)
    assert torch.equal(found[0], expected.values)
    assert torch.equal(found[1], expected.indices)


def test_impossible_tokens_do_not_disturb():
    """The last step allows `</s>` only."""
    rows = torch.full((2, 9000), -torch.inf)
    rows[0, 8999], rows[1, 3] = -1.0, -2.0
    best, columns = best_of_rows(rows, 4)
    assert best[:, 0].tolist() == [-1.0, -2.0] and columns[:, 0].tolist() == [8999, 3]
    assert (best[:, 1:] == -torch.inf).all()


@pytest.mark.parametrize(("beam_size", "n_rows"), [(1, 1), (5, 1), (5, 5), (3, 2)])
def test_a_step_is_that_of_fairseq2(beam_size, n_rows):
    generator = torch.Generator().manual_seed(beam_size)
    lprobs = torch.randn(n_rows, 9001, generator=generator).log_softmax(1)
    scores = torch.randn(n_rows, 4, generator=generator)
    found = BestOfGroups().step(beam_size, lprobs, scores)
    expected = StandardBeamSearchAlgorithm().step(beam_size, lprobs, scores)
    for name in ("seq_indices", "vocab_indices", "scores"):
        assert torch.equal(getattr(found, name), getattr(expected, name))
