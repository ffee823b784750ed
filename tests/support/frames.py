"""Tables written from a frame of pandas."""

from pathlib import Path

import pandas

from sonar_sign.core.tables import write_rows


def write_table(path: Path, frame: pandas.DataFrame) -> None:
    """`write_rows` of a frame, without its index."""
    columns = [
        frame[name].astype("object").where(frame[name].notna(), None).tolist()
        for name in frame.columns
    ]
    write_rows(path, [str(name) for name in frame.columns], zip(*columns, strict=True))
