"""The settings of `embed_text`; apart from `options`, which is long."""

from dataclasses import dataclass

from sonar_sign.core.options import AutoPrecision


@dataclass(frozen=True)
class TargetOptions:
    """How captions become targets."""

    precision: AutoPrecision = "auto"
