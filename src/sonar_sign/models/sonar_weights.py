"""Opens SONAR's text models without keeping anything twice.

sonar-space reads the names of a file in either layout. The model is built without memory (on
PyTorch's meta device) and takes the tensors as they are, mapped from the file, or converted one at
a time. Opening therefore takes the memory of the weights that are kept, and no more.
"""

import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from fairseq2.assets import AssetCard
from fairseq2.models import ModelHub
from fairseq2.nn.utils.module import reset_non_persistent_buffers
from sonar.models.sonar_text import (
    SONAR_TEXT_DECODER_FAMILY,
    SONAR_TEXT_ENCODER_FAMILY,
    get_sonar_text_decoder_hub,
    get_sonar_text_encoder_hub,
)
from torch import Tensor, nn

from sonar_sign.core.errors import UserError
from sonar_sign.models.archive import check_checksums
from sonar_sign.models.mapped import Release, converted, releaser
from sonar_sign.models.model_content import verify_content
from sonar_sign.models.model_files import check
from sonar_sign.models.sonar_cards import file_errors, file_of
from sonar_sign.models.sonar_packed import can_pack, pack
from sonar_sign.models.tensor_files import SUFFIX, read_tensor_file

HUBS = {
    SONAR_TEXT_ENCODER_FAMILY: get_sonar_text_encoder_hub,
    SONAR_TEXT_DECODER_FAMILY: get_sonar_text_decoder_hub,
}
NAMES = {
    SONAR_TEXT_ENCODER_FAMILY: "SONAR text encoder",
    SONAR_TEXT_DECODER_FAMILY: "SONAR text decoder",
}
# The entry of an exported file.
ENTRY = "model"
# Tensors of the other model, which a file with both holds too.
_UNUSED = {
    SONAR_TEXT_ENCODER_FAMILY: ("decoder.", "decoder_frontend.", "final_proj."),
    SONAR_TEXT_DECODER_FAMILY: ("encoder.", "encoder_frontend.", "layer_norm."),
}


@dataclass(frozen=True)
class Placement:
    """Where and how the weights of a model are kept."""

    device: torch.device
    dtype: torch.dtype
    packed: bool = False
    """For decoding only, in the layout that a CPU reads fastest (see `sonar_packed`)."""


def load_weights(family: str, card: AssetCard, placement: Placement) -> nn.Module:
    """The text encoder or decoder that a card describes, in evaluation mode.

    fp32 weights on a CPU stay in the file until they are used (memory-mapped, private: changing
    them leaves the file alone). All parameters require gradients, unless they are packed.

    Raises:
        UserError: the file is missing, damaged, or not of the card's model.
    """
    path, hub = file_of(card, "checkpoint"), HUBS[family]()
    with file_errors(path, NAMES[family]):
        # An encoder's config is used up: building the model raises its length limit every time.
        model = hub.create_new_model(hub.get_model_config(card), meta=True)
        state = _read(path, family, hub, card)
    tied = _tied(model)
    shared = _shared(state, tied)
    check(path, NAMES[family], model, shared | state)
    state |= shared
    release = releaser(path)
    packed = placement.packed and can_pack(placement.device)
    if not packed:
        state = _placed(state, placement, release)
    model.load_state_dict(state, assign=True)
    _tie(model, tied)
    _make_buffers(model, placement.device)
    if packed:
        pack(model, placement.dtype, release)
    return model.eval()


def _read(path: Path, family: str, hub: ModelHub, card: AssetCard) -> dict[str, Tensor]:
    """The model's tensors by fairseq2's names, still in the file where it can be mapped."""
    if path.suffix == SUFFIX:  # of an exported system, by fairseq2's names already
        return _exported(path, NAMES[family])
    is_archive = zipfile.is_zipfile(path)  # only torch's zip format can be mapped
    if is_archive:
        check_checksums(path)  # fairseq2 maps the file without looking at them
    config = hub.get_model_config(card)
    tensors = hub.iter_checkpoint(path, config, mmap=is_archive, restrict=True)
    return {name: tensor for name, tensor in tensors if not name.startswith(_UNUSED[family])}


def read_state(family: str, card: AssetCard) -> dict[str, Tensor]:
    """A model's tensors by fairseq2's names, for an export.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = file_of(card, "checkpoint")
    with file_errors(path, NAMES[family]):
        return _read(path, family, HUBS[family](), card)


def _exported(path: Path, what: str) -> dict[str, Tensor]:
    file = read_tensor_file(path)
    if ENTRY not in file:
        raise UserError(f"{path} holds no {what}; export the system again.")
    verify_content(path, file)
    return file[ENTRY]


def _tied(model: nn.Module) -> list[list[str]]:
    """Names of parameters that are one tensor, such as word embedding and final projection."""
    names = defaultdict(list)
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names[parameter].append(name)
    return [group for group in names.values() if len(group) > 1]


def _shared(state: dict[str, Tensor], tied: list[list[str]]) -> dict[str, Tensor]:
    """One tensor for all names of a tied parameter: the last of the file, as in fairseq2."""
    shared: dict[str, Tensor] = {}
    for names in tied:
        found = [name for name in state if name in names]
        if found:
            shared |= dict.fromkeys(names, state[found[-1]])
    return shared


def _tie(model: nn.Module, tied: list[list[str]]) -> None:
    """Make tied parameters one again; each got one of its own from the state dict."""
    for first, *others in tied:
        parameter = model.get_parameter(first)
        for name in others:
            owner, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(owner), attribute, parameter)


def _placed(state: dict[str, Tensor], placement: Placement, release: Release) -> dict[str, Tensor]:
    """The tensors as they are kept; one that has several names stays one."""
    placed: dict[int, Tensor] = {}
    for name, tensor in state.items():
        if id(tensor) not in placed:
            placed[id(tensor)] = converted(tensor, placement.device, placement.dtype, release)
        state[name] = placed[id(tensor)]
    return state


def _make_buffers(model: nn.Module, device: torch.device) -> None:
    """Compute what is in no file: the position encodings."""
    for module in model.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta:
                empty = torch.empty_like(buffer, device=device)
                module.register_buffer(name, empty, persistent=False)
    reset_non_persistent_buffers(model)
