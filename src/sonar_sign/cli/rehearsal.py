"""Subcommands that show, before the real job, whether everything it needs is there and works."""

from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.paths import FOLDER, OUTPUT
from sonar_sign.core.bounds import LAYERS, SEEDS, between
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER

Config = Annotated[list[Path], "Config of the run; repeat to override keys."]


def rehearse(
    config: Config,
    clips: Annotated[
        Path | None, "Corpus in How2Sign's layout; without it, clips are drawn.", INPUT_FOLDER
    ] = None,
    folder: Annotated[Path, "Folder to write into; removed at the end.", FOLDER] = Path(
        "rehearsal"
    ),
    keep: Annotated[bool, "Keep the folder."] = False,
    output: Annotated[Path | None, "JSON file to write: what each step needed.", OUTPUT] = None,
    layers: Annotated[
        int | None, "Most layers of the models, for a quick try; all, if left out.", LAYERS
    ] = None,
    pieces: Annotated[int, "Pieces of SONAR's vocabulary.", between(500, 256_000)] = 256_000,
    n_clips: Annotated[int, "Sentences of all splits together.", between(3, 100_000)] = 16,
    cores: Annotated[int, "CPU cores.", between(1, 100_000)] = 2,
    seed: Annotated[int, "Seed of weights and of drawn clips.", SEEDS] = 1,
) -> None:
    """Run a config's whole workflow at full size, with random weights and a few clips.

    Example:
        .venv/bin/sonar-sign rehearse --config config/how2sign.yaml
            --clips ../shared/data/how2sign_sample
    """
    from sonar_sign.core.files import write_json
    from sonar_sign.core.wording import duration
    from sonar_sign.operations.config import load_config
    from sonar_sign.operations.estimate import estimate
    from sonar_sign.operations.estimate_text import as_text
    from sonar_sign.operations.machine import memory_bytes
    from sonar_sign.operations.rates import read_rates
    from sonar_sign.operations.rehearsal import RehearsalOptions
    from sonar_sign.operations.rehearsal import rehearse as run
    from sonar_sign.operations.rehearsal_files import RehearsalSize
    from sonar_sign.operations.rehearsal_table import as_table, as_values

    whole = load_config(config)
    size = RehearsalSize(layers, pieces, n_clips, seed)
    found = run(whole, config, RehearsalOptions(folder, clips, size, cores, keep))
    if output is not None:
        write_json(output, {"seconds": found.seconds, **as_values(found.costs, found.peaks)})
    print(f"Every step ran, in {duration(found.seconds)}. What each needed:\n")
    print(as_table(found.costs, found.peaks))
    print("\nWhat the real run needs, computed:\n")
    print(as_text(estimate(whole.experiment, read_rates()), [1], cores, memory_bytes() / 1e9))


def verify_models(
    config: Config = [Path("config/how2sign.yaml")],  # noqa: B006 (Typer's way)
    clips: Annotated[
        Path | None,
        "Folder with clips whose translation is documented, such as DailyMoth-70h's.",
        INPUT_FOLDER,
    ] = None,
    answers: Annotated[
        Path | None, "YAML of known answers, instead of known_answers.yaml.", INPUT_FILE
    ] = None,
) -> None:
    """Check the model files: hashes, layouts, and answers that are documented.

    Example:
        .venv/bin/sonar-sign verify_models --clips data/dailymoth
    """
    from sonar_sign.operations.config import load_config
    from sonar_sign.operations.known_answers import read_answers
    from sonar_sign.operations.verification import all_good, line_of, verdict
    from sonar_sign.operations.verify_models import verify_models as run

    checks = []
    for check in run(load_config(config), read_answers(answers), clips):
        print(line_of(check), flush=True)
        checks.append(check)
    print(verdict(checks))
    raise typer.Exit(0 if all_good(checks) else 1)


COMMANDS = {"rehearse": rehearse, "verify_models": verify_models}
