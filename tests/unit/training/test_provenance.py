"""A checkpoint says how it was made, and what it was made from."""

from dataclasses import replace

import pytest
import torch
import yaml
from landmark_shards import SHAPE, STILL, TRAINING, random_rows, write_shard
from small_files import (
    write_clip_shard,
    write_manifest,
    write_random_features,
    write_random_targets,
)
from tiny_models import supervision_files_of, tiny_encoder, tiny_hiera

import sonar_sign
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import (
    AugmentOptions,
    DecoderOptions,
    FreezeOptions,
    FusionOptions,
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LossOptions,
    TrainOptions,
)
from sonar_sign.core.settings import IntOrAuto
from sonar_sign.models.checkpoint import (
    read_metadata,
    save_sign_encoder,
    save_sign_hiera,
)
from sonar_sign.models.fused_encoder import load_fused_encoder
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.models.metadata import describe_checkpoint
from sonar_sign.training.fused import FusedInputs, FusedTraining
from sonar_sign.training.kinds import KINDS
from sonar_sign.training.landmark_translator import LandmarkInputs, LandmarkTraining
from sonar_sign.training.mix import CorpusWeight
from sonar_sign.training.provenance import effective_settings
from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining
from sonar_sign.training.task import Destination, run_training
from sonar_sign.training.video_encoder import VideoEncoderTraining, VideoInputs

torch.set_num_threads(1)

IDS = [f"c{n}" for n in range(6)]
OPTIONS = TrainOptions(epochs=1, learning_rate=1e-3, batch_size=3, select="cosine")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("provenance")
    write_clip_shard(folder / "0.tar", {clip_id: 12 for clip_id in IDS})
    write_random_targets(folder / "t.npy", IDS)
    write_manifest(folder / "m.tsv", IDS)
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    save_sign_encoder(folder / "encoder.pth", tiny_encoder())
    write_shard(folder, "l", random_rows(IDS))
    return folder


def train(task, out, name="", seed=0):
    run_training(
        task, Destination(out / "best.pt", out / "training", name), seed=seed, device="cpu"
    )
    return out / "best.pt"


def supervision_of(folder, *corpora):
    return replace(supervision_files_of(folder / "t.npy", folder / "m.tsv"), corpora=corpora)


@pytest.fixture(scope="module")
def chain(folder):
    """A checkpoint of each kind, each made from the ones before, by kind."""
    files = supervision_of(folder, CorpusWeight("demo"))
    video = VideoInputs(
        [folder / "0.tar"], [folder / "0.tar"], files, folder / "hiera.pth", folder / "encoder.pth"
    )
    settings = (OPTIONS, LossOptions(), AugmentOptions())
    found = {
        "video_encoder": train(
            VideoEncoderTraining(video, *settings, FreezeOptions(0.5)), folder / "1", "stage1", 7
        )
    }
    sha = sha256_of(found["video_encoder"])
    write_random_features(folder / "f.npy", IDS, sha=sha)
    features = [folder / "f.npy"]
    inputs = FeatureInputs(
        features, features, files, folder / "encoder.pth", found["video_encoder"]
    )
    task = SignEncoderTraining(inputs, OPTIONS, LossOptions())
    found["sign_encoder"] = train(task, folder / "2")
    landmarks, manifest = [folder / "l.npy"], folder / "m.tsv"
    once = replace(TRAINING, epochs=1, eval_every=1)
    found["landmark_translator"] = train(
        LandmarkTraining(
            LandmarkInputs(landmarks, landmarks, [manifest], manifest), once, SHAPE, STILL
        ),
        folder / "3",
    )
    task = fused_task(folder, files, found["sign_encoder"], found)
    found["fused"] = train(task, folder / "4")
    return found


def fused_task(folder, files, start, found):
    features, landmarks = [folder / "f.npy"], [folder / "l.npy"]
    inputs = FusedInputs(
        features, features, files, start, found["video_encoder"], train_landmarks=landmarks,
        val_landmarks=landmarks, landmark_model=found["landmark_translator"],
    )  # fmt: skip
    return FusedTraining(inputs, OPTIONS, LossOptions(), STILL)


