"""Input functions: which files a job needs, where that depends on more than its wildcards."""

from sonar_sign.corpora import open_corpus
from sonar_sign.landmarks.keypoint_locations import state_of
from sonar_sign.models.fetch import registry
from sonar_sign.corpora.shard import videos_of_shard


def root_of(wildcards):
    return CORPORA[wildcards.corpus]["root"]


def shard_names(corpus, split):
    """The shards of a split; the number is fixed by the config, so rules can name them all."""
    return [f"{number:04d}" for number in range(CORPORA[corpus]["shards"][split])]


def shards(pattern, **fixed):
    """An input function: the files of all shards of a split; `fixed` replaces wildcards."""

    def paths(wildcards):
        values = {**dict(wildcards.items()), **fixed}
        names = shard_names(values["corpus"], values["split"])
        return [pattern.format(**values, shard=shard) for shard in names]

    return paths


def training_shards(pattern):
    """The files of all training shards of all corpora that are trained on."""
    return [
        pattern.format(corpus=corpus, split="train", shard=shard)
        for corpus in TRAINING
        for shard in shard_names(corpus, "train")
    ]


def splits_of(name):
    """The splits that a corpus has; config files add up, so `shards` may name more of them."""
    corpus = CORPORA[name]
    if corpus["root"] in (HOWTO_ROOT, NEWS_ROOT):
        return list(corpus["shards"])
    return [
        split
        for split in corpus["shards"]
        if open_corpus(corpus["type"], corpus["root"]).has(split)
    ]


def tables_of_splits(wildcards, name):
    """One of `prepare`'s tables for every split of a corpus."""
    folder = f"results/{wildcards.corpus}/manifests"
    return [f"{folder}/{name.format(split=split)}" for split in splits_of(wildcards.corpus)]


def checkpoint_name(corpus, split):
    """The name of the checkpoint that deals a split to shards."""
    if corpus == NAME:
        return f"shard_{split}"
    return f"shard_news_{split}" if corpus == NEWS else f"shard_{corpus}_{split}"


def annotations(wildcards):
    """The split's annotation file; the demo's is made by a rule, any other one must be there."""
    corpus = CORPORA[wildcards.corpus]
    if corpus["root"] in (HOWTO_ROOT, NEWS_ROOT):
        return f"{corpus['root']}/how2sign_realigned_{wildcards.split}.csv"
    return str(open_corpus(corpus["type"], corpus["root"]).annotation_file(wildcards.split))


def parallel_annotations(wildcards):
    corpus = CORPORA[wildcards.corpus]
    if corpus["root"] == HOWTO_ROOT:
        return f"{HOWTO_ROOT}/how2sign_realigned_{wildcards.split}.{wildcards.language}.csv"
    opened = open_corpus(corpus["type"], corpus["root"])
    return str(opened.annotation_file(wildcards.split, wildcards.language))


def shard_file(wildcards):
    """One shard of the manifest.

    Asking the checkpoint lets Snakemake look at the shard again once it is written: a shard
    whose content is the same makes nothing stale.
    """
    path = f"results/{wildcards.corpus}/shards/{wildcards.split}/{wildcards.shard}.tsv"
    # A checkpoint that lacks one output of several is not run again for being asked; an ordinary
    # input that is missing makes it run.
    if Path(path).exists():
        dealing_of(wildcards).get()
    return path


def dealing_of(wildcards):
    """The checkpoint that deals a split to shards."""
    n_shards = len(shard_names(wildcards.corpus, wildcards.split))
    if int(wildcards.shard) >= n_shards:
        raise ValueError(
            f"{wildcards.corpus}, {wildcards.split}, has {n_shards} shards and no "
            f"{wildcards.shard}; the config's `shards` say how many there are."
        )
    return getattr(checkpoints, checkpoint_name(wildcards.corpus, wildcards.split))


def videos(wildcards):
    """The videos that a shard names: one that is replaced is cropped again."""
    dealing_of(wildcards).get()
    return videos_of_shard(Path(shard_file(wildcards)), Path(root_of(wildcards)))


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
    # The shard is dealt by a checkpoint, after which this is asked again.
    if source == "mediapipe" or not shard.is_file():
        return "none"
    return state_of(shard, root_of(wildcards), wildcards.split, source)


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


def checkpoint_of_encoder(wildcards):
    if wildcards.encoder == "pretrained":
        return config["models"]["sign_hiera"]
    # Whatever the corpus: others are trained on beside the one that stage 1 is named after.
    return f"results/{NAME}/checkpoints/stage1/best.pt"


# Which features and which sign encoder make a system.
FEATURES_OF = {
    "zero_shot": "pretrained",
    "stage1": "stage1",
    "finetuned": "stage1",
    "fused": "stage1",
}


def features_of_system(suffix):
    def paths(wildcards):
        encoder = FEATURES_OF[wildcards.system]
        return [
            f"results/{wildcards.corpus}/features/{encoder}/{wildcards.split}/{shard}{suffix}"
            for shard in shard_names(wildcards.corpus, wildcards.split)
        ]

    return paths


