"""`speech_page`: a page that plays what was spoken, the sounds in it, for Snakemake's report."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path

from sonar_sign.core.files import write_text
from sonar_sign.report.spoken import SpokenClip, read_spoken

# Sounds make a page large: more than these are in the folder of the results only.
MAX_BYTES = 12_000_000


def speech_page(folders: Mapping[str, Path], output: Path) -> None:
    """Write one HTML page without scripts or other files.

    Args:
        folders: what `speak` wrote, by `SYSTEM.LANGUAGE`.

    Raises:
        UserError: see `read_spoken`.
    """
    clips = read_spoken(folders)
    left = MAX_BYTES
    parts: list[str] = []
    title = None
    for clip in clips:
        if title != (clip.system, clip.language):
            title = (clip.system, clip.language)
            parts.append(f"<h2>{escape(clip.system)}, {escape(clip.language)}</h2>")
        content = clip.wav.read_bytes() if clip.wav is not None else None
        if content is not None and len(content) > left:
            content = None
        left -= len(content or b"")
        parts.append(_figure(clip, content))
    body = "\n".join(parts) or "<p>Nothing was spoken.</p>"
    write_text(output, _PAGE.replace("{body}", body))


def _figure(clip: SpokenClip, content: bytes | None) -> str:
    language = clip.language.partition("_")[0]
    caption = (
        f'<p lang="{escape(language)}">{escape(clip.text) or "(nothing)"}</p>'
        f'<p class="quiet">{escape(clip.clip_id)}: {escape(clip.how)}</p>'
    )
    if content is not None:
        label = escape(f"{clip.clip_id}, {clip.language}", quote=True)
        data = b64encode(content).decode("ascii")
        return (
            f'<figure><audio controls preload="none" aria-label="{label}" '
            f'src="data:audio/wav;base64,{data}"></audio>'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    left_out = "" if clip.wav is None else f'<p class="quiet">The sound is in {clip.wav.name}.</p>'
    return f"<figure><figcaption>{caption}{left_out}</figcaption></figure>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Translations, spoken</title>
<style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; color-scheme: light dark }
figure { margin: 0 0 1em; display: flex; gap: 1em; align-items: center; flex-wrap: wrap }
p { margin: 0; overflow-wrap: anywhere } audio { height: 2.25rem; width: 16rem; max-width: 100% }
.quiet { font-size: 12px }
</style></head><body>
<p>The voices are synthetic. A style that nobody gave is guessed from the words, and a strength from
the hands; neither is read from the face, which in American Sign Language is grammar.</p>
{body}
</body></html>
"""
