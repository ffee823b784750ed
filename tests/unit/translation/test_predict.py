"""`predict`: features through a sign encoder and SONAR's decoder."""

import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
import torch
from small_files import write_random_features, write_random_targets
from tiny_models import ENCODER, HIERA, tiny_encoder, tiny_hiera

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.tables import read_table, write_rows
from sonar_sign.features.feature_shards import open_features, write_features
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder, save_sign_hiera
from sonar_sign.models.sonar_text import SonarText
from sonar_sign.translation.inputs import FeatureFiles, SonarModels
from sonar_sign.translation.predict import PredictionRun, predict, predict_with
from sonar_sign.translation.run_timings import read_timings
from sonar_sign.translation.sonar_system import SonarSystem
from sonar_sign.translation.system import BatchTranslations, SystemDescription

torch.set_num_threads(1)

IDS = [f"c{n}" for n in range(7)]
LANGUAGES = ("eng_Latn", "ita_Latn")
MODELS = {field.name for field in fields(SonarModels)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Checkpoints, and two feature shards with timings."""
    folder = tmp_path_factory.mktemp("predict")
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    model = tiny_encoder()
    # At its start values a sign encoder gives nearly the same embedding for every clip.
    torch.nn.init.normal_(model.projection_out.weight, std=0.1)
    save_sign_encoder(folder / "encoder.pth", model)
    sha = sha256_of(folder / "hiera.pth")
    for number, ids in enumerate((IDS[:4], IDS[4:])):
        write_random_features(folder / f"{number}.npy", ids, number, sha=sha)
        times = {clip_id: {"decode": 1.0 + number, "sign_hiera": 5.0} for clip_id in ids}
        write_json(folder / f"{number}.json", times)
    return folder


def run(folder, out, sonar, /, *, languages=("eng_Latn",), system="finetuned", **changes):
    outputs = {language: out / f"test.{language}.tsv" for language in languages}
    models = {
        "sign_hiera": folder / "hiera.pth",
        "sign_encoder": folder / "encoder.pth",
        "sonar": sonar,
    }
    files = {
        "features": [folder / "0.npy", folder / "1.npy"],
        "timings": [folder / "0.json", folder / "1.json"],
    }
    models |= {name: changes.pop(name) for name in MODELS & changes.keys()}
    decoding = {
        "precision": changes.pop("precision", "auto"),
        "rerank": changes.pop("rerank", "none"),
    }
    options = PredictOptions(beam_size=2, batch_size=3, **decoding)
    predict(
        SonarModels(**models),
        FeatureFiles(**files | changes),
        options,
        PredictionRun(system, outputs, seed=5, device="cpu"),
    )
    return {
        language: (read_table(path, ("clip_id", "prediction")), read_info(path))
        for language, path in outputs.items()
    }


def read_info(path):
    return json.loads(path.with_suffix(".json").read_text())


def test_a_dropped_clip_is_translated_into_nothing(folder, tmp_path, tiny_sonar):
    gone = {"d0": np.empty((0, HIERA.feature_dim))}
    write_features(tmp_path / "d.npy", gone, HIERA.feature_dim, sha256_of(folder / "hiera.pth"))
    features = [folder / "0.npy", tmp_path / "d.npy"]
    found = run(folder, tmp_path, tiny_sonar, features=features)
    table, info = found["eng_Latn"]
    texts = dict(table.values.tolist())
    assert sorted(texts) == [*IDS[:4], "d0"] and texts["d0"] == ""
    assert (info["n_clips"], info["n_dropped"]) == (5, 1)
    with pytest.raises(UserError, match="dropped"):
        run(folder, tmp_path, tiny_sonar, features=[tmp_path / "d.npy"])


def test_every_clip_is_translated_into_every_language(folder, tmp_path, tiny_sonar):
    found = run(folder, tmp_path, tiny_sonar, languages=LANGUAGES)
    sonar, model = SonarText.open(tiny_sonar), tiny_encoder()
    state = torch.load(folder / "encoder.pth", weights_only=True)["student"]
    model.load_state_dict(state)
    shards = open_features([folder / "0.npy", folder / "1.npy"])
    for language in LANGUAGES:
        table, info = found[language]
        assert table["clip_id"].tolist() == IDS
        assert (info["language"], info["n_clips"]) == (language, 7)
        for clip_id, text in table.values.tolist():
            # One clip at a time, without padding.
            features = torch.from_numpy(shards[clip_id][clip_id].astype(np.float32))
            with torch.inference_mode():
                (alone,) = sonar.decode(model(features[None]), language, beam_size=2)
            assert text == alone
    assert len(set(found["eng_Latn"][0]["prediction"])) > 1


def test_batches_change_no_embedding(folder, tmp_path, tiny_sonar):
    save_sign_encoder(tmp_path / "encoder.pth", tiny_encoder())
    models = SonarModels(folder / "hiera.pth", tmp_path / "encoder.pth", tiny_sonar)
    files = FeatureFiles([folder / "0.npy", folder / "1.npy"], [])
    cpu = torch.device("cpu")
    system = SonarSystem.load(models, files, LANGUAGES, PredictOptions(), cpu)
    found = [
        torch.cat([system.embed(IDS[first : first + size]) for first in range(0, len(IDS), size)])
        for size in (1, 3, 9)
    ]
    assert found[0].shape == (7, ENCODER.embedding_dim) and found[0].dtype == torch.float32
    for other in found[1:]:
        assert torch.allclose(found[0], other, atol=1e-8)


def test_what_made_the_predictions(folder, tmp_path, tiny_sonar):
    _, info = run(folder, tmp_path, tiny_sonar, system="any name")["eng_Latn"]
    hiera, encoder = sha256_of(folder / "hiera.pth"), sha256_of(folder / "encoder.pth")
    assert (info["sign_hiera_sha256"], info["sign_encoder_sha256"]) == (hiera, encoder)
    assert info["checkpoint_sha256"] == encoder
    assert (info["system"], info["seed"], info["device"]) == ("any name", 5, "cpu")
    assert info["decoding"] == asdict(PredictOptions(beam_size=2, batch_size=3))
    assert info["precision"] == "fp32"  # such small models gain nothing by less
    roles = ("video_encoder", "sign_encoder", "landmark_model")
    assert info["components"] == dict.fromkeys(roles)  # these have no metadata
    timings = read_timings(tmp_path / "test.eng_Latn.timings.json")
    assert (timings.system, timings.language, timings.seed) == ("any name", "eng_Latn", 5)
    times = timings.timings_ms
    assert set(times) == {"decode", "sign_hiera", "sign_encoder", "sonar_decoder"}
    # Four clips took 1 ms to decode and three 2 ms.
    assert times["decode"] == {"mean": pytest.approx(10 / 7), "median": 1, "p95": pytest.approx(2)}
    assert times["sign_hiera"] == {"mean": 5, "median": 5, "p95": 5}
    for stage in ("sign_encoder", "sonar_decoder"):
        assert 0 < times[stage]["median"] <= times[stage]["p95"]
    assert timings.inference_ms_per_clip == pytest.approx(sum(t["mean"] for t in times.values()))
    parameters = timings.cost["parameters"]
    assert parameters["sign_hiera"] == sum(p.numel() for p in tiny_hiera().parameters())
    files = folder / "hiera.pth", folder / "encoder.pth", tiny_sonar / "sonar_text_decoder.pt"
    assert timings.cost["bytes_on_disk"] == sum(path.stat().st_size for path in files)
    assert 0.1 < timings.cost["peak_memory_gb"] < 30


def test_texts_that_sonar_itself_has_reranked(folder, tmp_path, tiny_sonar):
    table, info = run(folder, tmp_path, tiny_sonar, rerank="sonar")["eng_Latn"]
    assert info["decoding"]["rerank"] == "sonar" and table["clip_id"].tolist() == IDS
    sonar, shards = SonarText.open(tiny_sonar), open_features([folder / "0.npy", folder / "1.npy"])
    model = load_sign_encoder(folder / "encoder.pth")
    for clip_id, text in table.values.tolist():
        with torch.inference_mode():
            embedding = model.embed_after(torch.from_numpy(shards[clip_id][clip_id].astype("f4")))
        (beam,) = sonar.decode_n_best(embedding, "eng_Latn", n_best=2, beam_size=2)
        own = sonar.embed([one.text for one in beam], "eng_Latn")
        nearest = torch.nn.functional.cosine_similarity(own, embedding).argmax()
        assert text == beam[nearest].text
    # Another model takes part.
    cost = read_timings(tmp_path / "test.eng_Latn.timings.json").cost
    assert cost["parameters"]["sonar_encoder"] > 0
    files = [folder / "hiera.pth", folder / "encoder.pth", *sonar.files]
    assert cost["bytes_on_disk"] == sum(path.stat().st_size for path in files)


@pytest.fixture
def in_context(folder, tmp_path):
    """A sign encoder that has learnt to read the sentence before, and the order of the clips."""
    model = load_sign_encoder(folder / "encoder.pth")
    torch.manual_seed(0)
    model.read_sentences_before(1)
    torch.nn.init.normal_(model.context_reader.output.weight, std=1.0)
    save_sign_encoder(tmp_path / "context.pth", model)
    # One video; each clip follows one of the other shard.
    order = [IDS[i] for i in (0, 4, 1, 5, 2, 6, 3)]
    for number, ids in enumerate((IDS[:4], IDS[4:])):
        rows = [(c, "v.mp4", 2 * order.index(c), 2 * order.index(c) + 1) for c in ids]
        columns = ("clip_id", "source", "start_s", "end_s")
        write_rows(tmp_path / f"{number}.tsv", columns, rows)
    return model, order, [tmp_path / "0.tsv", tmp_path / "1.tsv"]


def test_the_sentence_before_is_read_from_another_shard(folder, in_context, tmp_path, tiny_sonar):
    model, order, tables = in_context
    shards = open_features([folder / "0.npy", folder / "1.npy"])
    models = SonarModels(folder / "hiera.pth", tmp_path / "context.pth", tiny_sonar)
    files = FeatureFiles([folder / "0.npy", folder / "1.npy"], [], order=tables)
    cpu = torch.device("cpu")
    system = SonarSystem.load(models, files, LANGUAGES, PredictOptions(), cpu)
    found = dict(zip(IDS, system.embed(IDS), strict=True))
    rows = [torch.from_numpy(shards[c][c].astype("f4")) for c in order]
    with torch.inference_mode():
        for place, clip_id in enumerate(order):
            expected = model.embed_after(rows[place], rows[:place])[0]
            assert torch.allclose(found[clip_id], expected, atol=1e-6)
            alone = model.embed_after(rows[place])[0]
            assert torch.allclose(found[clip_id], alone, atol=1e-4) == (place == 0)


def test_without_the_order_of_clips_there_is_no_sentence_before(
    folder, in_context, tmp_path, tiny_sonar
):
    with pytest.raises(UserError, match=r"context\.pth reads the 1 sentences before .*--order"):
        run(folder, tmp_path, tiny_sonar, sign_encoder=tmp_path / "context.pth")


def test_bf16_is_said_and_gives_the_same_every_time(folder, tmp_path, tiny_sonar):
    runs = [
        run(folder, tmp_path / name, tiny_sonar, precision=name[:4])["eng_Latn"]
        for name in ("bf16", "bf16 again", "fp32")
    ]
    assert [info["precision"] for _, info in runs] == ["bf16", "bf16", "fp32"]
    assert [info["decoding"]["precision"] for _, info in runs] == ["bf16", "bf16", "fp32"]
    assert runs[0][0].equals(runs[1][0])
    paths = [tmp_path / name / "test.eng_Latn.timings.json" for name in ("bf16", "fp32")]
    counted = [read_timings(path).cost["parameters"] for path in paths]
    assert counted[0] == counted[1]


def test_a_stage_1_system_is_known_by_its_video_encoder(folder, tmp_path, tiny_sonar):
    encoder = sha256_of(folder / "encoder.pth")
    metadata = {
        "training": "stage1",
        "settings": {"freeze": 0.5},
        "started_from": {"sign_encoder": {"sha256": encoder, "metadata": None}},
    }
    save_sign_hiera(tmp_path / "hiera.pth", tiny_hiera(), metadata)
    hiera = sha256_of(tmp_path / "hiera.pth")
    write_random_features(tmp_path / "0.npy", IDS[:4], sha=hiera)
    changes = {"sign_hiera": tmp_path / "hiera.pth", "features": [tmp_path / "0.npy"]}
    _, info = run(folder, tmp_path, tiny_sonar, **changes)["eng_Latn"]
    assert (info["checkpoint_sha256"], info["sign_encoder_sha256"]) == (hiera, encoder)
    assert info["components"]["video_encoder"] == metadata
    # With a sign encoder that was trained later, it is that one.
    later = tiny_encoder(seed=1)
    save_sign_encoder(tmp_path / "later.pth", later, {"training": "stage2"})
    changes["sign_encoder"] = tmp_path / "later.pth"
    _, info = run(folder, tmp_path, tiny_sonar, **changes)["eng_Latn"]
    assert info["checkpoint_sha256"] == sha256_of(tmp_path / "later.pth")
    assert info["components"]["sign_encoder"] == {"training": "stage2"}


class TimedSystem:
    """A system that says how long its batches took: 30 ms, then 4 ms."""

    options = PredictOptions(batch_size=3)
    device = torch.device("cpu")
    precision = "fp32"

    def __init__(self, clips):
        self.clips = clips
        self.calls = []

    def warm_up(self, clip_ids):
        self.calls.append(("warm_up", len(clip_ids)))

    def translate(self, clip_ids):
        milliseconds = 30.0 if len(self.calls) == 1 else 4.0
        self.calls.append(("translate", len(clip_ids)))
        return BatchTranslations(
            {"eng_Latn": [clip_id.upper() for clip_id in clip_ids]},
            {"eng_Latn": {"all": milliseconds}},
        )

    def describe(self):
        return SystemDescription("0" * 64, {}, {}, {}, [])


def test_any_system_is_warmed_up_and_its_time_is_shared_among_clips(folder, tmp_path):
    system = TimedSystem(open_features([folder / "0.npy"]))
    run = PredictionRun("timed", {"eng_Latn": tmp_path / "test.tsv"})
    predict_with(system, [folder / "0.json"], run)
    assert system.calls == [("warm_up", 1), ("translate", 3), ("translate", 1)]
    timings = read_timings(tmp_path / "test.timings.json")
    assert timings.timings_ms["all"] == {"mean": 8.5, "median": 10.0, "p95": 10.0}
    table = read_table(tmp_path / "test.tsv", ("clip_id", "prediction"))
    assert dict(table.values.tolist()) == {clip_id: clip_id.upper() for clip_id in IDS[:4]}


def refused(folder, tmp_path, sonar, words, /, **changes):
    with pytest.raises(UserError, match=words):
        run(folder, tmp_path / "out", sonar, **changes)
    assert not (tmp_path / "out").exists()


def test_an_unknown_language_stops_before_anything_is_written(folder, tmp_path, tiny_sonar):
    languages = ("eng_Latn", "xyz_Latn")
    refused(folder, tmp_path, tiny_sonar, "'xyz_Latn'", languages=languages)


@pytest.mark.parametrize("missing", ["sign_encoder", "sign_hiera", "sonar"])
def test_a_missing_model_is_named(folder, tmp_path, tiny_sonar, missing):
    gone = {missing: tmp_path / "gone.pth"}
    refused(folder, tmp_path, tiny_sonar, "gone.pth", **gone)


def test_features_of_another_sign_hiera(folder, tmp_path, tiny_sonar):
    save_sign_hiera(tmp_path / "other.pth", tiny_hiera(1))
    words = "made by another SignHiera than .*other.pth"
    refused(folder, tmp_path, tiny_sonar, words, sign_hiera=tmp_path / "other.pth")


def test_features_of_another_width_than_the_sign_encoders(folder, tmp_path, tiny_sonar):
    save_sign_encoder(tmp_path / "wide.pth", tiny_encoder(replace(ENCODER, feature_dim=96)))
    words = "features are 64 wide, .* 96"
    refused(folder, tmp_path, tiny_sonar, words, sign_encoder=tmp_path / "wide.pth")


def test_embeddings_of_another_width_than_sonars(folder, tmp_path, tiny_sonar):
    save_sign_encoder(tmp_path / "wide.pth", tiny_encoder(replace(ENCODER, embedding_dim=48)))
    refused(folder, tmp_path, tiny_sonar, r"\(n, 32\)", sign_encoder=tmp_path / "wide.pth")


def test_no_clips(folder, tmp_path, tiny_sonar):
    write_random_features(tmp_path / "e.npy", [], sha=sha256_of(folder / "hiera.pth"))
    refused(folder, tmp_path, tiny_sonar, "hold no clips", features=[tmp_path / "e.npy"])


def test_a_clip_without_timings(folder, tmp_path, tiny_sonar):
    refused(folder, tmp_path, tiny_sonar, "No timings for clip c", timings=[folder / "0.json"])
    gone = [tmp_path / "gone.json"]
    refused(folder, tmp_path, tiny_sonar, "timings not found", timings=gone)


def test_the_cosine_with_the_targets(folder, tmp_path, tiny_sonar):
    targets = write_random_targets(tmp_path / "t.npy", IDS)
    table, _ = run(folder, tmp_path, tiny_sonar, targets=tmp_path / "t.npy")["eng_Latn"]
    shards = open_features([folder / "0.npy", folder / "1.npy"])
    model = load_sign_encoder(folder / "encoder.pth")
    for row, clip_id in enumerate(IDS):
        features = torch.from_numpy(shards[clip_id][clip_id].astype(np.float32))
        with torch.inference_mode():
            found = model(features[None])[0].numpy()
        expected = found @ targets[row] / np.linalg.norm(found) / np.linalg.norm(targets[row])
        assert float(table.set_index("clip_id")["cosine"][clip_id]) == pytest.approx(
            expected, abs=1e-4
        )
    write_random_targets(tmp_path / "few.npy", IDS[:3])
    with pytest.raises(UserError, match=r"few.npy has no target of clip c\d"):
        run(folder, tmp_path, tiny_sonar, targets=tmp_path / "few.npy")
