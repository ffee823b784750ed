"""One trainer per folder, whoever left a lock there."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.training import lock
from sonar_sign.training.lock import training_lock

DEAD = {"host": socket.gethostname(), "pid": 2**22 + 1, "started": "1", "slurm_job": None}


def leave(folder, holder):
    (folder / "lock.json").write_text(json.dumps(holder))


def hold(folder, seconds, together, answers):
    is_dead = lock._is_dead

    def slowly(holder):
        dead = is_dead(holder)
        time.sleep(seconds)
        return dead

    # Processes that look at a dead lock before one has taken it over are rare; here all of them do.
    lock._is_dead = slowly
    together.wait()
    try:
        with training_lock(folder):
            os.mkdir(folder / "inside")  # fails where another one is
            time.sleep(0.5)
            os.rmdir(folder / "inside")
        answers.put("held")
    except UserError:
        answers.put("refused")
    except FileExistsError:
        answers.put("together with another")


def test_a_dead_lock_is_taken_over_by_one_process_only(tmp_path):
    leave(tmp_path, DEAD)
    context = multiprocessing.get_context("fork")
    together, answers = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=hold, args=(tmp_path, 0.1 * (1 + n), together, answers))
        for n in range(3)
    ]
    for process in processes:
        process.start()
    found = sorted(answers.get(timeout=30) for _ in processes)
    for process in processes:
        process.join()
    assert found == ["held", "refused", "refused"]
    assert not (tmp_path / "lock.json").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"pid": 1}', '{"host": "a"', "\ud800", "[" * 100_000]
)
def test_what_no_trainer_has_written_is_no_lock(tmp_path, content):
    (tmp_path / "lock.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with training_lock(tmp_path):
        assert json.loads((tmp_path / "lock.json").read_text())["pid"] == os.getpid()


def test_a_lock_that_cannot_be_read_is_left_alone(tmp_path):
    (tmp_path / "lock.json").mkdir()
    with pytest.raises(IsADirectoryError), training_lock(tmp_path):
        pass
    assert (tmp_path / "lock.json").is_dir()


PROGRAM = """\
import sys
from pathlib import Path
from sonar_sign.core.errors import UserError
from sonar_sign.training.lock import training_lock
try:
    with training_lock(Path(sys.argv[1])):
        print("held")
except UserError as error:
    print(error)
"""


def on_another_host(folder):
    """What a trainer of a machine with another name says."""
    words = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "-"]
    return subprocess.run(
        [*words, sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True
    )


@pytest.mark.parametrize("is_alive", [True, False])
def test_a_lock_of_another_host_counts_even_if_its_process_seems_dead(tmp_path, is_alive):
    if subprocess.run(["unshare", "--uts", "true"], capture_output=True).returncode:
        pytest.skip("another host name needs root")
    leave(tmp_path, {**DEAD, "pid": os.getpid()} if is_alive else DEAD)
    done = on_another_host(tmp_path)
    assert f"on {socket.gethostname()}; wait for it, or delete " in done.stdout, done
    assert len(done.stdout.splitlines()) == 1
    (tmp_path / "lock.json").unlink()
    assert on_another_host(tmp_path).stdout == "held\n"
