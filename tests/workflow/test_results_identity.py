"""A folder of results is not taken for another corpus's, or for one with other settings."""

import shutil

import pytest
from workflow_project import merged

pytestmark = pytest.mark.slow
CONFIG = {
    "corpus": {"name": "mine", "type": "how2sign", "root": "data", "shards": {"test": 1}},
    "systems": {"zero_shot": None},
}
MANIFEST, SHARD = "results/mine/manifests/test.tsv", "results/mine/shards/test/0000.tsv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project whose corpus of one clip is prepared."""
    from small_files import row, write_annotations, write_video
    from workflow_project import Project

    folder = tmp_path_factory.mktemp("made")
    write_annotations(folder / "data", [row("a", end="0.5")], "test")
    write_video(folder / "data/raw_videos/vid-5-rgb_front.mp4", 24)
    project = Project(folder, CONFIG)
    run = project.run(SHARD)
    assert run.code == 0, run.output
    return project


@pytest.fixture
def project(made, tmp_path):
    return made.copy(tmp_path / "project")


def refused(project, *words, targets=(MANIFEST,)):
    run = project.run("--dry-run", *targets)
    told = [line for line in run.output.splitlines() if line.startswith("sonar-sign: ")]
    assert run.code != 0 and len(told) == 1 and "Traceback" not in run.output, run.output
    assert all(word in told[0] for word in words), told[0]


def test_a_moved_project_has_nothing_to_do(project):
    assert project.dry_run(SHARD) == {}


def test_a_copied_or_renamed_folder_is_refused(project):
    shutil.copytree(project.folder / "results/mine", project.folder / "results/other")
    project.write_config(merged(CONFIG, {"corpus": {"name": "other"}}))
    target = ["results/other/manifests/test.tsv"]
    refused(project, "results/other", "of the corpus mine", targets=target)
    # As well without the file that says so, by the config beside it, and without both.
    (project.folder / "results/other/identity.json").unlink()
    refused(project, "results/other", "of the corpus mine", targets=target)
    (project.folder / "results/other/config.yaml").unlink()
    refused(project, "was not made by a run in this folder", "delete", targets=target)
    shutil.rmtree(project.folder / "results/other")
    assert project.dry_run(*target) == {"prepare": 1}
    # A link is a name too.
    (project.folder / "results/other").symlink_to("mine")
    refused(project, "of the corpus mine", targets=target)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prepare": {"min_duration_s": 0.3}}, "prepare.min_duration_s 0.2, not 0.3"),
        ({"corpus": {"root": "elsewhere"}}, "corpus.root data, not elsewhere"),
    ],
)
def test_a_change_is_noticed_with_and_without_snakemakes_records(project, change, words):
    shutil.copytree(project.folder / "data", project.folder / "elsewhere")
    project.write_config(merged(CONFIG, change))
    # Snakemake makes again what reads the setting, whatever it is.
    assert project.dry_run(MANIFEST) == {"prepare": 1}
    shutil.rmtree(project.folder / ".snakemake/metadata")
    refused(project, "results/mine/manifests/", words)
    # Without the change, they are these results.
    project.write_config(CONFIG)
    assert project.dry_run(MANIFEST) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"decoding": {"beam_size": 2}},
        {"trainings": {"stage2": {"epochs": 3}}},
        {"cluster": {"others": {"mem_mb": 1234}}},
        {"models": {"sonar": "resources/other"}},
        {"corpus": {"shards": {"train": 1, "val": 1}}, "systems": {"stage1": None}},
    ],
    ids=str,
)
def test_what_concerns_no_file_that_is_there_is_nobodys_business(project, change):
    shutil.rmtree(project.folder / ".snakemake/metadata")
    for split in ("train", "val"):
        shutil.copy(
            project.folder / "data/how2sign_realigned_test.csv",
            project.folder / f"data/how2sign_realigned_{split}.csv",
        )
    project.write_config(merged(CONFIG, change))
    assert project.dry_run(MANIFEST) == {}


def test_what_is_no_folder_is_said(project):
    (project.folder / "results").rename(project.folder / "kept")
    (project.folder / "results").touch()
    refused(project, "results is not a folder but a file")


def test_a_damaged_identity_is_said(project):
    for text in ("", "[]", '{"corpus": "mine"}'):
        (project.folder / "results/mine/identity.json").write_text(text)
        refused(project, "identity.json", "is damaged; delete this file alone")


def test_another_way_to_the_same_corpus_makes_nothing_again(project):
    (project.folder / "link").symlink_to("data")
    outside = project.folder.parent / "outside"
    outside.symlink_to(project.folder / "data")
    for root in ("data/../link/", str(outside), f"../{outside.name}"):
        project.write_config(merged(CONFIG, {"corpus": {"root": root}}))
        assert project.dry_run(MANIFEST) == {}, root
