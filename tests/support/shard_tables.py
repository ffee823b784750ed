"""Tables of one shard, as `shard` writes them."""

import pandas as pd
from frames import write_table

from sonar_sign.corpora.shard import COLUMNS


def write_shard(path, *rows):
    write_table(path, pd.DataFrame(rows, columns=list(COLUMNS), dtype="str"))
    return path


def shard_row(clip_id, source, start_s, n_frames, fps="24.000000"):
    end_s = float(start_s) + n_frames / float(fps)
    return (clip_id, source, start_s, f"{end_s:.4f}", str(n_frames), fps)
