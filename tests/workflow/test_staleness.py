"""What a change makes stale, with how many jobs, and what it leaves alone: `docs/staleness.md`.

Rows that cost little are really run, and what ran is counted. Those that make most of the workflow
again are planned only, which a row of the first kind shows to be the same.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from workflow_project import REPOSITORY, merged

from sonar_sign.corpora.shard import shard_of

pytestmark = [pytest.mark.slow, pytest.mark.long]

ANNOTATIONS = "resources/demo/howto/how2sign_realigned_train.csv"
N_TRAIN = 2  # shards of the tiny config
FEATURES = [f"results/demo/features/pretrained/train/{n:04d}.npy" for n in range(N_TRAIN)]
# Three systems in two languages, and landmarks in one.
SHOWN = {"compare": 1, "plot": 1, "gallery": 1}
EVERY_SCORE = {"evaluate": 7, "sample": 4, **SHOWN}
EVERY_PREDICTION = {"predict": 3, "predict_landmarks": 1, "plot_attention": 1, **EVERY_SCORE}
LANDMARKS = {"train": 1, "predict_landmarks": 1, "plot_attention": 1}
LANDMARKS |= {"evaluate": 1, "sample": 1, **SHOWN}
# A system of SONAR, in two languages.
ONE_SYSTEM = {"predict": 1, "evaluate": 2, "sample": 1, **SHOWN}
STAGE_2 = ONE_SYSTEM | {"train": 1}
STAGE_1 = {"train": 2, "extract": 4, "predict": 2, "evaluate": 4, "sample": 2, **SHOWN}
# Pretrained features of news (two shards of training, one of validation) and of howto's test split,
# then stage 1's of all four howto shards.
FROM_FEATURES = {
    "extract": 8, "pretrain_sign_encoder": 1, "train": 2, "predict": 3, "evaluate": 6,
    "sample": 3, **SHOWN,
}  # fmt: skip
ALL_SYSTEMS = {"zero_shot": None, "stage1": None, "finetuned": None, "landmarks": None}


@dataclass(frozen=True)
class Row:
    """A change and the subcommands that run because of it."""

    change: dict | Callable
    """Of the config, or of a project's files."""
    runs: dict[str, int]
    targets: tuple[str, ...] = ()
    """All, unless some are named."""
    really: bool = True
    trained: frozenset[str] = frozenset()
    """The trainings among them."""


def with_systems(**systems) -> dict:
    """The demo's systems and others."""
    return {"systems": {**ALL_SYSTEMS, **systems}}


def edit_row(project, row: int, column: str, value: str) -> str:
    """Change one field of the training annotations; returns the clip's id."""
    path = project.folder / ANNOTATIONS
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    lines[row][lines[0].index(column)] = value
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    return lines[row][lines[0].index("SENTENCE_NAME")]


def add_row(project) -> str:
    path = project.folder / ANNOTATIONS
    lines = path.read_text().splitlines()
    added = lines[1].split("\t")
    column = lines[0].split("\t").index("SENTENCE_NAME")
    added[column] = f"{added[column]}-again"
    path.write_text("\n".join([*lines, "\t".join(added)]) + "\n")
    return added[column]


def put_another_checkpoint(project):
    other = project.folder / "resources/models/demo/sign_encoder.pth"
    shutil.copyfile(other, project.folder / "results/demo/checkpoints/stage2/best.pt")


def touch(path: str) -> Callable:
    return lambda project: (project.folder / path).touch()


def replace_video(project):
    videos = sorted((project.folder / "resources/demo/howto/raw_videos").glob("*.mp4"))
    used = (project.folder / "results/demo/shards/test/0000.tsv").read_text()
    shown = next(video for video in videos if video.name in used)
    shown.write_bytes(next(video for video in videos if video != shown).read_bytes())


