"""The LightningModule both stages share: an embedding of each clip is pulled to its target."""

import math
from collections.abc import Callable, Iterable

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn

from sonar_sign.finetune.data import Batch
from sonar_sign.finetune.losses import embedding_losses, weighted_sum
from sonar_sign.finetune.validation import Validation
from sonar_sign.options import LossOptions, TrainOptions


class EmbeddingModule(pl.LightningModule):
    """Trains whatever of `embed`'s parameters require gradients.

    Args:
        embed: a batch to `(batch, embedding_dim)`.
        variance: of the training targets, see `embedding_losses`.
    """

    def __init__(
        self,
        embed: nn.Module,
        options: TrainOptions,
        losses: LossOptions,
        variance: float,
        validation: Validation,
    ):
        super().__init__()
        self.embed = embed
        self.options, self.loss_weights = options, losses
        self.variance, self.validation = variance, validation
        self._validated: list[tuple[list[str], Tensor, Tensor]] = []
        self._seed = torch.initial_seed()

    def on_train_batch_start(self, batch: Batch, _: int) -> None:
        # A cut run that goes on draws what it would have drawn: every step has a seed of its own.
        sequence = np.random.SeedSequence((self._seed, self.global_step))
        torch.manual_seed(int(sequence.generate_state(1)[0]))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        losses = embedding_losses(self.embed(batch), batch.targets, self.variance)
        loss = weighted_sum(losses, self.loss_weights)
        size = len(batch.clip_ids)
        by_name = {f"train/loss_{name}": value for name, value in losses.items()}
        self.log_dict(by_name, on_epoch=True, batch_size=size)
        self.log("train/loss", loss, on_epoch=True, prog_bar=True, batch_size=size)
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        self.log("train/gradient_norm", norm, batch_size=1)

    def validation_step(self, batch: Batch, _: int) -> None:
        self._validated.append((batch.clip_ids, self.embed(batch).float(), batch.targets))

    def on_validation_epoch_end(self) -> None:
        clip_ids = [clip_id for ids, _, _ in self._validated for clip_id in ids]
        predicted = torch.cat([embeddings for _, embeddings, _ in self._validated])
        target = torch.cat([targets for _, _, targets in self._validated])
        self._validated.clear()
        scores = self.validation.scores(clip_ids, predicted, target)
        losses = embedding_losses(predicted, target, self.variance)
        self.log_dict({f"val/loss_{name}": loss for name, loss in losses.items()})
        self.log_dict({f"val/{name}": score for name, score in scores.items()}, prog_bar=True)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        moved = {
            name: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
            for name, value in vars(batch).items()
        }
        return Batch(**moved)

    def configure_optimizers(self) -> dict:
        optimizer = torch.optim.AdamW(
            parameter_groups(self.embed.named_parameters(), self.options.weight_decay),
            lr=self.options.learning_rate,
        )
        schedule = warmup_then_cosine(
            self.options.warmup, int(self.trainer.estimated_stepping_batches)
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step", "name": "learning_rate"},
        }


def parameter_groups(
    parameters: Iterable[tuple[str, nn.Parameter]], weight_decay: float
) -> list[dict]:
    """Trainable parameters, with decay and without: norms, biases, positions and scales."""
    decayed, others = [], []
    for name, parameter in parameters:
        if parameter.requires_grad:
            bare = parameter.ndim < 2 or "pos_embed" in name or "relative_attention" in name
            (others if bare else decayed).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def warmup_then_cosine(warmup: float, n_steps: int) -> Callable[[int], float]:
    """Factor of the learning rate at a step: up to 1 in a share of the steps, then down to 0."""
    n_warmup = max(1, round(warmup * n_steps))

    def factor(step: int) -> float:
        if step < n_warmup:
            return (step + 1) / n_warmup
        progress = (step - n_warmup) / max(1, n_steps - n_warmup)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    return factor
