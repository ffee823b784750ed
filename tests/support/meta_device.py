"""PyTorch's `meta` device instead of a GPU: whatever is left on the CPU is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

META = torch.device("meta")
# A GPU takes these from the CPU: a copy is their purpose, or PyTorch copies indices itself.
COPIES = ("_to_copy", "copy_", "index", "index_put", "index_put_", "set_")


class _OneDevice(TorchDispatchMode):
    """Raises where an operation mixes tensors of the CPU and of the `meta` device.

    PyTorch's own check knows fewer operations than a GPU's. Scalars may lie on the CPU.
    """

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        devices = {x.device.type for x in tensors if x.ndim}
        if len(devices) > 1 and function.overloadpacket.__name__ not in COPIES:
            raise AssertionError(f"{function} got tensors on {' and '.join(sorted(devices))}")
        return function(*args, **kwargs)


@contextmanager
def only_one_device() -> Iterator[None]:
    """Refuse operations on tensors of two devices."""
    with _OneDevice():
        yield


def trained_once(module: torch.nn.Module, loss: torch.Tensor) -> None:
    """One backward pass and one step of the optimizer that trainings use.

    Raises:
        AssertionError: a trained parameter gets no gradient at all.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters)
    loss.backward()
    assert any(p.grad is not None for p in parameters)
    assert all(p.grad.device == META for p in parameters if p.grad is not None)
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
