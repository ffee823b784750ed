"""Stage 2 on small shards of features that are worth learning from."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from small_files import (
    EMBEDDING_DIM,
    write_manifest,
    write_random_features,
    write_random_targets,
)
from tiny_models import ENCODER, loss_by_epoch, supervision_files_of, tiny_encoder

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import DecoderOptions, LossOptions, TrainOptions
from sonar_sign.features.embed_text import embed_text
from sonar_sign.features.targets import read_targets
from sonar_sign.models.checkpoint import load_sign_encoder, read_metadata, save_sign_encoder
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining
from sonar_sign.training.supervision import TargetFiles
from sonar_sign.training.supervision_files import SupervisionFiles
from sonar_sign.training.task import Destination, run_training

torch.set_num_threads(1)

IDS = [f"c{n}" for n in range(12)]
OPTIONS = TrainOptions(epochs=12, learning_rate=3e-3, batch_size=4, select="cosine", eval_every=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two feature shards; training and validation are the same clips, so both can be learnt."""
    folder = tmp_path_factory.mktemp("sign_encoder")
    for number, ids in enumerate((IDS[:8], IDS[8:])):
        write_random_features(folder / f"{number}.npy", ids, number)
    write_random_targets(folder / "t.npy", IDS)
    write_manifest(folder / "m.tsv", IDS)
    save_sign_encoder(folder / "start.pth", tiny_encoder())
    return folder


def inputs_of(
    folder, targets=None, manifest=None, sonar=None, supervision_files=None, start=None, **changes
):
    features = [folder / "0.npy", folder / "1.npy"]
    targets, manifest = targets or folder / "t.npy", manifest or folder / "m.tsv"
    supervision_files = supervision_files or supervision_files_of(
        targets, manifest, sonar or folder / "none"
    )
    start = start or folder / "start.pth"
    return replace(FeatureInputs(features, features, supervision_files, start), **changes)


def run(folder, out, options=OPTIONS, seed=0, losses=None, decoder=None, name="", **changes):
    task = SignEncoderTraining(
        inputs_of(folder, **changes),
        options,
        losses or LossOptions(),
        decoder or DecoderOptions(),
    )
    destination = Destination(out / "best.pt", out / "training", name)
    run_training(task, destination, seed=seed, device="cpu")
    return pd.read_csv(out / "curves.csv")


def test_training_lowers_the_loss_and_the_checkpoint_can_be_used(folder, tmp_path):
    before = (folder / "start.pth").read_bytes()
    curves = run(folder, tmp_path)
    losses = loss_by_epoch(curves)
    assert losses[-1] < 0.6 * losses[0]
    assert (folder / "start.pth").read_bytes() == before

    metadata = read_metadata(tmp_path / "best.pt")
    assert metadata["kind"] == "sign_encoder"
    best = curves["val/cosine"].max()
    assert metadata["scores"]["cosine"] == pytest.approx(best) and best > 0.5
    # The written model has the score that it is said to have.
    model, targets = load_sign_encoder(tmp_path / "best.pt"), read_targets(folder / "t.npy")
    features = [np.load(folder / f"{n}.npy").astype(np.float32) for n in (0, 1)]
    tables = [pd.read_parquet(folder / f"{n}.parquet") for n in (0, 1)]
    cosines = []
    for table, shard in zip(tables, features, strict=True):
        for clip_id, offset, length in table.itertuples(index=False):
            with torch.inference_mode():
                found = model(torch.from_numpy(shard[None, offset : offset + length]))[0]
            target = torch.from_numpy(targets[clip_id])
            cosines.append(torch.nn.functional.cosine_similarity(found, target, dim=0).item())
    assert np.mean(cosines) == pytest.approx(best, abs=1e-4)


def test_the_seed_decides(folder, tmp_path):
    options = replace(OPTIONS, epochs=2, eval_every=1)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(folder, tmp_path / name, options, seed=seed)
    models = [(tmp_path / name / "best.pt").read_bytes() for name in "abc"]
    assert models[0] == models[1] != models[2]


def test_from_nothing(folder, tmp_path):
    shape = replace(ENCODER, d_model=16)
    run(folder, tmp_path, replace(OPTIONS, epochs=1), start=shape)
    assert load_sign_encoder(tmp_path / "best.pt").config == shape