def test_what_a_checkpoint_says_about_its_training(folder, chain):
    metadata = read_metadata(chain["video_encoder"])
    assert (metadata["training"], metadata["kind"], metadata["seed"]) == (
        "stage1", "video_encoder", 7,
    )  # fmt: skip
    assert metadata["language"] == "eng_Latn"
    settings = metadata["settings"]
    assert settings["freeze"] == 0.5 and settings["learning_rate"] == 1e-3
    assert settings["losses.cosine"] == 1.0 and settings["augment.colour"] == 0.2
    (corpus,) = metadata["corpora"].items()
    assert corpus[0] == "demo" and (corpus[1]["clips"], corpus[1]["weight"]) == (6, 1.0)
    assert metadata["versions"]["torch"] == torch.__version__.split("+")[0]
    assert metadata["versions"]["sonar-sign"] == sonar_sign.__version__
    assert set(metadata["scores"]) == {"cosine", "loss_mse", "loss_cosine"}
    assert metadata["started_from"] == {
        "video_encoder": {"sha256": sha256_of(folder / "hiera.pth"), "metadata": None},
        "sign_encoder": {"sha256": sha256_of(folder / "encoder.pth"), "metadata": None},
    }
    # Without a name of its own it is called after its kind.
    assert read_metadata(chain["sign_encoder"])["training"] == "sign_encoder"


def test_the_captions_hash_is_that_of_all_kinds(chain):
    of_kinds = [read_metadata(path)["corpora"] for path in chain.values()]
    hashes = {one["captions_sha256"] for corpora in of_kinds for one in corpora.values()}
    assert len(hashes) == 1 and len(hashes.pop()) == 64


def test_parents_are_told_with_their_own_metadata(chain):
    parents = read_metadata(chain["fused"])["started_from"]
    assert set(parents) == {"sign_encoder", "features", "landmark_model"}
    for role, kind in (
        ("sign_encoder", "sign_encoder"),
        ("features", "video_encoder"),
        ("landmark_model", "landmark_translator"),
    ):
        assert parents[role] == {
            "sha256": sha256_of(chain[kind]), "metadata": read_metadata(chain[kind])
        }  # fmt: skip
    grandparents = parents["sign_encoder"]["metadata"]["started_from"]
    assert grandparents["features"]["metadata"]["training"] == "stage1"


def test_features_of_an_encoder_that_is_not_given_are_known_by_their_hash(folder, chain, tmp_path):
    files = supervision_of(folder)
    features = [folder / "f.npy"]
    inputs = FeatureInputs(features, features, files, folder / "encoder.pth")
    path = train(SignEncoderTraining(inputs, OPTIONS, LossOptions()), tmp_path / "a")
    found = read_metadata(path)["started_from"]["features"]
    assert found == {"sha256": sha256_of(chain["video_encoder"]), "metadata": None}
    wrong = replace(inputs, sign_hiera=folder / "hiera.pth")
    with pytest.raises(UserError, match=r"made by another SignHiera than .*hiera.pth"):
        train(SignEncoderTraining(wrong, OPTIONS, LossOptions()), tmp_path / "b")


def test_each_kind_starts_from_a_training_of_its_kind(folder, chain, tmp_path):
    still = replace(OPTIONS, learning_rate=1e-30)
    files = supervision_of(folder)
    clips, features = [folder / "0.tar"], [folder / "f.npy"]
    video = VideoInputs(clips, clips, files, chain["video_encoder"], chain["sign_encoder"])
    tasks = {
        "video_encoder": VideoEncoderTraining(video, still, LossOptions(), AugmentOptions()),
        "sign_encoder": SignEncoderTraining(
            FeatureInputs(features, features, files, chain["sign_encoder"]), still, LossOptions()
        ),
        "fused": replace(fused_task(folder, files, chain["fused"], chain), options=still),
    }
    entries = {"video_encoder": "model_state", "sign_encoder": "student", "fused": "fusion"}
    for kind, task in tasks.items():
        path = train(task, tmp_path / kind)
        before, after = (
            torch.load(p, weights_only=True)[entries[kind]] for p in (chain[kind], path)
        )
        assert all(torch.equal(before[name], after[name]) for name in before)
        role = "sign_encoder" if kind == "fused" else kind
        parent = read_metadata(path)["started_from"][role]
        assert parent["metadata"] == read_metadata(chain[kind])


