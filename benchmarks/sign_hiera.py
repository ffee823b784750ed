"""What SignHiera and loading the sign encoder cost on this machine.

    python benchmarks/sign_hiera.py              # everything, some minutes
    python benchmarks/sign_hiera.py --paddings 59 --no-encoder

CPU: one thread, process CPU seconds for one window of the public model's shape, with the peak of
memory above what the process had at its start, before torch was imported; a process for each length
of window. Where the processor has units for bf16, the same window follows in bf16 in that process,
as `extract` computes it, with the smallest cosine of its features with those in float32. The rate
of a large `torch.mm` in the same precision is measured before and after, so that the share of it
says how good the code is whatever the machine.
GPU, where there is one: bf16 autocast over batches of windows, then `extract` as the workflow runs
it, on a shard of clips of How2Sign's median length, decoded in worker processes. Weights are
random, which costs the same.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MM_SIZE = 4096
GPU_MM_SIZE = 8192
GPU_REPEATS = 5
N_CLIPS, CLIP_FRAMES, CLIP_FPS = 512, 138, 25.0  # 5.5 s: 59 padding frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--paddings", type=int, nargs="+", default=[0, 59, 64, 96], help="padding frames"
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16], help="GPU only")
    parser.add_argument("--workers", type=int, default=8, help="that decode clips; GPU only")
    parser.add_argument("--batch-units", type=int, default=1024, help="of extract; GPU only")
    parser.add_argument("--no-encoder", action="store_true", help="leave the encoder out")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON lines")
    parser.add_argument("--case", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        kind, *arguments = options.case
        print(json.dumps(CASES[kind](*arguments)))
        return
    show = (lambda row: print(json.dumps(row))) if options.json else print_row
    for padding in options.paddings:
        show(in_fresh_process("cpu", padding))
    if in_fresh_process("has_gpu")["gpu"]:
        for padding in options.paddings:
            for batch in options.batches:
                show(in_fresh_process("gpu", padding, batch))
        with tempfile.TemporaryDirectory() as folder:
            in_fresh_process("write_clips", folder)
            show(in_fresh_process("extract", folder, options.workers, options.batch_units))
    if not options.no_encoder:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "encoder.pth"
            in_fresh_process("write_encoder", path)
            show(in_fresh_process("load_encoder", path))


def print_row(row: dict) -> None:
    print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def in_fresh_process(kind: str, *arguments: object) -> dict:
    """Run one case with one CPU thread and return its figures."""
    command = [sys.executable, __file__, "--case", kind, *map(str, arguments)]
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **threads, "PYTHONPATH": paths}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # kilobytes on Linux


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_case(padding: str) -> dict:
    """One window on one thread, in float32 and in bf16."""
    at_start = resident_bytes()
    import torch

    from sonar_sign.core.devices import has_bf16
    from sonar_sign.models.mapped import convert_linear_layers
    from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

    torch.set_num_threads(1)
    config = SignHieraConfig.base_128x224()
    model = SignHiera(config).eval()
    frames = torch.randn(1, config.in_chans, *config.input_size)
    row = {"padding": int(padding), "tflop": round(window_flop(int(padding)) / 1e12, 3)}
    exact, figures = timed_window(model, frames, int(padding), torch.float32, at_start)
    row |= figures
    if has_bf16(torch.device("cpu")):
        convert_linear_layers(model, torch.bfloat16, lambda tensor: None)
        found, figures = timed_window(model, frames, int(padding), torch.bfloat16, at_start)
        row |= {f"bf16_{name}": value for name, value in figures.items() if name != "peak_gb"}
        row["bf16_times_faster"] = round(row["cpu_s"] / row["bf16_cpu_s"], 2)
        cosines = torch.cosine_similarity(exact.double(), found.double(), dim=-1)
        row["bf16_least_cosine"] = round(cosines.min().item(), 6)
    return row


def timed_window(model, frames, padding: int, dtype, at_start: int) -> tuple:
    """The features of one window `(n_units, dim)`, and what they cost."""
    import torch

    mm_rates = [mm_rate(MM_SIZE, dtype) for _ in range(3)]
    autocast = torch.autocast("cpu", dtype, enabled=dtype != torch.float32)
    with torch.inference_mode(), autocast:
        started, started_cpu = time.perf_counter(), time.process_time()
        (found,) = model.features(frames, [padding])
        cpu_s, wall_s = time.process_time() - started_cpu, time.perf_counter() - started
    peak = peak_bytes() - at_start
    mm_rates += [mm_rate(MM_SIZE, dtype) for _ in range(3)]
    rate, mm = window_flop(padding) / cpu_s, statistics.median(mm_rates)
    return found, {
        "cpu_s": round(cpu_s, 2),
        "wall_s": round(wall_s, 2),
        "peak_gb": round(peak / 1e9, 2),
        "gflop_per_s": round(rate / 1e9, 1),
        "mm_gflop_per_s": round(mm / 1e9, 1),
        "share_of_mm": round(rate / mm, 3),
    }


def mm_rate(size: int, dtype) -> float:
    """Floating-point operations per CPU second of a matrix product."""
    import torch

    a, b = torch.randn(size, size, dtype=dtype), torch.randn(size, size, dtype=dtype)
    started = time.process_time()
    torch.mm(a, b)
    return 2 * size**3 / (time.process_time() - started)


def window_flop(padding: int) -> float:
    """Floating-point operations of one window, counted without computing it."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

    config = SignHieraConfig.base_128x224()
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model = SignHiera(config)
        model.features(torch.empty(1, config.in_chans, *config.input_size), [padding])
    return float(counter.get_total_flops())


