"""Losses that pull an embedding of signing to SONAR's embedding of its caption, or to its words.

Each is a mean over clips, and within a clip over the languages that it has a target in.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonar_sign.core.options import LossOptions
from sonar_sign.training.supervision import BatchTargets

WordLosses = Callable[[Tensor, list[str], str], Tensor]
"""Embeddings `(n, embedding_dim)`, their `n` captions and a language to `(n,)` losses in nats."""
Gather = Callable[[Tensor], Tensor]
"""Rows of this process to those of all processes, in an order that all share."""

# Captions whose embeddings are so near to each other say the same and are no negatives.
SAME_CAPTION = 0.999


class Losses(nn.Module):
    """The losses of positive weight.

    Args:
        variance: of the training targets, per dimension. SONAR's numbers are small, so the squared
            error is given as a share of it: 1 is what the mean target would score.
        word_losses: the decoder's; only `decoder_ce` needs it.
        gather: what the processes of one training share; each sees the others' negatives.
    """

    def __init__(
        self,
        options: LossOptions,
        variance: float,
        embedding_dim: int,
        word_losses: WordLosses | None = None,
        gather: Gather = lambda rows: rows,
    ):
        super().__init__()
        self.options, self.variance = options, variance
        self.word_losses, self.gather = word_losses, gather
        self.names = [name for name in ALL if getattr(options, name) > 0]
        size = options.infonce_queue if "infonce" in self.names else 0
        # Rows of zeros are places that no target has taken yet.
        self.register_buffer("queue", torch.zeros(size, embedding_dim))

    def forward(self, predicted: Tensor, batch_targets: BatchTargets) -> dict[str, Tensor]:
        """Each loss on its own, in float32 at least, by name: scalars.

        Args:
            predicted: `(batch, embedding_dim)`.
        """
        predicted = predicted.to(torch.promote_types(predicted.dtype, torch.float32))
        return {name: ALL[name](self, predicted, batch_targets) for name in self.names}

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """The weighted sum, which training minimises."""
        return sum(getattr(self.options, name) * loss for name, loss in losses.items())

    @torch.no_grad()
    def remember(self, batch_targets: BatchTargets) -> None:
        """Put the batch's targets into the queue of negatives, in place of the oldest."""
        if len(self.queue):
            targets = self.gather(batch_targets.targets[:, 0])
            self.queue = torch.cat([targets, self.queue])[: len(self.queue)]

    def _mse(self, predicted: Tensor, batch_targets: BatchTargets) -> Tensor:
        """The squared error over the targets' variance."""
        squared = (predicted[:, None] - batch_targets.targets).square().mean(dim=-1)
        return _mean_of_known(squared, batch_targets.known) / self.variance

    def _cosine(self, predicted: Tensor, batch_targets: BatchTargets) -> Tensor:
        """One minus the cosine."""
        cosine = F.cosine_similarity(predicted[:, None], batch_targets.targets, dim=-1)
        return _mean_of_known(1 - cosine, batch_targets.known)

    def _infonce(self, predicted: Tensor, batch_targets: BatchTargets) -> Tensor:
        """The cross-entropy of the clip's own target among others' (van den Oord et al. 2018,
        arXiv:1807.03748), those of all processes' batches and those of a queue (He et al. 2020,
        arXiv:1911.05722), by cosine over a temperature. It depends on the size of batches."""
        with torch.no_grad():
            others = torch.cat([self.gather(batch_targets.targets[:, 0]), self.queue])
            # Masked, not left out: how many there are is not asked of a GPU.
            empty = others.abs().sum(dim=1) == 0
            others = F.normalize(others, dim=1)
            own = F.normalize(batch_targets.targets, dim=-1)
            excluded = (own[:, 0] @ others.T > SAME_CAPTION) | empty
        anchors = F.normalize(predicted, dim=1)
        negatives = (anchors @ others.T).masked_fill(excluded, -torch.inf)[:, None]
        positive = (anchors[:, None] * own).sum(dim=-1, keepdim=True)
        negatives = negatives.expand(-1, own.shape[1], -1)
        logits = torch.cat([positive, negatives], dim=-1) / self.options.infonce_temperature
        losses = torch.logsumexp(logits, dim=-1) - logits[..., 0]
        return _mean_of_known(losses, batch_targets.known)

    def _decoder_ce(self, predicted: Tensor, batch_targets: BatchTargets) -> Tensor:
        """The decoder's cross-entropy of the captions, teacher-forced, mean per token."""
        columns = list(predicted.new_zeros(batch_targets.known.T.shape))
        for place, (language, captions) in enumerate(batch_targets.captions.items()):
            rows = batch_targets.known[:, place].nonzero().flatten()
            known = [captions[row] for row in rows.tolist()]
            if known:
                of_language = self.word_losses(predicted[rows], known, language)
                columns[place] = columns[place].index_put((rows,), of_language)
        return _mean_of_known(torch.stack(columns, dim=1), batch_targets.known)


ALL: dict[str, Callable[[Losses, Tensor, BatchTargets], Tensor]] = {
    "mse": Losses._mse,
    "cosine": Losses._cosine,
    "infonce": Losses._infonce,
    "decoder_ce": Losses._decoder_ce,
}


def _mean_of_known(losses: Tensor, known: Tensor) -> Tensor:
    """The mean over clips of the mean over a clip's known languages; both `(batch, n)`."""
    known = known.to(losses)
    return ((losses * known).sum(dim=1) / known.sum(dim=1)).mean()
