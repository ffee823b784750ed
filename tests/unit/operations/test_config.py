"""Configs are read, checked and completed; every mistake is one sentence that names the key."""

from types import SimpleNamespace

import pytest
import yaml
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import as_yaml, load_config, workflow_config

OWN = {"corpus": {"name": "mine", "type": "how2sign", "root": "."}}
DEMO = REPOSITORY / "config/config.yaml"


@pytest.fixture
def write(tmp_path):
    def write(values, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(values if isinstance(values, str) else yaml.safe_dump(values))
        return path

    return write


def changed(path, value):
    """A config of one's own with one value more."""
    nested = value
    for key in reversed(path.split(".")):
        nested = {key: nested}
    head = nested.pop("corpus", {})
    return {"corpus": {**OWN["corpus"], **head}, **nested}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "config").glob("*.yaml")))
def test_every_config_of_the_repository(path):
    config = load_config([path])
    assert config.experiment.systems


def test_a_corpus_is_enough_and_nothing_of_the_demo_is_in_it(write):
    config = load_config([write(OWN)])
    assert config.values["crop"]["size"] == 224
    assert list(config.experiment.systems) == ["zero_shot", "stage1", "finetuned"]
    assert config.values["languages"] == {"captions": "eng_Latn", "outputs": ["eng_Latn"]}
    assert "demo" not in config.values
    assert {origin for key, origin in config.origins.items() if not key.startswith("corpus.")} == {
        "default"
    }


def test_a_config_may_extend_another_one(write):
    write({"extends": "config.yaml", "crop": {"quality": 20}}, "base.yaml")
    config = load_config([write({"extends": "base.yaml", "crop": {"size": 32}})])
    assert (config.values["crop"]["size"], config.values["crop"]["quality"]) == (32, 20)
    assert config.values["corpus"]["name"] == "demo"
    assert config.origins["crop.size"].endswith("mine.yaml")
    assert config.origins["crop.quality"].endswith("base.yaml")
    assert config.origins["crop.frames_probed"].endswith("config/config.yaml")
    assert config.origins["crop.detector"] == "default"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("trainings.stage2.learning_rte", 1.0, "stage2.learning_rte .* did you mean learning_rate"),
        ("colour", "red", "colour is not a known key"),
        ("further_training", {}, "further_training is not a known key; did you mean"),
        ("sample.x", 1, "sample.x is not a known key"),
        ("corpus", {"root": None}, "corpus.root: None is not of type string"),
        ("trainings.stage2.epochs", "many", "stage2.epochs: 'many' is not of type integer"),
        ("trainings.stage2.epochs", True, "True is not of type integer"),
        ("trainings.stage2.losses.mse", -1, "stage2.losses.mse: -1"),
        ("trainings.landmarks.augment.speed", "fast", "landmarks.augment.speed: 'fast'"),
        ("evaluate.nltk_data", 3, "3 is not of type string or null"),
        ("crop", [1], "crop: .* is not of type object"),
        ("trainings.stage1.freeze", 1.5, "stage1.freeze: 1.5 is greater than"),
        ("trainings.stage2.epochs", 0, "epochs: 0 is less than the minimum of 1"),
        ("trainings.stage1.batch_size", 0.5, "stage1.batch_size: 0.5"),
        ("crop.size", 63, "crop.size: 63 is not a multiple of 2"),
        ("decoding.beam_size", 0, "decoding.beam_size: 0 is less than"),
        ("extract.compat", "other", "extract.compat: 'other' is not one of"),
        ("systems", [], "systems: "),
        (
            "systems",
            {"Best": {"training": "stage2"}},
            "systems: the name 'Best' is not possible; use lower-case",
        ),
        ("languages.outputs", ["eng_Latn", "Italian"], "languages.outputs.1: 'Italian'"),
        ("languages.outputs", ["ita_Latn"], "languages.outputs must hold eng_Latn"),
        ("trainings.landmarks.shape.front", "pool", "shape.front: 'pool' is not one of"),
        ("corpus.name", "../evil", "corpus.name: "),
        ("corpus.type", "phoenix", "corpus.type: 'phoenix' is not one of"),
        ("corpus.shards", {"train": 1, "test": 1}, "corpus.shards lacks 'val'"),
        ("corpus.shards", {"train": 1, "val": 1}, "corpus.shards lacks 'test'"),
        ("further_corpora.mine", {"type": "ssvp", "root": "/"}, "mine has the name of corpus"),
        ("device", "gpu", "device: 'gpu'"),
        ("device", "cpu\n", "device: 'cpu.n'"),
        ("seeds", [1, 2, 1], "seeds names 1 twice"),
        ("seeds", [-1], "seeds.0: -1 is less than"),
        ("seeds", [], "seeds: "),
        ("demo.sonar.width", -1, "demo.sonar.width: -1"),
        ("cluster.rules.train", {"memory": 1}, "cluster.rules.train.memory is not a known key"),
    ],
)
def test_a_mistake_is_named(write, path, value, words):
    with pytest.raises(UserError, match=words) as caught:
        load_config([write(changed(path, value))])
    message = str(caught.value)
    assert message.startswith("In the config: ")
    assert "\n" not in message and message.endswith(".") and len(message) < 400


