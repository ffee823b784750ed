"""`sonar-sign` and `snakemake` as forks of one process that has imported other people's packages.

Importing PyTorch, Lightning and fairseq2 takes a process 2 to 6 CPU seconds, and most steps of the
tiny workflow take less than one. Here a server imports the packages once. The two commands in
`commands()` send it their arguments, environment, folder and standard streams; it forks, and the
fork runs the command's own `main`. Modules of sonar_sign are never imported by the server: a fork
imports them in the order in which the command would. Tests that send signals to a command, or look
at its process, call the real one.
"""

import atexit
import gc
import importlib
import io
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path

PACKAGES = (
    "av",
    "cv2",
    "fairseq2.models.nllb",
    "jsonschema",
    "lightning.pytorch",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "nltk.translate.meteor_score",
    "pandas",
    "pyarrow.parquet",
    "rouge_score.rouge_scorer",
    "sacrebleu",
    "scipy.optimize",
    "scipy.stats",
    "sentencepiece",
    "snakemake.cli",
    "snakemake.report",
    "sonar.inference_pipelines.text",
    "torch._dynamo",
    "torch.utils.tensorboard",
    "transformers.models.t5.modeling_t5",
    "typer.core",
    "yaml",
)
MAINS = {"sonar-sign": "sonar_sign.cli", "snakemake": "snakemake.cli"}
BIN = Path(sys.executable).parent
# Isolated and without site-packages: it starts in ten milliseconds.
CLIENT = """\
#!{python} -IS
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"."], [0, 1, 2])
words = [os.fsencode(word) for word in ({name!r}, *sys.argv[1:])]
variables = [name + b"=" + value for name, value in os.environb.items()]
parts = [os.getcwdb(), b"%d" % len(words), *words, *variables]
server.sendall(b"\\0".join(parts))
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(4) or b"1"))
"""


@cache
def commands() -> Path:
    """A folder with the commands `sonar-sign` and `snakemake`, and a `python` beside them.

    The server ends with this process.
    """
    folder = Path(tempfile.mkdtemp(prefix="preloaded"))
    address = folder / "socket"
    for name in MAINS:
        client = folder / name
        client.write_text(CLIENT.format(python=sys.executable, address=str(address), name=name))
        client.chmod(0o755)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    # Bound here, so that the first command can wait for the server's imports.
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen(64)
    server = subprocess.Popen(
        [sys.executable, __file__, str(listener.fileno())],
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno()],
        # Some packages read it when they are imported.
        env={**os.environ, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"},
    )
    listener.close()
    atexit.register(_stop, server, folder)
    return folder


def _stop(server: subprocess.Popen, folder: Path) -> None:
    server.stdin.close()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


def serve(listener: socket.socket) -> None:
    """Fork for every connection, until standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for package in PACKAGES:
        importlib.import_module(package)
    gc.freeze()
    folder = Path(listener.getsockname()).parent
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            _wait_for_ended_forks()
            os._exit(0)
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _supervise(connection, folder / "python")
        connection.close()
        _wait_for_ended_forks()


def _wait_for_ended_forks() -> None:
    """Leave none behind, and count their processor time as this process's children's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _supervise(connection: socket.socket, python: Path) -> None:
    """Run one command in a fork of its own; end it if its client is ended."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    folder, n_words, *rest = request.split(b"\0")
    words, variables = rest[: int(n_words)], rest[int(n_words) :]
    command = os.fork()
    if command == 0:
        connection.close()
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environb.clear()
        os.environb.update(variable.split(b"=", 1) for variable in variables)
        # The workflow puts this program's folder first on its jobs' path.
        sys.executable = str(python)
        _run(*map(os.fsdecode, words))
    for stream in streams:
        os.close(stream)
    events = select.poll()
    events.register(os.pidfd_open(command), select.POLLIN)
    events.register(connection, 0)  # only that the client is gone
    if any(event & select.POLLHUP for _, event in events.poll()):
        os.killpg(command, signal.SIGTERM)
    _, status = os.waitpid(command, 0)
    code = os.waitstatus_to_exitcode(status)
    connection.sendall(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


def _run(name: str, *arguments: str) -> None:
    """Be the command, as a new process would be, and end as it would."""
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _stream(1, line_buffering=os.isatty(1))
    sys.stderr = sys.__stderr__ = _stream(2, line_buffering=True)
    sys.argv = [str(BIN / name), *arguments]
    try:
        sys.exit(importlib.import_module(MAINS[name]).main())
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    # The interpreter's own end would take a second for all the packages.
    os._exit(code or 0)


def _stream(number: int, line_buffering: bool) -> io.TextIOWrapper:
    binary = open(number, "wb", closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(binary, encoding="utf-8", line_buffering=line_buffering)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
