"""Subcommands that use models of landmarks."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.features import Device, Language, Seed, Threads
from sonar_sign.core.options import PredictOptions


def predict_landmarks(
    landmarks: Annotated[list[Path], "A landmark shard; repeat for all of the split."],
    timings: Annotated[list[Path], "Timings of a landmark shard; repeat likewise."],
    model: Annotated[Path, "Landmark model's checkpoint."],
    output: Annotated[Path, "Table to write; what made it goes beside it (.json)."],
    attention: Annotated[Path, "Where the model looked in some clips, .npz."],
    options: PredictOptions,
    rows_per_s: Annotated[float, "Rows a second of the landmarks."] = 12.0,
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Translate the clips of landmark shards."""
    from sonar_sign.core.devices import use_threads
    from sonar_sign.translation.predict_landmarks import predict_landmarks as run

    use_threads(threads)
    run(
        landmarks,
        timings,
        model,
        output,
        attention,
        options,
        rows_per_s=rows_per_s,
        language=language,
        seed=seed,
        device=device,
    )


def plot_attention(
    attention: Annotated[Path, "What predict_landmarks kept of some clips, .npz."],
    output: Annotated[Path, "Picture to write, .svg."],
) -> None:
    """Draw where the landmark model looks while it writes."""
    from sonar_sign.translation.attention import draw_attention

    draw_attention(attention, output)


COMMANDS = {
    "predict_landmarks": predict_landmarks,
    "plot_attention": plot_attention,
}
