"""`embed_text`: SONAR's embeddings of the captions, the targets of training."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.notes import tell
from sonar_sign.core.settings import check_options
from sonar_sign.core.target_options import TargetOptions
from sonar_sign.features.targets import write_targets

if TYPE_CHECKING:
    from sonar_sign.models.sonar_text import SonarText


def embed_text(
    manifest: Path,
    sonar_folder: Path,
    output: Path,
    options: TargetOptions = TargetOptions(),  # noqa: B008 (frozen)
    *,
    language: str = "eng_Latn",
    device: str = "auto",
) -> None:
    """Write `targets/{split}.npy`, one embedding per row of the manifest, and its index.

    A row that has a `language` of its own is read in it, any other one in `language`.

    The index says on which device and in which precision they were computed.

    Raises:
        UserError: the manifest or the SONAR folder cannot be read, or the language is unknown.
    """
    check_options(options)
    layout = Layout(("clip_id", "text"), optional=("language",), key="clip_id")
    table = read_foreign(manifest, layout)
    if table.is_sentences:
        raise UserError(f"{manifest} has texts without ids; give a table with clip_id, text.")
    tell(table.notes)
    texts = table.columns["text"]
    # Importing fairseq2 takes seconds, so it is done only where it is needed.
    from sonar_sign.core.devices import choose_device
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(sonar_folder, choose_device(device), options.precision)
    languages = [own or language for own in table.columns.get("language", [""] * len(texts))]
    embeddings = _embed(sonar, texts, languages)
    about = {"device": str(sonar.device), "precision": sonar.encoder_precision}
    write_targets(output, table.columns["clip_id"], embeddings, texts, about)


def _embed(sonar: "SonarText", texts: Sequence[str], languages: Sequence[str]) -> np.ndarray:
    """Embeddings `(n, embedding_dim)` of texts, each in its language."""
    rows_of: dict[str, list[int]] = {}
    for row, language in enumerate(languages):
        rows_of.setdefault(language, []).append(row)
    if len(rows_of) < 2:
        return sonar.embed(texts, languages[0] if languages else "eng_Latn").cpu().numpy()
    found: dict[int, np.ndarray] = {}
    for language, rows in rows_of.items():
        embedded = sonar.embed([texts[row] for row in rows], language).cpu().numpy()
        found |= dict(zip(rows, embedded, strict=True))
    return np.stack([found[row] for row in range(len(texts))])
