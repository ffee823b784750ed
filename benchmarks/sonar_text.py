"""What SONAR's text models cost at full size, with random weights.

    python benchmarks/sonar_text.py                    # some minutes and 7 GB of disk
    python benchmarks/sonar_text.py --cases decode --precisions bf16

open      seconds and peak memory of opening the decoder for decoding, above what was there before.
decode    seconds of beam search (5 hypotheses, 32 tokens) for one clip and for eight; packed as a
          system decodes, and plain as a training's decoder.
embed     seconds and peak memory of embedding 32 captions of 30 tokens.
loss      seconds and peak memory of decoder_ce and its gradient, 32 captions of 30 tokens.
linear    a linear layer on 5 and on 40 vectors, plain and packed, in GB of weights per second.
Each case and precision runs in a process of its own. Peaks are of resident memory, of which the
part that is mapped from a file can be given up; both are told.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
N_TOKENS = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's default")
    parser.add_argument("--folder", type=Path, help="where the models are made and kept")
    parser.add_argument("--case", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        case, folder, precision = options.case
        use_threads(options.threads)
        STEPS[case](Path(folder), precision)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch) / "sonar"
        if not folder.is_dir():
            in_fresh_process("make", folder, str(options.layers), options.threads)
        for case in options.cases:
            for precision in options.precisions:
                in_fresh_process(case, folder, precision, options.threads)


def in_fresh_process(case: str, folder: Path, precision: str, threads: int) -> None:
    paths = [ROOT / "src", ROOT / "tests/support", os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, __file__, "--case", case, str(folder), precision]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run([*command, "--threads", str(threads)], env=environment)
    if done.returncode:
        print(case, precision, f"failed with status {done.returncode}")


def use_threads(n: int) -> None:
    from sonar_sign.core.devices import use_threads

    use_threads(n)


def show(**row: object) -> None:
    print(json.dumps(row), flush=True)


class Cost:
    """Seconds, and memory above what was resident before, in GB."""

    def __enter__(self) -> "Cost":
        # Writing 5 makes the kernel measure the peak anew.
        Path("/proc/self/clear_refs").write_text("5")
        self.before, self.start, self.cpu = memory(), time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        peak = memory()
        self.row = {
            "seconds": round(time.perf_counter() - self.start, 2),
            "cpu_seconds": round(time.process_time() - self.cpu, 2),
            "peak_gb": round(peak["VmHWM"] - self.before["VmRSS"], 2),
            "kept_gb": round(peak["VmRSS"] - self.before["VmRSS"], 2),
            "of_it_mapped_gb": round(peak["RssFile"] - self.before["RssFile"], 2),
            "peak_of_process_gb": round(peak["VmHWM"], 2),
        }


def memory() -> dict[str, float]:
    status = Path("/proc/self/status").read_text()
    return {name: int(kb) / 1e6 for name, kb in re.findall(r"(\w+):\s+(\d+) kB", status)}


def make(folder: Path, n_layers: str) -> None:
    from public_sonar import write_public_sonar

    write_public_sonar(folder, int(n_layers))


def opened(folder: Path, precision: str, **how: bool):
    from sonar_sign.models.sonar_text import SonarText

    return SonarText.open(folder, precision=precision, **how)


def open_decoder(folder: Path, precision: str) -> None:
    for only_decodes in (True, False):
        sonar = opened(folder, precision, only_decodes=only_decodes)
        with Cost() as cost:
            decoder = sonar.decoder
        # The rows of the word embedding that a packed decoder needs are read from the file.
        in_file = {decoder.decoder_frontend.embed.weight} if only_decodes else set()
        kept = {*decoder.parameters(), *decoder.buffers()} - in_file
        weights = sum(tensor.numel() * tensor.element_size() for tensor in kept) / 1e9
        show(
            case="open",
            precision=sonar.decoder_precision,
            only_decodes=only_decodes,
            weights_gb=round(weights, 2),
            **cost.row,
        )
        del decoder, sonar


def decode(folder: Path, precision: str) -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    for packed, numbers in ((True, (1, 8)), (False, (1,))):
        sonar = opened(folder, precision, only_decodes=packed)
        embeddings = 0.01 * torch.randn(8, sonar.embedding_dim, generator=generator)
        sonar.decode(embeddings[:1], "eng_Latn", max_length=2)
        for n_clips in numbers:
            with Cost() as cost:
                texts = sonar.decode(embeddings[:n_clips], "eng_Latn", max_length=N_TOKENS)
            n_words = min(len(text.split()) for text in texts)
            about = {"precision": precision, "packed": packed, "clips": n_clips, "words": n_words}
            show(case="decode", **about, **cost.row)
        del sonar


def embed(folder: Path, precision: str) -> None:
    sonar = opened(folder, precision)
    with Cost() as cost:
        embeddings = sonar.embed(captions(), "eng_Latn")
    show(case="embed", precision=precision, norm=float(embeddings.norm()), **cost.row)


def loss(folder: Path, precision: str) -> None:
    if precision != "fp32":
        return
    import torch

    sonar = opened(folder, precision)
    sonar.decoder.requires_grad_(False)
    embeddings = (0.01 * torch.randn(32, sonar.embedding_dim)).requires_grad_()
    with Cost() as cost:
        sonar.word_losses(embeddings, captions(), "eng_Latn").mean().backward()
    show(case="loss", precision=precision, norm=float(embeddings.grad.norm()), **cost.row)


def captions() -> list[str]:
    return [" ".join(f"p{(n * 997 + m * 31) % 200_000}" for m in range(28)) for n in range(32)]


def linear(folder: Path, precision: str) -> None:
    import torch
    from torch.nn import functional

    from sonar_sign.core.devices import PRECISIONS
    from sonar_sign.models.sonar_packed import PackedLinear

    dtype = PRECISIONS[precision] or torch.float32
    for n_outputs, n_inputs in ((8192, 1024), (1024, 8192), (64_000, 1024)):
        weights = [torch.randn(n_outputs, n_inputs).to(dtype) for _ in range(4)]  # beyond caches
        packed = [PackedLinear(weight, None) for weight in weights]
        for n_vectors in (5, 40):
            vectors = torch.randn(n_vectors, n_inputs).to(dtype)
            rates = {}
            for name, layers in (("plain", weights), ("packed", packed)):
                start = time.perf_counter()
                with torch.inference_mode():
                    for layer in 3 * layers:
                        plain = name == "plain"
                        functional.linear(vectors, layer) if plain else layer(vectors)
                n_bytes = 12 * weights[0].numel() * weights[0].element_size()
                rates[name] = round(n_bytes / 1e9 / (time.perf_counter() - start), 1)
            shape = f"{n_outputs}x{n_inputs}"
            show(case="linear", precision=precision, vectors=n_vectors, weight=shape, **rates)


CASES = ("open", "decode", "embed", "loss", "linear")
STEPS = {
    "make": make,
    "open": open_decoder,
    "decode": decode,
    "embed": embed,
    "loss": loss,
    "linear": linear,
}

if __name__ == "__main__":
    main()
