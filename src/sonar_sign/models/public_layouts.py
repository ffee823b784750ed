"""The layouts of the public model files: which tensors they hold, by name, shape and type.

Built on PyTorch's meta device from the models' own code, so that nothing of a file is copied here.
The layouts of SONAR's text models come from sonar-space's asset cards.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from sonar_sign.models.checkpoint import ENCODER_ENTRY
from sonar_sign.models.hiera_checkpoint import HIERA_ENTRY, HIERA_MAY_ADD, HIERA_MAY_LACK
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

PUBLIC_DTYPE = torch.float32
SONAR_ENTRY = "model"


@dataclass(frozen=True)
class Layout:
    """The tensors of a file."""

    entry: str
    """The key of the file under which the tensors stand."""
    shapes: dict[str, tuple[int, ...]]
    """By name, in the model's order."""
    tied: dict[str, str]
    """By name, the first name of the same tensor; only for tensors with several names."""
    config: dict[str, Any] | None = None
    """The file's entry `config`; public files have none."""
    may_lack: tuple[str, ...] = ()
    """Names that a public file may lack."""
    may_add: tuple[str, ...] = ()
    """Beginnings of further names that a public file may have."""

    @property
    def n_parameters(self) -> int:
        """Numbers in the file, tied ones counted once."""
        sizes = [torch.Size(s).numel() for name, s in self.shapes.items() if name not in self.tied]
        return sum(sizes)

    def problems(self, tensors: dict[str, Any]) -> list[str]:
        """How the tensors of a file differ from the layout, in words."""
        absent_ok = {*self.may_lack, *self.tied}
        missing = [n for n in self.shapes if n not in tensors and n not in absent_ok]
        unknown = [n for n in tensors if n not in self.shapes and not n.startswith(self.may_add)]
        found = [f"{name} is missing" for name in missing]
        found += [f"{name} is unknown" for name in unknown]
        for name, shape in self.shapes.items():
            tensor = tensors.get(name)
            if name not in tensors:
                continue
            if not isinstance(tensor, Tensor):
                found.append(f"{name} is a {type(tensor).__name__}")
            elif tuple(tensor.shape) != shape or tensor.dtype != PUBLIC_DTYPE:
                found.append(
                    f"{name} is {tuple(tensor.shape)} of {tensor.dtype}, not {shape} of "
                    f"{PUBLIC_DTYPE}"
                )
        return found


@dataclass(frozen=True)
class Depth:
    """How many layers the models have; None: as many as the public ones."""

    layers: int | None = None
    """The most layers of every part of a model."""

    def of(self, public: int) -> int:
        return public if self.layers is None else min(self.layers, public)


def smaller_hiera(depth: Depth) -> dict[str, Any] | None:
    """The fields of a SignHiera's config with fewer layers; None: the public one's."""
    public = SignHieraConfig.base_128x224()
    config = replace(public, stages=tuple(map(depth.of, public.stages)))
    return None if config == public else asdict(config)


def smaller_encoder(depth: Depth) -> dict[str, Any] | None:
    """The fields of a sign encoder's config with fewer layers; None: the public one's."""
    public = SignEncoderConfig.t5_v1_1_large()
    config = replace(
        public,
        num_layers=depth.of(public.num_layers),
        num_decoder_layers=depth.of(public.num_decoder_layers),
    )
    return None if config == public else asdict(config)


def sign_hiera_layout(config: dict[str, Any] | None = None) -> Layout:
    """The layout of a SignHiera, of the public one without a config.

    Raises:
        TypeError, ValueError: the config describes no SignHiera.
    """
    shape = SignHieraConfig.base_128x224() if config is None else SignHieraConfig(**config)
    return _layout(
        HIERA_ENTRY, SignHiera, shape, config, may_lack=HIERA_MAY_LACK, may_add=HIERA_MAY_ADD
    )


def sign_encoder_layout(config: dict[str, Any] | None = None) -> Layout:
    """The layout of a sign encoder, of the public one without a config.

    Raises:
        TypeError, ValueError: the config describes no sign encoder.
    """
    shape = SignEncoderConfig.t5_v1_1_large() if config is None else SignEncoderConfig(**config)
    return _layout(ENCODER_ENTRY, SignEncoder, shape, config)


def _layout(entry: str, build: type, shape: Any, config: dict | None, **allowed: Any) -> Layout:
    with torch.device("meta"):
        return layout_of(build(shape), entry, config=config, **allowed)


def layout_of(model: nn.Module, entry: str, **more: Any) -> Layout:
    """The layout of a file with a model's state; `more` are further fields."""
    names = {}
    tied = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        first = names.setdefault(id(parameter), name)
        if first != name:
            tied[name] = first
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    return Layout(entry, shapes, tied, **more)
