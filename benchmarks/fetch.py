"""`fetch_model` with a file of the size of SONAR's text encoder, from a server on this machine.

    .venv/bin/python benchmarks/fetch.py [--layers N] [--folder DIR]

The file is cut off in its middle and resumed, checked, checked again, refused because of one other
byte, and refused by a disk that is too small. Needs 6.2 GB of disk; root, for the small disk.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from sonar_sign.core.files import sha256_of  # noqa: E402
from sonar_sign.operations.rehearsal_files import RehearsalSize, write_models  # noqa: E402
from sonar_sign.operations.rehearsal_server import serving  # noqa: E402

NAME = "sonar_text_encoder"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--layers", type=int, help="of the model; all, if left out")
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(Path(folder), RehearsalSize(options.layers))


def run(folder: Path, size: RehearsalSize) -> None:
    served, got = folder / "served", folder / "got.pt"
    # In a process of its own, because a child's peak of memory begins with its parent's.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        path = pool.submit(write_models, served, size, ["Hello."], [NAME]).result()[NAME]
    started = time.perf_counter()
    sha256 = sha256_of(path)
    show("sha256 alone", time.perf_counter() - started, 0.0, f"{path.stat().st_size} bytes")
    with serving(served) as address:
        source = f"{address}/{path.name}"
        fetch("cut in the middle, resumed, checked", got, source, sha256)
        fetch("already there, checked", got, source, sha256)
        with got.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1]))
        fetch("one bit differs", got, source, sha256)
        small = folder / "small"
        small.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(small)]
        if subprocess.run(mount, capture_output=True).returncode:
            print("a disk that is too small: skipped, because none can be mounted")
            return
        try:
            fetch("a disk that is too small", small / "got.pt", source, sha256)
        finally:
            subprocess.run(["umount", str(small)], check=True)


def fetch(what: str, output: Path, source: str, sha256: str) -> None:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "sonar_sign", "fetch_model", "--name", NAME]
    command += ["--output", str(output), "--source", source, "--sha256", sha256]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    said = process.stderr.read().strip().splitlines()[-1:]
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    more = f"peak {used.ru_maxrss / 1e6:.2f} GB, exit {os.waitstatus_to_exitcode(status)}"
    show(what, seconds, used.ru_utime + used.ru_stime, "; ".join([more, *said]))


def show(what: str, seconds: float, cpu: float, more: str) -> None:
    print(f"{what}: {seconds:.1f} s, {cpu:.1f} CPU s, {more}", flush=True)


if __name__ == "__main__":
    main()
