"""Averaged weights take the place of the trained ones in validation, and so in what is kept.

They are averaged over all steps, of which the later ones count more (`MovingAverage`), or over
the ends of the last epochs (`AverageOfEpochs`; Kaddour 2022, arXiv:2209.14981). Training itself
goes on with its own weights, as if nobody averaged.
"""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from sonar_sign.core.files import atomic_write
from sonar_sign.core.options import TrainOptions
from sonar_sign.training.module import TrainingModule
from sonar_sign.training.training_folder import EPOCHS


def averaging(options: TrainOptions, training_dir: Path) -> list[Callback]:
    """What averages the weights, if anything; it stands after what keeps the best checkpoint."""
    if options.ema:
        return [MovingAverage(options.ema)]
    if options.average > 1:
        return [AverageOfEpochs(options.average, training_dir / EPOCHS)]
    return []


class Averaging(Callback):
    """Puts averaged weights into the model before a validation, and the trained ones after it."""

    def __init__(self) -> None:
        self.own: dict[str, Tensor] = {}

    @abstractmethod
    def averaged(self, parameters: dict[str, nn.Parameter]) -> dict[str, Tensor]:
        """The averages of trained parameters, by name."""

    @torch.no_grad()
    def on_validation_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        parameters = trained(module)
        self.own = {name: one.detach().clone() for name, one in parameters.items()}
        for name, average in self.averaged(parameters).items():
            parameters[name].copy_(average)

    @torch.no_grad()
    def on_validation_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        for name, parameter in trained(module).items():
            parameter.copy_(self.own[name])
        self.own = {}


class MovingAverage(Averaging):
    """An exponential moving average of the weights after each step.

    After `t` steps it decays by `min(decay, (1 + t) / (10 + t))`, as TensorFlow's
    `ExponentialMovingAverage` does, so that the weights of the start are soon forgotten.
    """

    def __init__(self, decay: float):
        super().__init__()
        self.decay, self.n_steps = decay, 0
        self.average: dict[str, Tensor] = {}

    def on_train_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        parameters = trained(module)
        # Those of a resumed training were read to main memory.
        start = self.average or {name: one.detach().clone() for name, one in parameters.items()}
        self.average = {name: start[name].to(one.device) for name, one in parameters.items()}

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: pl.Trainer, module: TrainingModule, outputs: Any, batch: Any, index: int
    ) -> None:
        if trainer.global_step == self.n_steps:
            return  # gradients are accumulated for a later step
        self.n_steps = trainer.global_step
        decay = min(self.decay, self.n_steps / (9 + self.n_steps))
        parameters = trained(module)
        averages = [self.average[name] for name in parameters]
        torch._foreach_lerp_(averages, [*parameters.values()], 1 - decay)

    def averaged(self, parameters: dict[str, nn.Parameter]) -> dict[str, Tensor]:
        return self.average

    def state_dict(self) -> dict[str, Any]:
        return {"average": self.average, "n_steps": self.n_steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.average, self.n_steps = state["average"], state["n_steps"]


class AverageOfEpochs(Averaging):
    """The mean of the weights at the ends of the last `n` epochs, which lie in files."""

    def __init__(self, n: int, folder: Path):
        super().__init__()
        self.n, self.folder = n, folder
        self.epochs: list[int] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: TrainingModule, outputs: Any, batch: Any, index: int
    ) -> None:
        if index + 1 < trainer.num_training_batches:
            return
        self.epochs = [*self.epochs, trainer.current_epoch][-self.n :]
        if trainer.is_global_zero:
            self._write(trainer.current_epoch, trained(module))
        trainer.strategy.barrier()  # every process reads the files

    def _write(self, epoch: int, parameters: dict[str, nn.Parameter]) -> None:
        weights = {name: one.detach().cpu() for name, one in parameters.items()}
        with atomic_write(self._path(epoch)) as temporary, temporary.open("wb") as file:
            torch.save(weights, file)
        kept = [self._path(one) for one in self.epochs]
        for path in self.folder.iterdir():
            if path not in kept:
                path.unlink()

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch{epoch:06d}.pt"

    def averaged(self, parameters: dict[str, nn.Parameter]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for weights in _read(map(self._path, self.epochs)):
            for name, tensor in weights.items():
                found[name] = found[name] + tensor if name in found else tensor
        return {name: total / len(self.epochs) for name, total in found.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"epochs": self.epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.epochs = state["epochs"]


def _read(paths: Iterator[Path]) -> Iterator[dict[str, Tensor]]:
    for path in paths:
        yield torch.load(path, map_location="cpu", weights_only=True)


def trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are trained, by name, one of several names each."""
    return {name: one for name, one in module.named_parameters() if one.requires_grad}
