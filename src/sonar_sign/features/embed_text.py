"""`embed_text`: SONAR's embeddings of the captions, the targets of training."""

from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.notes import tell
from sonar_sign.core.settings import check_options
from sonar_sign.core.target_options import TargetOptions
from sonar_sign.features.targets import write_targets


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

    The index says on which device and in which precision they were computed.

    Raises:
        UserError: the manifest or the SONAR folder cannot be read, or the language is unknown.
    """
    check_options(options)
    table = read_foreign(manifest, Layout(("clip_id", "text"), key="clip_id"))
    if table.is_sentences:
        raise UserError(f"{manifest} has texts without ids; give a table with clip_id, text.")
    tell(table.notes)
    texts = table.columns["text"]
    # Importing fairseq2 takes seconds, so it is done only where it is needed.
    from sonar_sign.core.devices import choose_device
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(sonar_folder, choose_device(device), options.precision)
    embeddings = sonar.embed(texts, language).cpu().numpy()
    about = {"device": str(sonar.device), "precision": sonar.encoder_precision}
    write_targets(output, table.columns["clip_id"], embeddings, texts, about)
