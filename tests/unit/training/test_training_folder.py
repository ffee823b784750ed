"""The saved state of a training: resumed from whole, refused damaged."""

import shutil

import pytest
from checkpoint_files import damage
from training_command import command, training_files
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.training import trainer


def train(folder, out):
    return CliRunner().invoke(app, command(folder, out, epochs=1)[1:])


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """Files of a training that ended before its results were copied to their places."""
    folder = training_files(tmp_path_factory.mktemp("interrupted"))

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "finish", stop)
        assert train(folder, folder / "out").exit_code != 0
    assert (folder / "out/training/last.ckpt").exists()
    return folder


DAMAGE = {
    "other bytes": damage,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-300]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "text": lambda path: path.write_text("hello"),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_state_is_not_resumed_from(interrupted, tmp_path, how):
    shutil.copytree(interrupted / "out", tmp_path / "out")
    state = tmp_path / "out/training/last.ckpt"
    DAMAGE[how](state)
    done = train(interrupted, tmp_path / "out")
    assert isinstance(done.exception, UserError), done.exception
    assert f"The saved state {state} is damaged" in str(done.exception)


@pytest.mark.parametrize("folder", ["whole", "deleted, as the sentence says"])
def test_a_whole_state_and_none_are_trained_on(interrupted, tmp_path, folder):
    shutil.copytree(interrupted / "out", tmp_path / "out")
    if folder != "whole":
        shutil.rmtree(tmp_path / "out/training")
    assert train(interrupted, tmp_path / "out").exit_code == 0
    assert (tmp_path / "out/best.pt").exists()
