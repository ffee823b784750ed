"""Files of the public layouts and sizes with random weights, for rehearsals.

Every tensor is a part of one file of random numbers that is mapped into memory, so gigabytes are
written at the speed of the disk and need no memory of their own.
"""

import hashlib
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sonar_sign.core.files import atomic_write
from sonar_sign.models.public_layouts import PUBLIC_DTYPE, Layout

# A prime, so that no rows of a matrix are equal although the numbers repeat.
BLOCK_NUMBERS = 4_194_301
STANDARD_DEVIATION = 0.02
PIECE_LETTERS = "etaoinshrdlucmfw"


@contextmanager
def random_numbers(path: Path, layouts: list[Layout], seed: int) -> Iterator[mmap.mmap]:
    """A mapped temporary file of random float32, long enough for any tensor of the layouts."""
    longest = max(torch.Size(shape).numel() for one in layouts for shape in one.shapes.values())
    generator = np.random.Generator(np.random.PCG64(seed))
    block = generator.standard_normal(BLOCK_NUMBERS, np.float32) * np.float32(STANDARD_DEVIATION)
    content = block.tobytes()
    try:
        with path.open("wb+") as file:
            for _ in range(-(-longest // BLOCK_NUMBERS) + 1):
                file.write(content)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as numbers:
                yield numbers
    finally:
        path.unlink(missing_ok=True)


def write_random_model(path: Path, layout: Layout, numbers: mmap.mmap) -> None:
    """Write a model file; the same layout and numbers give the same bytes.

    Norms are 1 and their biases 0, so that activations stay in bounds whatever the depth.
    """
    tensors: dict[str, Tensor] = {}
    for name, shape in layout.shapes.items():
        first = layout.tied.get(name)
        tensors[name] = _tensor(name, shape, numbers) if first is None else tensors[first]
    file = {layout.entry: tensors}
    if layout.config is not None:
        file["config"] = layout.config
    # Given an open file, torch.save does not write the file's name into it.
    with atomic_write(path) as temporary, temporary.open("wb") as opened:
        torch.save(file, opened)


def _tensor(name: str, shape: tuple[int, ...], numbers: mmap.mmap) -> Tensor:
    owner, _, leaf = name.rpartition(".")
    if "norm" in owner.rpartition(".")[2] or name.endswith("feature_proj_scale"):
        return torch.full(shape, 0.0 if leaf == "bias" else 1.0, dtype=PUBLIC_DTYPE)
    # Tensors begin at different numbers of the block.
    digest = hashlib.sha256(name.encode()).digest()
    start = int.from_bytes(digest[:8], "little") % BLOCK_NUMBERS
    n = torch.Size(shape).numel()
    return torch.frombuffer(numbers, dtype=PUBLIC_DTYPE, count=n, offset=4 * start).view(shape)


def write_random_pieces(path: Path, n_pieces: int, texts: list[str]) -> None:
    """Write a sentencepiece model of a unigram kind: words of texts, letters, and made-up words.

    Args:
        n_pieces: all pieces, with `<unk>`, `<s>` and `</s>` at 0, 1 and 2.
    """
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.trainer_spec.model_type = model.trainer_spec.UNIGRAM
    model.trainer_spec.vocab_size = n_pieces
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    kinds = model.SentencePiece
    for piece, kind in (("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)):
        model.pieces.add(piece=piece, score=0.0, type=kind)
    taken = 3
    for place, piece in enumerate(_pieces(texts)):
        if taken == n_pieces:
            break
        model.pieces.add(piece=piece, score=-8.0 - 6.0 * place / n_pieces)
        taken += 1
    with atomic_write(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def _pieces(texts: list[str]) -> Iterator[str]:
    """Different pieces without end: letters, the words of the texts, words of random letters."""
    # Sentencepiece writes a space as this mark.
    space = "\u2581"
    letters = sorted({*map(chr, range(33, 127)), *(c for text in texts for c in text)} - {" "})
    words = sorted({word for text in texts for word in text.split()})
    seen = set()
    for piece in [space, *letters, *(space + word for word in words)]:
        if piece not in seen:
            seen.add(piece)
            yield piece
    for number in range(1 << 62):
        made = "".join(PIECE_LETTERS[int(digit, 16)] for digit in f"{number:06x}")
        if space + made not in seen:
            yield space + made
