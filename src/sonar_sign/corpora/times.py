"""Times in annotations: seconds, or hours, minutes and seconds."""

import re

from sonar_sign.core.numbers import parse_number

# As SRT, WebVTT and OpenASL write them; hours may be left out.
_CLOCK = re.compile(r" *(-?)(?:(\d{1,4}):)?(\d\d?):(\d\d?)(?:[.,](\d{1,9}))? *", re.ASCII)


def parse_time(text: str) -> float | None:
    """Seconds of a text such as `62.5`, `01:02.5` or `00:01:02,500`; None of anything else."""
    found = _CLOCK.fullmatch(text) if ":" in text else None
    if found is None:
        return parse_number(text.strip(" "))
    sign, hours, minutes, seconds, fraction = found.groups()
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    # Thousandths are added as whole numbers, so that 00:00:01.100 is the number that 1.1 is.
    digits = fraction or "0"
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    value = (whole * 10 ** len(digits) + int(digits)) / 10 ** len(digits)
    return -value if sign else value


def times_of(start: str, end: str) -> tuple[float | None, float | None] | str:
    """Start and end in seconds, None where there is none; or what is wrong with one of them."""
    found = []
    for text in (start, end):
        seconds = parse_time(text) if text.strip() else None
        if text.strip() and seconds is None:
            return f"{text[:80]!r} is no time in seconds, nor HH:MM:SS.mmm"
        found.append(seconds)
    return found[0], found[1]


def rate_of(text: str) -> float | None:
    """Frames per second, from 1 to 240; None of anything else."""
    rate = parse_number(text.strip())
    return rate if rate is not None and 1 <= rate <= 240 else None