def test_the_language_of_a_corpus_is_that_of_the_captions(write):
    german = {"corpus": {**OWN["corpus"], "caption_language": "deu_Latn"}}
    languages = load_config([write(german)]).values["languages"]
    assert languages == {"captions": "deu_Latn", "outputs": ["deu_Latn"]}
    with pytest.raises(UserError, match="deu_Latn and languages.captions ita_Latn; leave one"):
        load_config([write({**german, "languages": {"captions": "ita_Latn"}})])


def test_the_corpus_must_be_named(write):
    with pytest.raises(UserError, match="In the config: corpus is missing"):
        load_config([write({"crop": {"size": 224}})])
    with pytest.raises(UserError, match="In the config: corpus.root is missing"):
        load_config([write({"corpus": {"name": "mine", "type": "how2sign"}})])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("corpus: {name: a\n", "line 2: this is not a valid config"),
        ("seed: 1\nseed: 2\n", "line 2: .*the key seed stands there twice"),
        ("crop: {size: 32, size: 64}\n", "line 1: .*the key size stands there twice"),
        ("[1, 2]\n", "holds no keys"),
        ("", "holds no keys"),
        ("extends: mine.yaml\n", "extends itself"),
        ("extends: nowhere.yaml\n", "extends nowhere.yaml, which is neither in"),
    ],
)
def test_a_file_that_is_no_config(write, text, words):
    with pytest.raises(UserError, match=words):
        load_config([write(text)])


def test_only_used_splits_must_have_shards(write):
    config = {**OWN, "systems": ["zero_shot"]}
    config["corpus"] = {**OWN["corpus"], "shards": {"test": 1}}
    assert load_config([write(config)]).experiment.used_trainings == []


def test_corpora_must_be_there_when_it_runs_but_for_those_that_a_rule_makes(write, tmp_path):
    path = write({"corpus": {**OWN["corpus"], "root": str(tmp_path / "none")}})
    assert load_config([path]).values["corpus"]["root"].endswith("none")
    with pytest.raises(UserError, match="corpus.root .*none is not a folder"):
        load_config([path], corpora_must_exist=True)
    assert load_config([DEMO], corpora_must_exist=True)


def settings_of_snakemake(files=(), config=None, merged=None):
    given = config or {}
    return SimpleNamespace(
        configfiles=files, config=given, overwrite_config=given if merged is None else merged
    )


def test_the_workflow_without_a_config_is_the_demo():
    config = workflow_config({}, settings_of_snakemake(), REPOSITORY)
    assert config.values["corpus"]["name"] == "demo"


def test_the_command_line_lies_over_the_files(write, tmp_path):
    for split in ("train", "val", "test"):
        (tmp_path / f"how2sign_realigned_{split}.csv").touch()
    own = {"corpus": {**OWN["corpus"], "root": str(tmp_path)}}
    path = write({**own, "sample": {"n": 3}})
    over = {"sample": {"n": "20"}, "seed": "4"}
    merged = {**own, "sample": {"n": "20"}, "seed": "4"}
    config = workflow_config(merged, settings_of_snakemake([path], over, merged), REPOSITORY)
    assert (config.values["sample"]["n"], config.values["seed"]) == (20, 4)
    assert config.origins["sample.n"] == "--config"
    assert config.values["seeds"] == [4]