def has_gpu_case() -> dict:
    import torch

    return {"gpu": torch.cuda.is_available()}


def gpu_case(padding: str, batch: str) -> dict:
    """Windows of one length in one call, bf16 autocast."""
    import torch

    from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

    config, device = SignHieraConfig.base_128x224(), torch.device("cuda")
    model = SignHiera(config).eval().to(device)
    frames = torch.randn(int(batch), config.in_chans, *config.input_size, device=device)
    a = torch.randn(GPU_MM_SIZE, GPU_MM_SIZE, device=device, dtype=torch.bfloat16)
    mm = 2 * GPU_MM_SIZE**3 / gpu_seconds(lambda: torch.mm(a, a))
    torch.cuda.reset_peak_memory_stats()

    def forward() -> None:
        model.features(frames, [int(padding)] * int(batch))

    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
        seconds = gpu_seconds(forward)
    rate = window_flop(int(padding)) * int(batch) / seconds
    return {
        "gpu": torch.cuda.get_device_name(),
        "padding": int(padding),
        "batch": int(batch),
        "windows_per_s": round(int(batch) / seconds, 1),
        "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2),
        "tflop_per_s": round(rate / 1e12, 1),
        "mm_tflop_per_s": round(mm / 1e12, 1),
        "share_of_mm": round(rate / mm, 3),
    }


def write_clips_case(folder: str) -> dict:
    """A clip shard of moving gradients, and a SignHiera with random weights."""
    import numpy as np

    from sonar_sign.clips.clip_shards import ClipInfo, write_clips
    from sonar_sign.core.video import encode_clip
    from sonar_sign.models.checkpoint import save_sign_hiera
    from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

    rows, columns = np.mgrid[0:224, 0:224]
    frames = [
        np.stack([(rows + 3 * n) % 256, (columns + 5 * n) % 256, (rows + columns) % 256], axis=-1)
        for n in range(CLIP_FRAMES)
    ]
    content = encode_clip([frame.astype(np.uint8) for frame in frames], CLIP_FPS, 18)
    info = ClipInfo((0, 0, 224, 224), "video", 1, 1, CLIP_FPS, CLIP_FRAMES, 224, 224)
    clips = ((f"clip{number}", content, info) for number in range(N_CLIPS))
    write_clips(Path(folder) / "0000.tar", clips)
    save_sign_hiera(Path(folder) / "hiera.pth", SignHiera(SignHieraConfig.base_128x224()))
    return {}


def extract_case(folder: str, workers: str, batch_units: str) -> dict:
    """`extract` from the shard to the features, loading the model included."""
    import torch

    from sonar_sign.core.options import ExtractOptions
    from sonar_sign.features.extract import extract
    from sonar_sign.features.windows import windows_of

    a = torch.randn(GPU_MM_SIZE, GPU_MM_SIZE, device="cuda", dtype=torch.bfloat16)
    mm = 2 * GPU_MM_SIZE**3 / gpu_seconds(lambda: torch.mm(a, a))
    options = ExtractOptions(int(batch_units), precision="bf16", num_workers=int(workers))
    paths = [Path(folder) / name for name in ("0000.tar", "hiera.pth", "f.npy", "t.json")]
    started = time.perf_counter()
    extract(*paths, options, device="cuda")
    seconds = time.perf_counter() - started
    (window,) = windows_of(CLIP_FRAMES, CLIP_FPS)
    rate = N_CLIPS * window_flop(window.padding_frames) / seconds
    return {
        "gpu": torch.cuda.get_device_name(),
        "clips": N_CLIPS,
        "padding": window.padding_frames,
        "workers": int(workers),
        "batch_units": int(batch_units),
        "clips_per_s": round(N_CLIPS / seconds, 1),
        "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2),
        "tflop_per_s": round(rate / 1e12, 1),
        "share_of_mm": round(rate / mm, 3),
    }


def gpu_seconds(call) -> float:
    """Median seconds of a call, after two that warm up."""
    import torch

    seconds = []
    for _ in range(2 + GPU_REPEATS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        call()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[2:])


def write_encoder_case(path: str) -> dict:
    """A file as large as the public encoder, random weights."""
    import torch

    from sonar_sign.models.checkpoint import save_sign_encoder
    from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig

    with torch.device("meta"):
        model = SignEncoder(SignEncoderConfig.t5_v1_1_large())
    model.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.02)
    save_sign_encoder(Path(path), model)
    return {}


def load_encoder_case(path: str) -> dict:
    """Load the encoder, then embed one clip of 40 features."""
    import torch

    from sonar_sign.models.checkpoint import load_sign_encoder

    before = resident_bytes()
    started = time.perf_counter()
    model = load_sign_encoder(Path(path))
    load_s, loaded = time.perf_counter() - started, resident_bytes()
    started = time.perf_counter()
    with torch.inference_mode():
        model(torch.randn(1, 40, model.config.feature_dim))
    return {
        "encoder_parameters": sum(p.numel() for p in model.parameters()),
        "load_s": round(load_s, 2),
        "load_gb": round((loaded - before) / 1e9, 2),
        "first_forward_s": round(time.perf_counter() - started, 2),
    }


CASES = {
    "cpu": cpu_case,
    "has_gpu": has_gpu_case,
    "gpu": gpu_case,
    "write_clips": write_clips_case,
    "extract": extract_case,
    "write_encoder": write_encoder_case,
    "load_encoder": load_encoder_case,
}

if __name__ == "__main__":
    main()
