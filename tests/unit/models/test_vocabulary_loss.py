"""The cross-entropy in pieces is the plain one, and needs the memory of a piece."""

import pytest
import torch
from torch.nn import functional

from sonar_sign.models import vocabulary_loss
from sonar_sign.models.vocabulary_loss import IGNORED, vocabulary_losses

torch.set_num_threads(1)

VOCABULARY, WIDTH = 501, 16


def batch(seed: int) -> tuple[torch.Tensor, torch.nn.Linear, torch.Tensor]:
    """Outputs of a decoder, a projection, and targets of which some are not scored."""
    torch.manual_seed(seed)
    targets = torch.randint(VOCABULARY, (7, 9))
    targets[:, 0] = IGNORED
    targets[2, 4:] = IGNORED
    return torch.randn(7, 9, WIDTH, requires_grad=True), torch.nn.Linear(WIDTH, VOCABULARY), targets


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("n_per_piece", [1, 5, 54, 55, 63])
def test_pieces_give_the_plain_loss_and_gradients(monkeypatch, label_smoothing, n_per_piece):
    monkeypatch.setattr(vocabulary_loss, "PIECE", n_per_piece * VOCABULARY)
    found = []
    for of_pieces in (True, False):
        hidden, project, targets = batch(n_per_piece)
        if of_pieces:
            losses = vocabulary_losses(hidden, project, targets, VOCABULARY, label_smoothing)
        else:
            losses = functional.cross_entropy(
                project(hidden).flatten(0, 1),
                targets.flatten(),
                ignore_index=IGNORED,
                label_smoothing=label_smoothing,
                reduction="none",
            ).view_as(targets)
        assert (losses[targets == IGNORED] == 0).all()
        weights = torch.linspace(0.1, 1, 7)[:, None]  # clips count differently
        (weights * losses).sum().backward()
        found.append((losses.detach(), hidden.grad, project.weight.grad, project.bias.grad))
    for of_pieces, plain in zip(*found, strict=True):
        torch.testing.assert_close(of_pieces, plain, rtol=1e-6, atol=1e-6)


def test_nothing_is_scored(monkeypatch):
    monkeypatch.setattr(vocabulary_loss, "PIECE", VOCABULARY)
    hidden, project, targets = batch(0)
    targets[:] = IGNORED
    losses = vocabulary_losses(hidden, project, targets, VOCABULARY)
    losses.sum().backward()
    assert not losses.any() and not hidden.grad.any()


def test_no_piece_is_larger_than_said(monkeypatch):
    monkeypatch.setattr(vocabulary_loss, "PIECE", 10 * VOCABULARY)
    hidden, project, targets = batch(0)
    sizes = []
    project.register_forward_hook(lambda *called: sizes.append(called[2].numel()))
    vocabulary_losses(hidden, project, targets, VOCABULARY).sum().backward()
    # Each piece twice: once for the loss, and again for its gradient.
    assert len(sizes) == 12 and max(sizes) == 10 * VOCABULARY