TABLE = {
    "seed": Row(
        {"seed": 2},
        STAGE_1 | EVERY_PREDICTION | {"train": 3},
        really=False,
        trained=frozenset({"stage1", "stage2", "landmarks"}),
    ),
    "systems: one removed": Row({"systems": ["zero_shot", "finetuned", "landmarks"]}, SHOWN),
    "systems: their order": Row(
        {"systems": ["landmarks", "finetuned", "stage1", "zero_shot"]}, SHOWN, really=False
    ),
    "systems: another decoding": Row(
        with_systems(greedy={"like": "finetuned", "decoding": {"beam_size": 1}}), ONE_SYSTEM
    ),
    "systems: one renamed": Row(
        {"systems": {"zero_shot": None, "best": {"training": "stage2"}, "landmarks": None}},
        ONE_SYSTEM,
        really=False,
    ),
    "trainings: one more, of the losses": Row(
        {
            "trainings": {"mse_only": {"like": "stage2", "losses": {"cosine": 0}}},
            **with_systems(mse_only={"training": "mse_only"}),
        },
        STAGE_2,
        trained=frozenset({"mse_only"}),
    ),
    "trainings: one that no system uses": Row(
        {"trainings": {"unused": {"like": "stage2", "epochs": 9}}}, {}
    ),
    "trainings: what another one is like": Row(
        {
            "trainings": {
                "other": {"like": "stage2", "start": "stage2"},
                "stage2": {"losses": {"mse": 2}},
            },
            **with_systems(other={"training": "other"}),
        },
        STAGE_2 | {"train": 2, "predict": 2, "evaluate": 4, "sample": 2},
        really=False,
        trained=frozenset({"stage2", "other"}),
    ),
    "seeds: one more": Row(
        {"seeds": [1, 2]},
        {
            "train": 3,
            "extract": 4,
            "predict": 2,
            "predict_landmarks": 1,
            "evaluate": 5,
            "compare": 1,
            "plot": 1,
        },
        really=False,
        trained=frozenset({"stage1.seed2", "stage2.seed2", "landmarks.seed2"}),
    ),
    "data: a weight": Row(
        {"trainings": {"stage2": {"data": {"demo": 0.5}}}},
        STAGE_2,
        really=False,
        trained=frozenset({"stage2"}),
    ),
    "languages.outputs": Row(
        {"languages": {"outputs": ["eng_Latn"]}},
        {"predict": 3, "evaluate": 3, "sample": 3, **SHOWN},
        really=False,
    ),
    "crop.quality": Row(
        {"crop": {"quality": 20}},
        FROM_FEATURES | {"crop": 7, "pretrain_sign_hiera": 1},
        really=False,
        trained=frozenset({"stage1", "stage2"}),
    ),
    "extract.compat": Row(
        {"extract": {"compat": "exact"}},
        FROM_FEATURES,
        really=False,
        trained=frozenset({"stage1", "stage2"}),
    ),
    "landmarks.fps": Row(
        {"landmarks": {"fps": 10}},
        LANDMARKS | {"extract_landmarks": 4},
        trained=frozenset({"landmarks"}),
    ),
    "trainings.landmarks": Row(
        {"trainings": {"landmarks": {"learning_rate": 1e-3}}},
        LANDMARKS,
        trained=frozenset({"landmarks"}),
    ),
    "trainings.stage1": Row(
        {"trainings": {"stage1": {"learning_rate": 3e-4}}},
        STAGE_1,
        really=False,
        trained=frozenset({"stage1", "stage2"}),
    ),
    "trainings.stage2": Row(
        {"trainings": {"stage2": {"learning_rate": 3e-4}}}, STAGE_2, trained=frozenset({"stage2"})
    ),
    "trainings.fused, which no system uses": Row({"trainings": {"fused": {"epochs": 3}}}, {}),
    "decoding.beam_size": Row({"decoding": {"beam_size": 3}}, EVERY_PREDICTION, really=False),
    "evaluate": Row(
        {"evaluate": {"nltk_data": "nowhere"}}, {"evaluate": 7, **SHOWN, "gallery": 0}, really=False
    ),
    "sample": Row({"sample": {"n": 5}}, {"sample": 4}),
    "gallery": Row({"gallery": {"videos": False}}, {"gallery": 1}),
    "cluster": Row({"cluster": {"others": {"mem_mb": 1234}}}, {}),
    "a caption": Row(
        lambda project: edit_row(project, 1, "SENTENCE", "My friend paints."),
        {"prepare": 1, "shard": 1, "embed_text": 1, "train": 1},
        targets=("results/demo/checkpoints/stage1/best.pt",),
        trained=frozenset({"stage1"}),
    ),
    "a time stamp": Row(
        lambda project: edit_row(project, 1, "START_REALIGNED", "0.05"),
        {"prepare": 1, "shard": 1, "crop": 1, "extract": 1},
        targets=FEATURES,
    ),
    "an added row": Row(
        add_row, {"prepare": 1, "shard": 1, "crop": 1, "extract": 1}, targets=FEATURES
    ),
    "a replaced video": Row(
        replace_video,
        {"crop": 1, "extract": 1},
        targets=("results/demo/features/pretrained/test/0000.npy",),
    ),
    "annotations touched": Row(touch(ANNOTATIONS), {}),
    "a touched checkpoint over 1 MB": Row(
        touch("results/demo/checkpoints/stage1/best.pt"),
        STAGE_1 | {"train": 1},
        really=False,
        trained=frozenset({"stage2"}),
    ),
    "a replaced checkpoint": Row(
        put_another_checkpoint, {"predict": 1, "evaluate": 2, "sample": 1, **SHOWN}
    ),
    "a deleted feature shard": Row(
        lambda project: (project.folder / FEATURES[0]).unlink(), {"extract": 1}, targets=FEATURES
    ),
    "the number of shards": Row(
        {"corpus": {"shards": {"train": 3, "val": 1, "test": 1}}},
        {"shard": 1, "crop": 3, "extract": 3},
        targets=(*FEATURES, "results/demo/features/pretrained/train/0002.npy"),
    ),
}


