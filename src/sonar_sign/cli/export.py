"""The subcommand that writes a system as a folder."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.paths import FOLDER


def export(
    system: Annotated[str, "A system that the workflow's config declares."],
    output: Annotated[Path, "Folder to write, such as export/finetuned.", FOLDER],
    results: Annotated[
        Path | None, "Results folder of the system, such as results/demo, if several have it."
    ] = None,
    half: Annotated[bool, "Store weights as bf16, in half the space."] = False,
) -> None:
    """Write a system as one folder: weights, settings and a model card.

    Example:
        .venv/bin/sonar-sign export --system finetuned --output export/finetuned
    """
    from sonar_sign.translation.declared_systems import folder_of

    where = folder_of(system, results)  # a name that is wrong is refused at once
    from sonar_sign.export.system_export import export_system as run

    done = run(system, output, results=where, half=half)
    print(f"{done.folder}: {len(done.files)} files, {done.size / 1e6:.1f} MB")
    if done.public:
        size = sum(done.public.values()) / 1e9
        print(
            f"SONAR's public files are named, not copied: {', '.join(done.public)}, {size:.1f} GB"
        )


COMMANDS = {"export": export}
