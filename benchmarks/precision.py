"""How many texts change with the precision: the demo's, translated in fp32 and in bf16.

    python benchmarks/precision.py [RESULTS] [--models FOLDER]     # after make demo

The clips of all splits are translated by the system `finetuned` into both languages of the demo.
Also told are the cosines of embeddings in either precision, of clips and of captions (the targets),
and whether a second run in bf16 gives the same texts.
"""

import argparse
from pathlib import Path

import torch
from torch.nn.functional import cosine_similarity

from sonar_sign.core.options import PredictOptions
from sonar_sign.core.tables import read_table
from sonar_sign.demo.grammar import LANGUAGES
from sonar_sign.features.feature_shards import by_length
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.translation.inputs import FeatureFiles, SonarModels
from sonar_sign.translation.sonar_system import SonarSystem

CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results/demo"))
    parser.add_argument("--models", type=Path, default=Path("resources/models/demo"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoints = options.results / "checkpoints"
    models = SonarModels(
        checkpoints / "stage1/best.pt", checkpoints / "stage2/best.pt", options.models / "sonar"
    )
    features = sorted((options.results / "features/stage1").glob("*/*.npy"))
    fp32 = SonarSystem.load(models, FeatureFiles(features, []), LANGUAGES, decoding("fp32"), CPU)
    bf16 = SonarSystem.load(models, FeatureFiles(features, []), LANGUAGES, decoding("bf16"), CPU)
    clip_ids = by_length(fp32.clips)[0]
    expected, found, again = texts(fp32, clip_ids), texts(bf16, clip_ids), texts(bf16, clip_ids)
    for language in LANGUAGES:
        pairs = list(zip(expected[language], found[language], strict=True))
        n_equal = sum(text == other for text, other in pairs)
        print(f"{language}: {n_equal} of {len(pairs)} texts equal ({n_equal / len(pairs):.1%})")
        for text, other in pairs:
            if text != other:
                print(f"  fp32 {text!r}\n  bf16 {other!r}")
    print("bf16 again:", "the same" if found == again else "different")
    some = clip_ids[:100]
    cosines = cosine_similarity(fp32.embed(some), bf16.embed(some))
    print(f"embeddings of clips: cosine at least {cosines.min():.6f}")
    captions = read_table(options.results / "manifests/test.tsv", ("clip_id", "text"))["text"]
    targets = [
        SonarText.open(models.sonar, precision=precision).embed(captions.tolist(), LANGUAGES[0])
        for precision in ("fp32", "bf16")
    ]
    print(f"targets: cosine at least {cosine_similarity(*targets).min():.6f}")


def decoding(precision: str) -> PredictOptions:
    return PredictOptions(precision=precision)


def texts(system: SonarSystem, clip_ids: list[str]) -> dict[str, list[str]]:
    return system.translate(clip_ids).texts


if __name__ == "__main__":
    main()
