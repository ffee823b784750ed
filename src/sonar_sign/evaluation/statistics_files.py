"""`metrics/{system}.npz`: the texts and statistics of every clip, from which `compare` resamples.

Texts are stored as the bytes of all of them and their lengths, so that one long caption costs its
own length and not that of an array of its width. NumPy's own arrays of text are as wide as the
longest one, four bytes a character.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from sonar_sign.core.arrays import BROKEN_ARRAY
from sonar_sign.core.content_hash import ContentHash
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file

TEXTS = ("clip_ids", "sources", "references", "predictions")
# Further references, "references.2" and so on, where there are any.
FURTHER = re.compile(r"references\.\d+")
_OF_METRIC = "metric."
# The longest texts and statistics of a million clips.
MAX_BYTES = 8 << 30


def write_statistics(
    path: Path, texts: Mapping[str, list[str]], statistics: Mapping[str, np.ndarray]
) -> None:
    """Write texts and statistics; the same ones give the same bytes.

    Args:
        texts: lists by the names `TEXTS` and those of `FURTHER`, one text per clip.
        statistics: `(n_clips, n_statistics)` by metric.
    """
    arrays: dict[str, np.ndarray] = {}
    for name in texts:
        encoded = [text.encode("utf-8") for text in texts[name]]
        arrays[f"{name}.utf8"] = np.frombuffer(b"".join(encoded), np.uint8)
        arrays[f"{name}.lengths"] = np.array([len(text) for text in encoded], np.int64)
    arrays |= {_OF_METRIC + name: rows for name, rows in statistics.items()}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_statistics(path: Path) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
    """Texts by the names `TEXTS` and `FURTHER`, and statistics by metric, as they were written.

    Raises:
        UserError: the file is missing, damaged, or its parts are not of the same clips.
    """
    require_file(path, "The statistics beside a metrics file")
    try:
        _require_bounded(path)
        with np.load(path, allow_pickle=False) as arrays:
            known = [name.removesuffix(".utf8") for name in arrays.files]
            names = (*TEXTS, *sorted(filter(FURTHER.fullmatch, known), key=_rank))
            texts = {
                name: _texts(arrays[f"{name}.utf8"], arrays[f"{name}.lengths"]) for name in names
            }
            statistics = {
                name.removeprefix(_OF_METRIC): arrays[name]
                for name in arrays.files
                if name.startswith(_OF_METRIC)
            }
        _require_same_clips(texts, statistics)
    except BROKEN_ARRAY as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise UserError(f"{path} cannot be read ({reason}); evaluate again.") from error
    return texts, statistics


def statistics_hash(texts: Mapping[str, list[str]], statistics: Mapping[str, np.ndarray]) -> str:
    """Of texts and statistics, 32 hexadecimal digits; a metrics file holds it."""
    found = ContentHash()
    for name in texts:
        found.add_texts(name, texts[name])
    for name in sorted(statistics):
        found.add_array(name, statistics[name])
    return found.hexdigest()


def _rank(name: str) -> int:
    return int(name.rpartition(".")[2])


def _require_bounded(path: Path) -> None:
    with ZipFile(path) as archive:
        entries = archive.infolist()
    # np.savez compresses nothing, so a file that needs more than its own size is another's.
    if any(entry.compress_type != ZIP_STORED for entry in entries):
        raise ValueError("it is compressed")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise ValueError(f"it holds more than {MAX_BYTES >> 30} GiB")


def _texts(content: np.ndarray, lengths: np.ndarray) -> list[str]:
    if content.dtype != np.uint8 or lengths.dtype != np.int64 or content.ndim + lengths.ndim != 2:
        raise ValueError("its texts are not stored as bytes and lengths")
    if (lengths < 0).any() or (lengths > len(content)).any() or lengths.sum() != len(content):
        raise ValueError("the lengths of its texts do not fill their bytes")
    ends = np.cumsum(lengths).tolist()
    whole = content.tobytes()
    return [whole[end - n : end].decode() for end, n in zip(ends, lengths.tolist(), strict=True)]


def _require_same_clips(
    texts: Mapping[str, list[str]], statistics: Mapping[str, np.ndarray]
) -> None:
    n_clips = len(texts["clip_ids"])
    if len(set(texts["clip_ids"])) < n_clips:
        raise ValueError("a clip is in it twice")
    for name, column in texts.items():
        if len(column) != n_clips:
            raise ValueError(f"it has {len(column)} {name} of {n_clips} clips")
    for name, rows in statistics.items():
        if rows.ndim != 2 or rows.dtype.kind not in "if" or len(rows) != n_clips:
            raise ValueError(f"its statistics of {name} are not those of {n_clips} clips")
        if not np.isfinite(rows).all():
            raise ValueError(f"its statistics of {name} hold NaN or infinite values")