def test_the_best_is_chosen_by_the_decoders_words(folder, tmp_path, tiny_sonar, tiny_sonar_texts):
    texts = tiny_sonar_texts["eng_Latn"][:12]
    manifest = write_manifest(tmp_path / "m.tsv", IDS, texts)
    embed_text(manifest, tiny_sonar, tmp_path / "t.npy", device="cpu")
    options = replace(OPTIONS, epochs=30, eval_every=15, select="bleu_4")
    curves = run(
        folder, tmp_path, options, targets=tmp_path / "t.npy", manifest=manifest, sonar=tiny_sonar
    )
    assert len(curves["val/bleu_4"].dropna()) == len(curves["val/chrf"].dropna()) == 2
    scores = read_metadata(tmp_path / "best.pt")["scores"]
    assert scores["bleu_4"] == pytest.approx(curves["val/bleu_4"].max()) and scores["bleu_4"] > 5


def test_dropout_is_on_in_training_and_off_in_validation(folder, tmp_path):
    # One batch and no learning: without dropout training and validation would see one loss.
    still = replace(OPTIONS, epochs=1, eval_every=1, batch_size=12, learning_rate=1e-30)
    difference = {}
    for rate in (0.0, 0.5):
        model = tiny_encoder(replace(ENCODER, dropout_rate=rate))
        torch.nn.init.normal_(model.projection_out.weight, std=1e-3)
        save_sign_encoder(tmp_path / f"{rate}.pth", model)
        curves = run(folder, tmp_path / str(rate), still, start=tmp_path / f"{rate}.pth")
        validation = curves["val/loss_cosine"].max()
        difference[rate] = abs(curves["train/loss_cosine"].max() - validation)
    assert difference[0.0] < 1e-5
    assert difference[0.5] > 1e-3


