"""What Lightning prints besides our own lines, silenced."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Settings and hints to its own users, not to ours; real warnings are left alone.
_LOGGERS = ("lightning.pytorch", "lightning.fabric")
_WARNINGS = (
    r".*in eval mode at the start of training",  # frozen models are, on purpose
    r".*does not have many workers",
    r"It is recommended to use .*sync_dist=True",  # one process scores, and all get its scores
    r"Checkpoint directory .* exists and is not empty",
    r"Experiment logs directory .* exists and is not empty",
    r"The `srun` command is available on your system but is not used",  # jobs may well be local
    r"The number of training batches .* is smaller than the logging interval",
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep advertisements and remarks of Lightning out of a training's log."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        with warnings.catch_warnings():
            for logger in loggers:
                logger.setLevel(logging.WARNING)
            for pattern in _WARNINGS:
                warnings.filterwarnings("ignore", pattern)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