@pytest.fixture(scope="module")
def extracted(finished, tmp_path_factory):
    """The finished project with the pretrained features of training, which no system needs."""
    project = finished.copy(tmp_path_factory.mktemp("extracted") / "project")
    run = project.run(*FEATURES)
    assert run.code == 0, run.output
    # Of this copy nothing is stale, nor of copies of it.
    assert project.dry_run(*FEATURES) == project.dry_run() == {}
    return project


@pytest.mark.parametrize("name", TABLE)
def test_what_runs(extracted, tmp_path, name):
    row, project = TABLE[name], extracted.copy(tmp_path / "project")
    if callable(row.change):
        row.change(project)
    else:
        project.write_config(merged(project.config, row.change))
    expected = Counter({key: n for key, n in row.runs.items() if n})
    run = project.run(*([] if row.really else ["--dry-run"]), *row.targets)
    assert run.code == 0, run.output
    assert run.trained == row.trained
    if not row.really:
        assert by_subcommand(run.planned) == expected
        return
    assert run.ran == expected
    assert project.dry_run(*row.targets) == {}


def by_subcommand(jobs: dict[str, int]) -> Counter:
    """Jobs of a dry run, counted by the subcommand that they call."""
    counted = Counter()
    for rule, n in jobs.items():
        counted["shard" if rule.startswith("shard_") else rule] += n
    return counted


def test_only_the_shard_that_a_row_falls_into_is_written_again(extracted, tmp_path):
    project = extracted.copy(tmp_path / "project")
    clips = project.folder / "results/demo/clips"

    def tars() -> dict[str, int]:
        return {str(p.relative_to(clips)): p.stat().st_mtime_ns for p in clips.rglob("*.tar")}

    before = tars()
    shard = shard_of(add_row(project), N_TRAIN)
    run = project.run(*FEATURES)
    assert run.code == 0, run.output
    after = tars()
    assert {path for path in after if after[path] != before[path]} == {f"train/{shard:04d}.tar"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """A copy of the repository, to be edited."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("Snakefile", "workflow", "config", "profiles", "src"):
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / name)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_code_and_environments_make_nothing_stale_but_a_recipe_does(finished, repository):
    def jobs() -> Counter:
        return by_subcommand(finished.dry_run(snakefile=repository / "Snakefile"))

    assert jobs() == {}
    code = repository / "src/sonar_sign/training/sign_encoder.py"
    edit(code, '"""', '"""Changed: ')
    edit(repository / "workflow/envs/models.yaml", "# Written", "# Anew\n# Written")
    assert jobs() == {}
    edit(repository / "workflow/rules/predict.smk", "recipe=3", "recipe=99")
    assert jobs() == {key: n for key, n in LANDMARKS.items() if key != "train"}


def test_zero_shot_alone_trains_nothing_on_the_corpus(empty):
    jobs = empty.dry_run("results/demo/metrics/zero_shot.json")
    assert jobs["predict"] == 1
    assert "train" not in jobs


def test_landmarks_alone_need_no_pixels_and_no_public_weights(empty):
    jobs = empty.dry_run("results/demo/metrics/landmarks.json")
    assert jobs["train"] == jobs["predict_landmarks"] == 1
    assert not {"crop", "extract", "embed_text", "pretrain_sonar"} & set(jobs)


def test_a_training_that_it_starts_from_comes_first(empty):
    first = {"like": "landmarks", "data": {"demo_news": 1}}
    changes = {"trainings": {"first": first, "landmarks": {"start": "first"}}}
    # `first` is like `landmarks`, which starts from it: it has to say that it starts anew.
    changes["trainings"]["first"]["start"] = None
    empty.write_config(merged(empty.config, changes))
    run = empty.run("--dry-run", "results/demo/metrics/landmarks.json")
    assert run.code == 0, run.output
    assert run.trained == {"first", "landmarks"}


def test_fused_needs_both_its_component_models(empty):
    empty.write_config(merged(empty.config, {"systems": ["fused"]}))
    run = empty.run("--dry-run", "results/demo/metrics/fused.json")
    assert run.trained == {"stage1", "stage2", "landmarks", "fused"}
    assert run.planned["predict"] == 1


def test_joint_writes_both_models_once(empty):
    empty.write_config(merged(empty.config, {"systems": ["joint"]}))
    run = empty.run("--dry-run", "results/demo/metrics/joint.json")
    assert run.trained == {"joint"}
    assert (run.planned["train_joint"], run.planned["predict"]) == (1, 1)
