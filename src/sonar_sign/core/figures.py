"""Figures as SVG: one look, and the same bytes for the same data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sonar_sign.core.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@contextmanager
def figure(
    path: Path, *, rows: int = 1, size: tuple[float, float] = (7, 3.5)
) -> Iterator[tuple["Figure", list["Axes"]]]:
    """Yield a figure with `rows` axes, one above the other; written when the block ends well."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    # Ids in the file are drawn from this instead of at random; text stays text.
    with plt.rc_context({"svg.hashsalt": "sonar-sign", "svg.fonttype": "none"}):
        made, axes = plt.subplots(rows, figsize=size, layout="constrained", squeeze=False)
        try:
            yield made, list(axes[:, 0])
            for one in axes[:, 0]:
                one.spines[["top", "right"]].set_visible(False)
            with atomic_write(path) as temporary:
                made.savefig(temporary, format="svg", metadata={"Date": None})
        finally:
            plt.close(made)