def landmarks_of_system(suffix):
    """The landmark shards of a fused system; others have none."""

    def paths(wildcards):
        if wildcards.system != "fused":
            return []
        return [
            f"results/{wildcards.corpus}/landmarks/{wildcards.split}/{shard}{suffix}"
            for shard in shard_names(wildcards.corpus, wildcards.split)
        ]

    return paths


def landmark_model_of_system(wildcards):
    """The landmark model of a fused system; others have none."""
    if wildcards.system != "fused":
        return []
    return [f"results/{wildcards.corpus}/checkpoints/landmarks/best.pt"]


def sign_hiera_of_system(wildcards):
    if FEATURES_OF[wildcards.system] == "pretrained":
        return config["models"]["sign_hiera"]
    return f"results/{wildcards.corpus}/checkpoints/stage1/best.pt"


# Stage 2's third file, where SONAR's decoder is trained too.
TRAINED_DECODER = (
    []
    if config["finetune"]["decoder"]["train_decoder"] == "none"
    else ["results/{corpus}/checkpoints/stage2/sonar_decoder.pt"]
)


def decoder_of_system(wildcards):
    """The decoder that takes the place of SONAR's own."""
    return TRAINED_DECODER if wildcards.system == "finetuned" else []


def sign_encoder_of_system(wildcards):
    stage = {"finetuned": "stage2", "fused": "fused"}.get(wildcards.system)
    if stage:
        return f"results/{wildcards.corpus}/checkpoints/{stage}/best.pt"
    return config["models"]["sign_encoder"]


# Systems that know the captions' language only; others speak every language of SONAR.
ONE_LANGUAGE = {"landmarks"}


def metrics_of_all_systems(suffix):
    """One file a system, then one a system and further language."""
    folder = "results/{corpus}/metrics"
    return [
        *[f"{folder}/{system}.{suffix}" for system in config["systems"]],
        *[
            f"{folder}/{system}.{language}.{suffix}"
            for language in OTHER_LANGUAGES
            for system in config["systems"]
            if system not in ONE_LANGUAGE
        ],
    ]


TRAINING_TARGETS = [f"results/{corpus}/targets/train.npy" for corpus in TRAINING]
TRAINING_MANIFESTS = [f"results/{corpus}/manifests/train.tsv" for corpus in TRAINING]
FURTHER_LANGUAGES = config["finetune"]["targets"]["languages"]
FURTHER_TARGETS = [f"results/{NAME}/targets/train.{code}.npy" for code in FURTHER_LANGUAGES]
FURTHER_CAPTIONS = [f"results/{NAME}/captions/train.{code}.tsv" for code in FURTHER_LANGUAGES]


def named(paths, by):
    """`NAME=path`: by the folder it lies in, or by the split that its own name begins with."""
    names = [Path(p).parent.name if by == "parent" else Path(p).name.split(".")[0] for p in paths]
    return [f"{name}={path}" for name, path in zip(names, paths)]


# Drawn people may be shown to anybody; others have to be asked, so somebody has to say so.
SHOWS_VIDEOS = config["gallery"]["videos"] is True or (
    config["gallery"]["videos"] == "auto" and CORPORA[NAME]["root"] == HOWTO_ROOT
)


def clips_of_gallery(wildcards):
    """The clips that are shown beside their translations."""
    shown = shard_names(wildcards.corpus, EVALUATED) if SHOWS_VIDEOS else []
    return [f"results/{wildcards.corpus}/clips/{EVALUATED}/{shard}.tar" for shard in shown]


def captions_of_training(evaluated):
    """Manifests whose captions floors are made of; none where training itself is evaluated."""
    return TRAINING_MANIFESTS if evaluated != "train" and "train" in splits_of(NAME) else []


def teaching(wildcards, input):
    """What training clips are pulled to, in all languages."""
    return " ".join(
        [
            repeated("train-targets", input.train_targets),
            repeated("train-manifest", input.train_manifests),
            repeated("extra-language", FURTHER_LANGUAGES),
            repeated("extra-targets", input.further_targets),
            repeated("extra-captions", input.further_captions),
        ]
    )


def corpus_files(root, splits):
    """What `make_corpus` declares: every table. The videos are named by the shards."""
    return [
        *[f"{root}/how2sign_realigned_{split}.csv" for split in splits],
        *[f"{root}/how2sign_realigned_{split}.ita_Latn.csv" for split in splits],
        *[f"{root}/glosses_{split}.tsv" for split in splits],
    ]


PUBLIC_FILES = {public.file: name for name, public in registry().items()}
SONAR_FILES = [
    registry()[name].file
    for name in ("sonar_text_encoder", "sonar_text_decoder", "sonar_tokenizer")
]


def sonar_files(wildcards):
    """SONAR's folder where a rule or somebody else makes it whole, else its three public files."""
    folder = config["models"]["sonar"]
    if folder == PUBLIC_SONAR:
        return [f"{folder}/{file}" for file in SONAR_FILES]
    return [folder]


def source_of_model(name):
    """The flag for a mirror's address or a local file that the config names."""
    source = config["models"].get("fetch_from", {}).get(name)
    return f"--source {shlex.quote(source)}" if source else ""
