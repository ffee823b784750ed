"""What it costs to check that files hold what was written.

    python benchmarks/integrity.py FOLDER    # FOLDER gets 7 GB, which are deleted again

Prints CPU seconds on one core, warm: the hashes' rates; a checkpoint of the public sign encoder's
size (random weights) with and without a stored hash; a feature shard of How2Sign's size.
"""

import argparse
import hashlib
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash

from sonar_sign.core import content_hash as hashing
from sonar_sign.features.feature_shards import FeatureShard, write_features
from sonar_sign.models.archive import check_checksums
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.model_content import HASH, content_hash, require_finite
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig

# A shard of How2Sign's training split: 31,000 clips of 90 features over 32 shards.
N_CLIPS, N_FEATURES, DIM = 970, 90, 768


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where files are written for a while")
    folder = parser.parse_args().folder / "integrity"
    torch.set_num_threads(1)
    folder.mkdir(parents=True)
    try:
        measure_hashes()
        measure_shard(folder / "0000.npy")
        measure_checkpoint(folder)
    finally:
        shutil.rmtree(folder)


def measure_hashes() -> None:
    content = np.random.default_rng(0).bytes(256 << 20)
    for name, hash_of in (
        ("XXH3, 128 bits", lambda: xxhash.xxh3_128(content).digest()),
        ("CRC-32", lambda: zlib.crc32(content)),
        ("SHA-256", lambda: hashlib.sha256(content).digest()),
    ):
        print(f"{name}: {len(content) / best(hash_of) / 1e9:.1f} GB/s")


def measure_shard(path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = {f"c{n:04d}": rng.normal(size=(N_FEATURES, DIM)) for n in range(N_CLIPS)}
    write_features(path, clips, DIM, "h")
    size = f"shard of {path.stat().st_size / 1e9:.2f} GB"
    first, later = best(opened(path)), best(lambda: FeatureShard(path))
    print(f"{size}: first opening {first:.3f} s, later {later:.4f} s")
    shard = FeatureShard(path)
    print(f"{size}: looking for NaN instead {best(shard.require_finite):.3f} s")


def opened(path: Path) -> Callable[[], Any]:
    def first() -> FeatureShard:
        hashing._verified.clear()
        return FeatureShard(path)

    return first


def measure_checkpoint(folder: Path) -> None:
    with torch.device("meta"):
        model = SignEncoder(SignEncoderConfig.t5_v1_1_large())
    model = model.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.02)
    model.encoder.embed_tokens.weight = model.decoder.embed_tokens.weight = model.shared.weight
    path, public = folder / "ours.pt", folder / "public.pt"
    save_sign_encoder(path, model)
    file = torch.load(path, weights_only=True, mmap=True)
    torch.save({key: value for key, value in file.items() if key != HASH}, public)
    size = f"checkpoint of {path.stat().st_size / 1e9:.2f} GB"
    print(f"{size}: hash {best(lambda: content_hash(file)):.2f} s")
    print(f"{size}: finite {best(lambda: require_finite(path, file['student'])):.2f} s")

    def checksums() -> None:
        hashing._verified.clear()
        check_checksums(public)

    print(f"{size}: checksums {best(checksums):.2f} s")
    for name, given in (("hash", path), ("checksums", public)):

        def load(given: Path = given) -> SignEncoder:
            hashing._verified.clear()
            return load_sign_encoder(given)

        print(f"{size}: loaded with {name} {best(load):.2f} s")


def best(call: Callable[[], Any], n: int = 3) -> float:
    """The least CPU seconds of some calls."""
    seconds = []
    for _ in range(n):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
