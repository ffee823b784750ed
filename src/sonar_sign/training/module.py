"""The LightningModule that all trainings share, and the one that is trained on embeddings."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn

from sonar_sign.core.devices import LARGE_MODEL, n_parameters
from sonar_sign.core.options import LossOptions, TrainOptions
from sonar_sign.models.mapped import give_back_freed_memory
from sonar_sign.training.data import Batch
from sonar_sign.training.losses import Losses
from sonar_sign.training.processes import gather
from sonar_sign.training.supervision import BatchTargets
from sonar_sign.training.validation import Validation


class NotFiniteError(Exception):
    """A loss or a gradient is NaN or infinite.

    Args:
        what: which, and what it is.
        clip_ids: of the step.
    """

    def __init__(self, what: str, clip_ids: list[str]):
        super().__init__(what)
        self.clip_ids = clip_ids


class TrainingModule(pl.LightningModule):
    """Trains whatever of its parameters requires gradients.

    Args:
        options: of the optimizer and the schedule.
    """

    def __init__(self, options: TrainOptions):
        super().__init__()
        self.options = options
        # The state to resume from holds what is trained, not what is frozen.
        self.strict_loading = False
        self._of_step: list[str] = []
        self._validated: list[Any] = []
        self._seed = torch.initial_seed()

    def losses_of(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """Losses by name, and their sum that training minimises; scalars, means over clips."""
        raise NotImplementedError

    def predict_for_validation(self, batch: Batch) -> Any:
        """What `scores` needs of a batch; it must be picklable and on the CPU."""
        raise NotImplementedError

    def scores(self, predicted: list[Any]) -> dict[str, float]:
        """Metrics of validation, by name, from the predictions of all batches."""
        raise NotImplementedError

    def remember(self, batch: Batch) -> None:
        """Keep what later batches need, such as negatives."""

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        # Every batch has its own seed, so a resumed run draws what it would have drawn.
        place = self.current_epoch * self.trainer.num_training_batches + batch_idx
        sequence = np.random.SeedSequence((self._seed, place, self.global_rank))
        torch.manual_seed(int(sequence.generate_state(1)[0]))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        self._of_step += batch.clip_ids
        losses, loss = self.losses_of(batch)
        self._require_finite("a loss", loss)
        self.remember(batch)
        size = len(batch.clip_ids)
        by_name = {f"train/loss_{name}": value for name, value in losses.items()}
        self.log_dict({**by_name, "train/loss": loss}, batch_size=size)
        return loss * batch.weight

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        self._require_finite("a gradient's norm", norm)
        row = {"gradient_norm": norm, "learning_rate": optimizer.param_groups[0]["lr"]}
        self.log_dict({f"train/{name}": value for name, value in row.items()}, batch_size=1)
        self._of_step = []

    def optimizer_step(self, *arguments: Any, **keywords: Any) -> None:
        super().optimizer_step(*arguments, **keywords)
        # Lightning frees them after the next forward pass, which so has them in memory, too.
        if self.device.type == "cpu" and self.is_large:
            self.zero_grad(set_to_none=True)

    @property
    def is_large(self) -> bool:
        return n_parameters(self) >= LARGE_MODEL

    def optimizer_zero_grad(
        self, epoch: int, batch_idx: int, optimizer: torch.optim.Optimizer
    ) -> None:
        # On a CPU, small gradients that are freed and made again leave ever more holes in memory.
        optimizer.zero_grad(set_to_none=self.device.type != "cpu" or self.is_large)

    def _require_finite(self, what: str, value: Tensor) -> None:
        # fp16's loss scaler skips such a step and lowers its scale.
        if self.options.mixed_precision != "fp16" and not torch.isfinite(value):
            raise NotFiniteError(f"{what} of {value.item()}", self._of_step)

    def on_validation_start(self) -> None:
        # SONAR's decoder, which only validation needs, takes the place of the gradients.
        if self.device.type == "cpu":
            self.zero_grad(set_to_none=True)
            give_back_freed_memory()

    def validation_step(self, batch: Batch, _: int) -> None:
        if batch.weight:
            self._validated.append(self.predict_for_validation(batch))

    def on_validation_epoch_end(self) -> None:
        validated = [rows for of_process in gather(self._validated) for rows in of_process]
        self._validated = []
        # Decoding is not divided, so one process does it.
        scores = self.scores(validated) if self.trainer.is_global_zero else None
        scores = self.trainer.strategy.broadcast(scores)
        self.log_dict({f"val/{name}": score for name, score in scores.items()}, prog_bar=True)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        frozen = {name for name, p in self.named_parameters() if not p.requires_grad}
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {name: state[name] for name in state if name not in frozen}

    def optimizer_groups(self) -> list[dict]:
        """Trained parameters in groups; one may have a learning rate of its own, `lr`."""
        return parameter_groups(self.named_parameters(), self.options.weight_decay)

    def configure_optimizers(self) -> dict:
        optimizer = torch.optim.AdamW(
            self.optimizer_groups(),
            lr=self.options.learning_rate,
            # Needs no memory of its own; Lightning cannot clip for it in mixed precision.
            fused=self.options.mixed_precision == "no",
        )
        schedule = warmup_then_cosine(
            self.options.warmup, int(self.trainer.estimated_stepping_batches)
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step", "name": "learning_rate"},
        }


class EmbeddingModule(TrainingModule):
    """Trains whatever of `embed`'s and `decoder`'s parameters require gradients.

    Args:
        embed: a batch to `(batch, embedding_dim)`.
        decoder: SONAR's, if it is trained too; then `losses` must use it.
    """

    def __init__(
        self,
        embed: nn.Module,
        options: TrainOptions,
        losses: Losses,
        validation: Validation,
        decoder: nn.Module | None = None,
    ):
        super().__init__(options)
        self.embed, self.losses, self.decoder = embed, losses, decoder
        self.validation = validation

    def embedded(self, batch: Batch) -> Tensor:
        """`(batch, embedding_dim)`."""
        return self.embed(batch)

    def losses_of(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        losses = self.losses(self.embedded(batch), batch.batch_targets)
        return losses, self.losses.total(losses)

    def remember(self, batch: Batch) -> None:
        self.losses.remember(batch.batch_targets)

    def predict_for_validation(self, batch: Batch) -> tuple[list[str], Tensor, Tensor]:
        return (
            batch.clip_ids,
            self.embedded(batch).float().cpu(),
            batch.batch_targets.targets[:, 0].cpu(),
        )

    def scores(self, predicted: list[tuple[list[str], Tensor, Tensor]]) -> dict[str, float]:
        clip_ids = [clip_id for ids, _, _ in predicted for clip_id in ids]
        found = torch.cat([embeddings for _, embeddings, _ in predicted])
        target = torch.cat([targets for _, _, targets in predicted])
        batch_targets = BatchTargets(target[:, None], torch.ones(len(target), 1, dtype=torch.bool))
        losses = Losses(LossOptions(mse=1, cosine=1), self.losses.variance, target.shape[1])
        by_name = {f"loss_{name}": float(v) for name, v in losses(found, batch_targets).items()}
        return by_name | self.validation.scores(clip_ids, found, target)


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