def refused(folder, tmp_path, words, **changes):
    with pytest.raises(UserError, match=words):
        run(folder, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_what_does_not_belong_together_is_refused(folder, tmp_path):
    narrow = write_random_features(tmp_path / "narrow.npy", IDS, dim=24) and tmp_path / "narrow.npy"
    refused(folder, tmp_path, "features are 24 wide .* 64", train_features=[narrow])
    write_random_targets(tmp_path / "wide.npy", IDS, dim=EMBEDDING_DIM + 1)
    refused(folder, tmp_path, "targets are 33 wide .* 32", targets=tmp_path / "wide.npy")
    write_random_targets(tmp_path / "few.npy", IDS[:5])
    refused(folder, tmp_path, "few.npy lacks 7 of 12 clips", targets=tmp_path / "few.npy")
    few = write_manifest(tmp_path / "few.tsv", IDS[:5])
    refused(folder, tmp_path, "few.tsv lacks 7 of 12 clips", manifest=few)
    other = replace(OPTIONS, select="loss")
    refused(folder, tmp_path, "'loss' is not one of", options=other)
    refused(folder, tmp_path, "gone.pth", start=tmp_path / "gone.pth")


def test_validation_features_of_another_encoder_are_refused(folder, tmp_path):
    write_random_features(tmp_path / "v.npy", IDS, sha="another")
    refused(folder, tmp_path, "different SignHiera", val_features=[tmp_path / "v.npy"])


@pytest.fixture(scope="module")
def worded(folder, tiny_sonar, tiny_sonar_texts):
    """Captions that the tiny SONAR knows, in two languages, with their embeddings."""
    files = {}
    for language, texts in tiny_sonar_texts.items():
        captions = write_manifest(folder / f"{language}.tsv", IDS, texts[:12])
        embed_text(
            captions, tiny_sonar, folder / f"{language}.npy", language=language, device="cpu"
        )
        files[language] = TargetFiles(language, [folder / f"{language}.npy"], [captions])
    return files


def supervision_files(files, sonar, *languages):
    return SupervisionFiles([files[language] for language in languages], files["eng_Latn"], sonar)


WORDS = LossOptions(mse=1.0, cosine=0.0, decoder_ce=1.0)


def decoder_of(path):
    return torch.load(path, weights_only=True)["model"]


@pytest.mark.parametrize("how", ["lora", "full"])
def test_the_decoder_can_learn_too(folder, worded, tiny_sonar, tmp_path, how):
    options = replace(OPTIONS, epochs=4, learning_rate=1e-2)
    curves = run(
        folder, tmp_path, options, losses=WORDS, decoder=DecoderOptions(how, 2),
        supervision_files=supervision_files(worded, tiny_sonar, "eng_Latn"),
    )  # fmt: skip
    losses = loss_by_epoch(curves, "train/loss_decoder_ce")
    assert losses[-1] < losses[0]
    before, after = (
        decoder_of(p) for p in (tiny_sonar / "sonar_text_decoder.pt", tmp_path / "sonar_decoder.pt")
    )
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    attention = {name for name in before if re.search(r"_attn\.\w+_proj\.weight$", name)}
    # With one step to attend to, queries and keys make no difference.
    attention -= {name for name in attention if re.search(r"decoder_attn\.[qk]_proj", name)}
    assert attention
    assert changed == attention if how == "lora" else changed >= attention
    if how == "lora":
        for name in attention:
            assert torch.linalg.matrix_rank(after[name] - before[name], atol=1e-5) <= 2
    # The written decoder is what was validated, and takes the place of the folder's.
    sonar = SonarText.open(tiny_sonar, decoder=tmp_path / "sonar_decoder.pt")
    assert all(torch.equal(sonar.decoder.state_dict()[name], after[name]) for name in after)
    assert sonar.decode(torch.zeros(1, EMBEDDING_DIM), "eng_Latn")


def test_a_frozen_decoder_stays(folder, worded, tiny_sonar, tmp_path):
    before = (tiny_sonar / "sonar_text_decoder.pt").read_bytes()
    curves = run(
        folder, tmp_path, replace(OPTIONS, epochs=8), losses=replace(WORDS, mse=0.0),
        supervision_files=supervision_files(worded, tiny_sonar, "eng_Latn"),
    )  # fmt: skip
    losses = loss_by_epoch(curves, "train/loss_decoder_ce")
    assert losses[-1] < 0.9 * losses[0]
    assert not (tmp_path / "sonar_decoder.pt").exists()
    assert (tiny_sonar / "sonar_text_decoder.pt").read_bytes() == before
    assert read_metadata(tmp_path / "best.pt")["settings"]["losses.decoder_ce"] == 1.0


def test_further_languages_pull_too(folder, worded, tiny_sonar, tmp_path):
    one = replace(OPTIONS, epochs=1, eval_every=1)
    models = {}
    for languages in (("eng_Latn",), ("eng_Latn", "ita_Latn")):
        out = tmp_path / str(len(languages))
        run(folder, out, one, supervision_files=supervision_files(worded, tiny_sonar, *languages))
        models[languages] = (out / "best.pt").read_bytes()
    assert len(set(models.values())) == 2


def test_training_the_decoder_needs_its_loss_and_captions(folder, worded, tiny_sonar, tmp_path):
    with pytest.raises(UserError, match="needs the loss decoder_ce"):
        run(folder, tmp_path, decoder=DecoderOptions("full"))
    without = replace(worded["eng_Latn"], captions=())
    with pytest.raises(UserError, match="needs captions in eng_Latn"):
        run(
            folder,
            tmp_path,
            losses=WORDS,
            supervision_files=SupervisionFiles([without], without, tiny_sonar),
        )
    with pytest.raises(UserError, match="nothing to train for"):
        run(folder, tmp_path, losses=LossOptions(mse=0, cosine=0))


def test_checkpointing_changes_nothing(folder, tmp_path):
    one = replace(OPTIONS, epochs=1)
    for name, checkpointing in (("plain", False), ("twice", True)):
        run(folder, tmp_path / name, replace(one, gradient_checkpointing=checkpointing))
    models = [torch.load(tmp_path / n / "best.pt", weights_only=True) for n in ("plain", "twice")]
    for name, tensor in models[0]["student"].items():
        assert torch.allclose(tensor, models[1]["student"][name], atol=1e-6), name


def test_the_best_ones_are_kept(folder, tmp_path):
    curves = run(folder, tmp_path, replace(OPTIONS, epochs=6, eval_every=1, keep=3))
    best = sorted(curves["val/cosine"].dropna(), reverse=True)[:3]
    names = ("best.pt", "top2.best.pt", "top3.best.pt")
    found = [read_metadata(tmp_path / name)["scores"]["cosine"] for name in names]
    assert found == pytest.approx(best)