def test_a_fused_training_keeps_the_landmark_model_of_its_start(folder, chain, tmp_path):
    other = train(
        LandmarkTraining(
            LandmarkInputs(
                [folder / "l.npy"], [folder / "l.npy"], [folder / "m.tsv"], folder / "m.tsv"
            ),
            replace(TRAINING, epochs=1, eval_every=1),
            SHAPE,
            STILL,
        ),
        tmp_path / "landmarks",
        seed=5,
    )
    files = supervision_of(folder)
    found = chain | {"landmark_translator": other}
    with pytest.raises(UserError, match="trained with another landmark model"):
        train(fused_task(folder, files, chain["fused"], found), tmp_path / "out")
    model = load_fused_encoder(chain["fused"], load_landmark_model(chain["landmark_translator"])[0])
    assert model.fusion.projection.weight.shape[1] == SHAPE.d_model


def test_settings_are_written_for_tensorboard(chain):
    path = chain["video_encoder"].with_name("tensorboard") / "hparams.yaml"
    written = yaml.safe_load(path.read_text())
    metadata = read_metadata(chain["video_encoder"])
    assert written.items() >= metadata["settings"].items()
    assert (written["training"], written["kind"], written["seed"]) == ("stage1", "video_encoder", 7)


def test_settings_have_the_configs_names(chain):
    """`compare` and the config call a setting by one name."""
    for name, path in chain.items():
        kind = KINDS[name]
        own = {name for options in kind.options for name in vars(options)}
        grouped = {f"{key}.{name}" for key, group in kind.groups.items() for name in vars(group)}
        further = {"target_languages"} if kind.learns_embeddings else set()
        further |= {"compat"} if "clips" in kind.reads else set()
        assert read_metadata(path)["settings"].keys() == own | grouped | further


def test_the_batch_size_that_auto_has_chosen_is_told(folder, chain, tmp_path):
    features = [folder / "f.npy"]
    inputs = FeatureInputs(features, features, supervision_of(folder), folder / "encoder.pth")
    auto = replace(OPTIONS, batch_size=IntOrAuto(0), effective_batch=6)
    path = train(SignEncoderTraining(inputs, auto, LossOptions()), tmp_path)
    settings = read_metadata(path)["settings"]
    assert settings["batch_size"] * settings["gradient_accumulation_steps"] == 6
    assert settings["devices"] == "auto"


def test_all_settings_of_all_kinds_can_be_stored():
    groups = {
        "losses": LossOptions(), "decoder": DecoderOptions(), "shape": LandmarkModelOptions(),
        "augment": LandmarkAugmentOptions(),
    }  # fmt: skip
    options = (TrainOptions(batch_size=IntOrAuto(3)), FreezeOptions(), FusionOptions())
    found = effective_settings(*options, **groups, target_languages=["ita_Latn"])
    assert found["batch_size"] == 3 and type(found["batch_size"]) is int
    assert {type(value) for value in found.values()} <= {int, float, str, bool, list}


def test_a_checkpoint_is_described_as_text(folder, chain):
    text = describe_checkpoint(chain["fused"])
    assert yaml.safe_load(text) == read_metadata(chain["fused"])
    assert "does not say how it was made" in describe_checkpoint(folder / "hiera.pth")
    with pytest.raises(UserError, match="not found"):
        describe_checkpoint(folder / "gone.pt")