def test_nested_values_of_the_command_line_are_numbers(write):
    """Snakemake's `--config 'seeds=[1,2]' 'corpus={shards: {train: 2}}'` gives texts."""
    over = {
        "seeds": ["1", "2"],
        "corpus": {"shards": {"train": "2", "val": "1", "test": "1"}},
        "trainings": {"stage2": {"epochs": "3", "learning_rate": "1e-3", "data": {"mine": "0.5"}}},
        "gallery": {"videos": "true"},
        "cluster": {"rules": {"train": {"gpus": "2"}}},
    }
    config = load_config([write(OWN)], over)
    assert config.values["seeds"] == [1, 2]
    assert config.values["corpus"]["shards"] == {"train": 2, "val": 1, "test": 1}
    stage2 = config.experiment.trainings["stage2"]
    assert (stage2.settings["epochs"], stage2.settings["learning_rate"]) == (3, 1e-3)
    assert stage2.data == {"mine": 0.5}
    assert config.values["gallery"]["videos"] is True
    assert config.values["cluster"]["rules"]["train"]["gpus"] == 2


def test_a_workflow_that_uses_this_one_hands_its_config_on():
    handed = {"extends": "config.yaml", "sample": {"n": 5}}
    config = workflow_config(handed, settings_of_snakemake(), REPOSITORY)
    assert (config.values["corpus"]["name"], config.values["sample"]["n"]) == ("demo", 5)


def test_the_effective_values_can_be_read_again(write):
    config = load_config([write({"extends": "config.yaml", "seeds": [1, 2]})])
    again = load_config([write(as_yaml(config), "again.yaml")])
    assert again.experiment.trainings == config.experiment.trainings
    assert again.experiment.systems == config.experiment.systems
    assert again.values["seeds"] == [1, 2]


def test_every_value_is_shown_with_where_it_is_from(write):
    extended = {
        "extends": "config.yaml",
        "trainings": {"other": {"like": "stage2", "losses": {"cosine": 0}}},
        "systems": {"other": {"training": "other"}},
    }
    config = load_config([write(extended)])
    lines = as_yaml(config, with_origins=True).splitlines()
    by_key = {line.split()[0]: line for line in lines}
    assert by_key["trainings.other.losses.cosine"].endswith("mine.yaml")
    assert by_key["trainings.other.epochs"].endswith("config.yaml, through like: stage2")
    assert by_key["trainings.other.keep"].endswith("default")
    assert by_key["seed"].endswith("config/config.yaml")


@pytest.mark.parametrize(
    ("corpus_type", "language"),
    [
        ("phoenix14t", "deu_Latn"),
        ("csl_daily", "zho_Hans"),
        ("how2sign", "eng_Latn"),
        ("table", "eng_Latn"),
    ],
)
def test_captions_are_in_the_language_in_which_the_corpus_is_published(
    write, corpus_type, language
):
    corpus = {"name": "mine", "type": corpus_type, "root": "none"}
    languages = load_config([write({"corpus": corpus})]).values["languages"]
    assert languages == {"captions": language, "outputs": [language]}


def test_a_further_corpus_has_its_own_language(write):
    types = {"a": "how2sign", "b": "phoenix14t", "c": "csl_daily", "d": "table"}
    config = {
        "corpus": {"name": "mine", "type": "phoenix14t", "root": "none"},
        "further_corpora": {name: {"type": one, "root": "none"} for name, one in types.items()},
    }
    further = load_config([write(config)]).values["further_corpora"]
    own = {name: corpus.get("caption_language") for name, corpus in further.items()}
    assert own == {"a": "eng_Latn", "b": None, "c": "zho_Hans", "d": None}


def test_the_loss_through_the_decoder_is_of_captions_in_its_language(write):
    config = {
        "corpus": {"name": "mine", "type": "phoenix14t", "root": "none"},
        "further_corpora": {"more": {"type": "how2sign", "root": "none"}},
        "trainings": {"stage2": {"data": {"mine": 1, "more": 1}}},
    }
    assert load_config([write(config)])
    config["trainings"]["stage2"]["losses"] = {"decoder_ce": 1}
    with pytest.raises(UserError, match="deu_Latn, and the corpus more in its data has .* eng_Lat"):
        load_config([write(config)])
