"""Draws backgrounds and the cloth of shirts."""

from colorsys import hsv_to_rgb

import cv2
import numpy as np

Colour = tuple[int, int, int]


def hue_colour(hue: float, saturation: float, value: float) -> Colour:
    """RGB colour from hue, saturation and value, each 0 to 1."""
    red, green, blue = (round(255 * part) for part in hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def _noise(size: tuple[int, int], sigma: tuple[float, float], rng: np.random.Generator):
    """Smooth noise with unit standard deviation, (height, width) float32."""
    noise = rng.standard_normal(size).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1])
    return noise / max(float(noise.std()), 1e-6)


def studio(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """A plain studio wall, lit from above: (size, size, 3) uint8 RGB."""
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px - 0.5
    light = 1.08 - 0.55 * (x**2 + (y + 0.12) ** 2) + 0.01 * _noise(y.shape, (30, 30), rng)
    wall = hue_colour(rng.random(), rng.uniform(0.05, 0.45), rng.uniform(0.35, 0.85))
    return np.clip(light[..., None] * np.array(wall), 0, 255).astype(np.uint8)


def room(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """A cluttered room, out of focus: (size, size, 3) uint8 RGB."""
    wall = np.array(hue_colour(rng.random(), rng.uniform(0.05, 0.35), rng.uniform(0.5, 0.9)))
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    slope = rng.uniform(-0.35, 0.35, size=2)
    light = 1.0 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5)
    light += rng.uniform(0.02, 0.06) * _noise(y.shape, (3, 3), rng)
    image = np.clip(light[..., None] * wall, 0, 255).astype(np.uint8)
    kind = rng.choice(["shelves", "tiles", "planks", "window"])
    {"shelves": _shelves, "tiles": _tiles, "planks": _planks, "window": _window}[kind](image, rng)
    if kind != "shelves":
        _things(image, int(size_px * rng.uniform(0.62, 0.8)), 1.0, rng)
    blurred = cv2.GaussianBlur(image, (0, 0), size_px * rng.uniform(0.012, 0.022))
    # The camera focuses on the signer, so the background is blurred and pale.
    return np.clip(0.3 * blurred + 0.7 * wall, 0, 255).astype(np.uint8)


def _things(image: np.ndarray, floor: int, height: float, rng: np.random.Generator) -> None:
    """Draw boxes, jars and pots on a shelf at image row `floor`."""
    size = image.shape[0]
    board = tuple(int(v) for v in rng.uniform(60, 150) * np.array([1.0, 0.8, 0.6]))
    x = int(rng.uniform(-0.1, 0.05) * size)
    while x < size:
        width = int(rng.uniform(0.05, 0.16) * size)
        tall = int(rng.uniform(0.06, 0.19) * size * height)
        colour = tuple(int(v) for v in rng.uniform(30, 230, size=3))
        if rng.random() < 0.6:
            cv2.rectangle(image, (x, floor - tall), (x + width, floor), colour, -1)
            label = tuple(int(0.6 * v + 90) for v in colour)
            cv2.rectangle(image, (x + 4, floor - tall // 2), (x + width - 4, floor - 5), label, -1)
        else:
            centre = (x + width // 2, floor - tall // 2)
            cv2.ellipse(image, centre, (width // 2, tall // 2), 0, 0, 360, colour, -1)
        x += width + int(rng.uniform(0.0, 0.08) * size)
    cv2.rectangle(image, (0, floor), (size, floor + size // 40), board, -1)


def _shelves(image: np.ndarray, rng: np.random.Generator) -> None:
    for share in np.arange(rng.uniform(0.15, 0.3), 1.0, 0.27):
        _things(image, int(share * image.shape[0]), 1.0, rng)


def _tiles(image: np.ndarray, rng: np.random.Generator) -> None:
    size = image.shape[0]
    step = int(size * rng.uniform(0.07, 0.14))
    for top in range(0, size, step):
        for left in range(0, size, step):
            tile = image[top : top + step - 2, left : left + step - 2]
            tile[:] = np.clip(tile * rng.uniform(0.78, 1.1), 0, 255)


def _planks(image: np.ndarray, rng: np.random.Generator) -> None:
    size = image.shape[0]
    step = int(size * rng.uniform(0.06, 0.12))
    for left in range(0, size, step):
        grain = 1 + 0.08 * _noise((size, min(step, size - left)), (1, 25), rng)[..., None]
        plank = image[:, left : left + step]
        tone = rng.uniform(0.7, 1.05) * np.array([0.95, 0.75, 0.55])
        plank[:] = np.clip(plank * grain * tone, 0, 255)
        plank[:, -2:] = plank[:, -2:] * 0.5


def _window(image: np.ndarray, rng: np.random.Generator) -> None:
    size = image.shape[0]
    left, right = sorted(rng.uniform(0.02, 0.98, size=2) * size)
    left, right = int(left), int(max(right, left + 0.3 * size))
    bottom = int(rng.uniform(0.4, 0.6) * size)
    cv2.rectangle(image, (left, 0), (right, bottom), (216, 228, 238), -1)
    for _ in range(14):
        centre = (int(rng.uniform(left, right)), int(bottom - rng.uniform(0, 0.2) * size))
        green = tuple(int(v) for v in rng.uniform(60, 140) * np.array([0.6, 1.0, 0.5]))
        cv2.circle(image, centre, int(rng.uniform(0.02, 0.06) * size), green, -1)
    cv2.rectangle(image, (left, -9), (right, bottom), (235, 232, 225), size // 50)


def cloth(
    size: tuple[int, int],
    colour: Colour,
    pattern: str,
    accent: Colour,
    period_px: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Cloth of one colour with a pattern in another colour: (*size, 3) float32 RGB.

    Args:
        size: height and width in pixels.
        pattern: "plain", "stripes" (across), "bands" (upright) or "plaid". There are no
            dots, because dlib detects a face in four of them.
        accent: the pattern's colour.
        period_px: the pattern's period.
    """
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    share = np.zeros((height, width), np.float32)
    bend = y + 0.06 * period_px * _noise(size, (40, 25), rng)
    if pattern == "stripes":
        share = (np.mod(bend, period_px) < 0.4 * period_px).astype(np.float32)
    elif pattern == "plaid":
        share = 0.5 * (np.mod(bend, period_px) < 0.35 * period_px)
        share = share + 0.5 * (np.mod(x, period_px) < 0.35 * period_px)
    elif pattern == "bands":
        sideways = x + 0.06 * period_px * _noise(size, (25, 40), rng)
        share = (np.mod(sideways, period_px) < 0.3 * period_px).astype(np.float32)
    share = cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.8)[..., None]
    flat = np.array(colour, np.float32) * (1 - share) + np.array(accent, np.float32) * share
    folds = 1 + 0.045 * _noise(size, (9, 40), rng) + 0.03 * _noise(size, (25, 60), rng)
    return flat * folds[..., None].astype(np.float32)
