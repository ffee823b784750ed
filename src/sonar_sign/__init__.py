"""Fine-tune SONAR's American Sign Language models and say honestly how good they are."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Translator", "__version__", "load"]

if TYPE_CHECKING:
    from sonar_sign.translation.translator import Translator, load


def __getattr__(name: str) -> object:
    # Most commands need no PyTorch, so the translator is imported when it is first asked for.
    if name in ("Translator", "load"):
        from sonar_sign.translation import translator

        return getattr(translator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
