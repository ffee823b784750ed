"""Input functions: which files a job needs, where Snakemake has to be asked for them."""

from sonar_sign.corpora.shard import videos_of_shard
from sonar_sign.landmarks.keypoint_locations import state_of
from sonar_sign.models.registry import registry
from sonar_sign.operations.input_names import as_input


def shard_file(wildcards):
    """One shard of the manifest.

    Asking the checkpoint lets Snakemake look at the shard again once it is written: a shard
    whose content is the same makes nothing stale.
    """
    path = f"results/{wildcards.corpus}/shards/{wildcards.split}/{wildcards.shard}.tsv"
    # A checkpoint that lacks one output of several is not run again for being asked; an ordinary
    # input that is missing makes it run.
    if Path(path).exists():
        shard_checkpoint(wildcards).get()
    return path


@in_one_sentence
def shard_checkpoint(wildcards):
    """The checkpoint that assigns the clips of a split to shards."""
    n_shards = len(FILES.shard_names(wildcards.corpus, wildcards.split))
    if int(wildcards.shard) >= n_shards:
        raise UserError(
            f"{wildcards.corpus}, {wildcards.split}, has {n_shards} shards and no "
            f"{wildcards.shard}; the config's `shards` say how many there are."
        )
    return getattr(checkpoints, f"shard_{wildcards.corpus}_{wildcards.split}")


@in_one_sentence
def videos(wildcards):
    """The videos that a shard names: one that is replaced is cropped again."""
    shard_checkpoint(wildcards).get()
    found = videos_of_shard(Path(shard_file(wildcards)), Path(root_of(wildcards)))
    return [as_input(path, Path(f"results/{wildcards.corpus}/links")) for path in found]


def face_model(wildcards):
    """The model of the CNN detector, where it is used; the HOG detector is in dlib itself."""
    wanted = config["crop"]["detector"] == "cnn"
    return [f"{PUBLIC_MODELS}/{registry()['face_detector'].file}"] if wanted else []


def clips_of_shard(wildcards):
    """One clip shard.

    It asks the checkpoint as `crop` does: what Snakemake has once decided to extract it extracts,
    unless it looks again once it knows which shards have changed.
    """
    shard_file(wildcards)
    return f"results/{wildcards.corpus}/clips/{wildcards.split}/{wildcards.shard}.tar"


def landmark_videos(wildcards):
    """The videos of a shard where landmarks are found in them."""
    return videos(wildcards) if config["landmarks"]["source"] == "mediapipe" else []


def keypoint_state(wildcards):
    """A hash of which keypoint files a shard's clips have; keypoints that are missing stop nothing.

    As inputs they would be tens of thousands of folders, each of which must be there. It must not
    ask for `input`: Snakemake notices no change in params that are made from it.
    """
    source = config["landmarks"]["source"]
    shard = Path(f"results/{wildcards.corpus}/shards/{wildcards.split}/{wildcards.shard}.tsv")
    # The shard is written by a checkpoint, after which this is asked again.
    if source == "mediapipe" or not shard.is_file():
        return "none"
    return state_of(shard, root_of(wildcards), wildcards.split, source)


PUBLIC_FILES = {public.file: name for name, public in registry().items()}
SONAR_FILES = [registry()[name].file for name in SONAR_NAMES]


def model_name(wildcards):
    """The registry's name of a file."""
    return PUBLIC_FILES[Path(wildcards.file).name]


def corpus_files(root, splits):
    """What `make_corpus` declares: every table. The videos are named by the shards."""
    return [
        *[f"{root}/how2sign_realigned_{split}.csv" for split in splits],
        *[f"{root}/how2sign_realigned_{split}.ita_Latn.csv" for split in splits],
        *[f"{root}/glosses_{split}.tsv" for split in splits],
        *[f"{root}/sentences_{split}.tsv" for split in splits],
    ]
