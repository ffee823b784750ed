"""Model files: right files and answers pass; others, and what is not there, are told."""

import hashlib
import shutil
import subprocess

import preloaded
import pytest
import yaml
from small_files import write_video

from sonar_sign.models.registry import REGISTRY, registry

FOLDER = "resources/models"
PUBLIC_HIERA = f"{FOLDER}/dm_70h_ub_signhiera.pth"
TEXT = 3  # the sentence that is asked for


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_sonar, tiny_sonar_texts):
    """A folder with stand-ins for all models, where the public ones would lie, and answers."""
    # Tests of modules that need no PyTorch do not wait for it.
    from tiny_models import tiny_encoder, tiny_hiera

    from sonar_sign.models.checkpoint import save_sign_encoder, save_sign_hiera
    from sonar_sign.models.sonar_text import SonarText

    folder = tmp_path_factory.mktemp("models")
    (folder / FOLDER).mkdir(parents=True)
    save_sign_hiera(folder / PUBLIC_HIERA, tiny_hiera())
    save_sign_encoder(folder / FOLDER / "dm_70h_ub_sonar_encoder.pth", tiny_encoder())
    shutil.copytree(tiny_sonar, folder / "mine/sonar")
    text = tiny_sonar_texts["eng_Latn"][TEXT]
    sonar = SonarText.open(tiny_sonar)
    embedding = sonar.embed([text], "eng_Latn")
    question = {"text": text, "language": "eng_Latn", "source": "the test"}
    (decoded,) = sonar.decode(embedding, "eng_Latn")
    begins = {"begins": [round(n, 6) for n in embedding[0, :5].tolist()], "tolerance": 1e-3}
    answers = {
        "embeddings": [{**question, **begins}],
        "decodings": [{**question, "ends": decoded[-12:]}],
        "clips": [],
    }
    (folder / "answers.yaml").write_text(yaml.safe_dump(answers))
    entries = {}
    for role in ("sign_hiera", "sign_encoder"):
        content = (folder / FOLDER / registry()[role].file).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        entries[role] = {"sha256": sha256, "size": len(content), "verified": True}
    (folder / "registry.yaml").write_text(yaml.safe_dump(entries))
    corpus = {"name": "mine", "type": "how2sign", "root": "."}
    config = {"corpus": corpus, "models": {"sonar": "mine/sonar"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture
def models(whole, tmp_path, monkeypatch):
    """A copy, to be damaged."""
    monkeypatch.setenv(REGISTRY, "registry.yaml")
    return shutil.copytree(whole, tmp_path / "models")


def run(folder, *words, command="verify_models"):
    """The command as a person calls it, its exit status and its lines."""
    words = ["--config", "config.yaml", *words]
    words += ["--answers", "answers.yaml"] if command == "verify_models" else []
    done = subprocess.run(
        [str(preloaded.commands() / "sonar-sign"), command, *map(str, words)],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def wrong(folder, *words):
    code, text = run(folder, *words)
    assert code == 1, text
    return [line for line in text.splitlines() if line.startswith("WRONG: ")]


def change(path, **changes):
    values = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        values[key][0] |= value
    path.write_text(yaml.safe_dump(values))


def test_right_files_and_answers_pass(models):
    code, text = run(models)
    lines = text.splitlines()
    assert code == 0 and lines[-1] == "Nothing is wrong.", text
    assert all(line.startswith("good: ") for line in lines[:-1])
    assert sum("has the SHA-256" in line for line in lines) == 2
    assert sum("tensors of" in line for line in lines) == 4
    assert "the embedding of" in lines[-3] and "is decoded to" in lines[-2]


@pytest.mark.parametrize(
    ("kind", "change_to", "words"),
    [
        ("embeddings", {"begins": [0.5, 0.5, 0.5]}, "instead of 0.500000"),
        ("embeddings", {"text": "Hello."}, "the embedding of 'Hello.' begins"),
        ("decodings", {"ends": "vector space."}, "which should end in 'vector space.'"),
    ],
)
def test_a_wrong_answer_is_told(models, kind, change_to, words):
    change(models / "answers.yaml", **{kind: change_to})
    (line,) = wrong(models)
    assert words in line and "the test" in line


def test_other_weights_of_the_same_layout_give_another_answer(models):
    import torch

    path = models / "mine/sonar/sonar_text_encoder.pt"
    file = torch.load(path, weights_only=True)
    generator = torch.Generator().manual_seed(0)
    weight = file["model"]["layer_norm.weight"]
    weight += torch.rand(weight.shape, generator=generator)
    torch.save(file, path)
    assert any("begins" in line for line in wrong(models))


def zeros(*shape):
    import torch

    return torch.zeros(shape)


def replaced(path, entry, change_tensors):
    import torch

    file = torch.load(path, weights_only=True)
    change_tensors(file[entry])
    torch.save(file, path)


@pytest.mark.parametrize(
    ("change_tensors", "words"),
    [
        (lambda t: t.pop("blocks.0.norm1.weight"), "blocks.0.norm1.weight is missing"),
        (lambda t: t.update(stranger=zeros(2)), "stranger is unknown"),
        (
            lambda t: t.update(pos_embed_temporal=zeros(1, 3, 8)),
            "pos_embed_temporal is",
        ),
        (
            lambda t: t.update({"norm.weight": t["norm.weight"].double()}),
            "norm.weight is (64,) of torch.float64, not (64,) of torch.float32",
        ),
    ],
)
def test_another_layout_is_told(models, change_tensors, words):
    replaced(models / PUBLIC_HIERA, "model_state", change_tensors)
    lines = wrong(models)
    assert any(words in line for line in lines), lines
    assert any("its SHA-256 is" in line or "bytes instead" in line for line in lines)


def test_what_a_public_file_may_have_and_lack_is_allowed(models):
    def as_public(tensors):
        del tensors["norm.weight"], tensors["head.projection.bias"]
        tensors["decoder_blocks.0.weight"] = zeros(3)

    replaced(models / PUBLIC_HIERA, "model_state", as_public)
    (line,) = wrong(models)
    assert "its SHA-256 is" in line


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html><title>Sign in</title>", b"PK\x03\x04" + bytes(99), b"text"]
)
def test_what_is_no_model_is_told_by_doctor_too(models, content):
    (models / PUBLIC_HIERA).write_bytes(content)
    lines = wrong(models)
    assert len(lines) >= 1 and all(PUBLIC_HIERA in line for line in lines)
    code, text = run(models, command="doctor")
    assert code == 1 and f"WRONG: {PUBLIC_HIERA}" in text


def test_what_is_not_there_is_skipped_and_told(models):
    shutil.rmtree(models / "mine")
    code, text = run(models)
    assert code == 0
    assert "skipped: mine/sonar (sonar) is not there." in text
    assert "skipped: known answers" in text and "Checks that were skipped: 2." in text
    _, told = run(models, command="doctor")
    assert "WRONG: The config's models.sonar, mine/sonar, is missing." in told
    shutil.rmtree(models / FOLDER)
    code, text = run(models)
    assert code == 1 and "Nothing could be checked." in text
    # A public model that is not there is fetched, so it is no fault.
    _, told = run(models, command="doctor")
    assert "note: models: 2 of 3 are not there yet, and will be fetched" in told


def clip_answer(translation):
    text = {"file": "0043626-2023.1.4", "language": "eng_Latn", "translation": translation}
    return [{**text, "alike": 0.7, "source": "the test"}]


def test_a_clip_is_looked_for_and_translated(models):
    answers = yaml.safe_load((models / "answers.yaml").read_text())
    for file in ("answers.yaml", "without.yaml"):
        (models / file).write_text(yaml.safe_dump({**answers, "clips": clip_answer("Right.")}))
    code, text = run(models)
    assert code == 0 and "may not be shipped: no folder was given with --clips" in text
    (models / "clips").mkdir()
    code, text = run(models, "--clips", "clips")
    assert code == 0 and "may not be shipped: not in clips" in text
    write_video(models / "clips/0043626-2023.1.4.mp4", 20)
    (line,) = wrong(models, "--clips", "clips")
    given = line.partition("is translated as ")[2].partition(" instead of")[0]
    found = {**answers, "clips": clip_answer(yaml.safe_load(given) + " and more")}
    (models / "answers.yaml").write_text(yaml.safe_dump(found))
    code, text = run(models, "--clips", "clips")
    assert code == 0 and "nearly the documented" in text, text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1", "holds no known answers"),
        ("embeddings: [{text: a}]", "must have text, language, begins"),
        ("embedings: []", "did you mean embeddings"),
        (
            "decodings: [{text: 3, language: a, ends: b, source: c}]",
            "text of an answer of",
        ),
        ("{", "cannot be read"),
        (
            "embeddings: [{text: a, language: b, begins: [], tolerance: 1, source: c}]",
            "begins of an answer of embeddings cannot be []",
        ),
        (
            "embeddings: [{text: a, language: b, begins: [.nan], tolerance: 1, source: c}]",
            "begins of an answer of embeddings cannot be [nan]",
        ),
        (
            "embeddings: [{text: a, language: b, begins: [1], tolerance: -1, source: c}]",
            "tolerance of an answer of embeddings cannot be -1",
        ),
    ],
)
def test_answers_that_are_none_are_refused(models, text, words):
    (models / "answers.yaml").write_text(text)
    code, told = run(models)
    assert code == 2 and words in told and told.count("\n") == 1, told
