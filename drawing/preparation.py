"""A drawing, a scan or a phone photo becomes 28 x 28 pixels as MNIST made them.

The ink is found, specks and ruled lines are removed, the stroke is brought to the width that MNIST has,
the longer side is fitted to 20 pixels and the centre of mass is moved to pixel (14, 14). Files from strangers
are checked before they are decoded. Scaling the pixels to network inputs is left to data/mnist.py.
"""

import struct
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]  # (height, width) or (height, width, channels), in OpenCV's order: B, G, R, alpha
Grey = npt.NDArray[Any]  # (height, width)

MIN_SIDE, MAX_SIDE = 8, 4096  # what is accepted, in pixels
SIDE, BOX, CENTRE = 28, 20, 14  # MNIST: the picture, the box of the digit, the pixel of the centre of mass
STROKE_WIDTHS = (2.2, 3.2)  # in pixels of the 28; half of MNIST has 2.0...2.8, nine in ten 1.6...3.8
WORK_SIDES = 64, 128  # longer side of a digit, at least and below, while its pieces and its stroke are looked at
PHOTO_SIDE = 800  # larger photos are shrunk to this: quicker, less noise, ballpoint lines survive
LARGE = 2048 * 2048  # pixels; a larger picture of any kind is halved before anything else
DAMAGED = "the picture file is damaged or incomplete; save the picture again and send it again"
FAINT = 12  # of 255; what differs less from the paper is not ink

# OpenCV reports broken files on stderr; decode() says it in its own words.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # OpenCV 4, OpenCV 5
_set_log_level(0)


class DrawingError(ValueError):
    """A picture that cannot be used. The message tells a person what to do."""


class NoInk(DrawingError):  # noqa: N818 - it is an answer, and what servers and pages call it
    """Nothing is drawn, so there is no digit to ask the network about."""

    def __init__(self) -> None:
        super().__init__("no ink: nothing is drawn here; draw one digit, dark on light or light on dark")


def prepare(image: Image) -> Grey:
    """Return the digit on a picture as (28, 28) uint8 pixels, light ink on 0; takes and raises what `steps` does."""
    return steps(image)["pixels"]


def steps(image: Image) -> dict[str, Image]:
    """Return every step from a picture to its pixels, by name and in order.

    image: (height, width) or (height, width, 1...4), 8...4096 pixels a side; bool, integers 0...255, uint16,
        or floats 0...1 or 0...255; two channels are grey and alpha, four are B, G, R and alpha.
    Returns "picture" (without transparency), "ink" (light on 0), "digit" (cut out, without specks), "stroke"
    (brought to MNIST's width) and "pixels" (28, 28), all uint8. Large pictures are shrunk on the way.
    Raises NoInk where nothing is drawn, DrawingError for anything that is not such a picture.
    """
    image = _as_uint8(image)
    picture = _opaque(image if image.shape[0] * image.shape[1] <= LARGE else _halved(image))  # (height, width[, 3])
    distance = _distance_from_paper(picture)  # (height, width)
    ink = _canvas_ink(distance) if _is_flat(distance) else _photo_ink(picture)  # (height, width)
    digit = _digit(ink)
    stroke = _normalised_stroke(digit)
    return {"picture": picture, "ink": ink, "digit": digit, "stroke": stroke, "pixels": place(stroke)}


def place(ink: Image) -> Grey:
    """Place ink, (height, width) from 0 to 255 and light on 0, on (28, 28) pixels the way MNIST did.

    The longer side of all that is not 0 becomes 20 by area averaging; a move by whole pixels then brings the
    centre of mass to (14, 14), as far as the digit stays on the picture. Raises NoInk if all is 0.
    """
    tight = _tight(ink).astype(np.float32)
    if not tight.size:
        raise NoInk
    factor = BOX / max(tight.shape)
    height, width = (max(1, round(side * factor)) for side in tight.shape)
    small = cv2.resize(tight, (width, height), interpolation=cv2.INTER_AREA)  # one side is 20
    mass = max(float(small.sum()), 1e-9)
    top = round(CENTRE - float(small.sum(axis=1) @ np.arange(height)) / mass)
    left = round(CENTRE - float(small.sum(axis=0) @ np.arange(width)) / mass)
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    pixels = np.zeros((SIDE, SIDE), np.uint8)  # (28, 28)
    pixels[top : top + height, left : left + width] = np.rint(small)
    return pixels


def shrunk(picture: Image, side: int) -> Image:
    """Return `picture` with its longer side brought to `side` by area averaging; smaller ones stay as they are."""
    factor = side / max(picture.shape[:2])
    size = [max(1, round(n * factor)) for n in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture


# ---- a file becomes an array


def decode(data: bytes) -> Image:
    """Return the picture in a PNG, JPEG or WebP file, upright: (height, width) or (height, width, 3 or 4).

    The size is read from the header before anything is decoded: a small file can hold a huge picture.
    Raises DrawingError for any other format, for a wrong size and for a damaged file.
    """
    try:
        kind, width, height = _header(data)
    except (struct.error, IndexError) as error:
        raise DrawingError(DAMAGED) from error
    _check_size(height, width)
    if kind == "PNG":
        data = _plain_png(data)
    elif kind == "WebP" and len(data) < 8 + struct.unpack_from("<I", data, 4)[0]:
        raise DrawingError(DAMAGED)
    buffer = np.frombuffer(data, np.uint8)
    try:
        image = None if kind == "JPEG" else cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
        # Only this way does OpenCV turn a phone photo upright (EXIF), but it drops transparency.
        if kind == "JPEG" or (image is not None and image.shape[2:] != (4,) and b"EXIF" in data.upper()):
            image = cv2.imdecode(buffer, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        image = None
    if image is None:
        raise DrawingError(DAMAGED)
    return image


def _header(data: bytes) -> tuple[str, int, int]:
    """Return format, width and height as the file states them."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
        return "PNG", *struct.unpack_from(">II", data, 16)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        if data[12:16] == b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
            return "WebP", width, height
        if data[12:16] == b"VP8L":
            bits = struct.unpack_from("<I", data, 21)[0]
            return "WebP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        width, height = struct.unpack_from("<HH", data, 26)
        return "WebP", width & 0x3FFF, height & 0x3FFF
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG", *_jpeg_size(data)
    raise DrawingError("this is not a PNG, JPEG or WebP picture; save the drawing as one of these")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == 0xFFFF:  # padding
            at += 1
        elif 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):  # start of frame
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        elif marker < 0xFFC0 or marker == 0xFFDA:  # the picture itself begins and its size has not come
            raise IndexError
        else:
            at += 2 + length


def _plain_png(data: bytes) -> bytes:
    """Return the PNG with only what the picture needs, after its checksums are verified.

    Damage is found here, and colour profiles never reach libpng, because it writes about both to stderr.
    """
    chunks, at = [data[:8]], 8
    while chunks[-1][4:8] != b"IEND":
        length = int.from_bytes(data[at : at + 4], "big")
        chunk = data[at : at + 12 + length]
        if len(chunk) < 12 + length or zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise DrawingError(DAMAGED)
        if chunk[4:8] in (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"):
            chunks.append(chunk)
        at += len(chunk)
    return b"".join(chunks)


def _check_size(height: int, width: int) -> None:
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise DrawingError(
            f"the picture is {width} x {height} pixels; send one from {MIN_SIDE} x {MIN_SIDE} "
            f"to {MAX_SIDE} x {MAX_SIDE}"
        )


# ---- the picture


def _as_uint8(image: Image) -> Grey:
    """Return the picture with values 0...255, with one, three or four channels."""
    shape = image.shape if isinstance(image, np.ndarray) else ()
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (2,), (3,), (4,)):
        raise DrawingError(
            "a picture is an array (height, width) or (height, width, 1 to 4 channels); "
            f"got {shape or type(image).__name__}"
        )
    _check_size(*image.shape[:2])
    if image.dtype == np.bool_:
        image = image * np.uint8(255)
    elif image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        if image.dtype.kind not in "iuf" or not (image.min() >= 0 and image.max() <= 255):  # NaN fails too
            raise DrawingError("pixels are numbers 0...255 or 0...1 (or 0...65535 as uint16)")
        unit = image.dtype.kind == "f" and image.max() <= 1
        image = np.rint(image * (255.0 if unit else 1.0)).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    elif image.ndim == 3 and image.shape[2] == 2:
        image = image[:, :, [0, 0, 0, 1]]
    return np.ascontiguousarray(image)


def _opaque(image: Grey) -> Grey:
    """Return the picture without transparency, (height, width) or (height, width, 3)."""
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    colours, alpha = np.ascontiguousarray(image[:, :, :3]), image[:, :, 3]
    if alpha.max() == 0:
        raise NoInk
    if alpha.min() == alpha.max():
        return colours
    visible = colours[alpha > 0.9 * alpha.max()]  # (n, 3), without the edges of strokes
    if np.ptp(visible, axis=0).max() < 64:
        return np.ascontiguousarray(alpha)  # strokes of one colour on a transparent canvas: alpha is the ink
    share = alpha[:, :, None] / np.float32(255)  # (height, width, 1)
    return (colours * share + np.median(visible, axis=0) * (1 - share)).astype(np.uint8)


def _halved(image: Image) -> Image:
    """Return the means of all squares of 2 x 2 pixels."""
    height, width = image.shape[:2]
    even = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return cv2.resize(even, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)


# ---- the ink


def _distance_from_paper(picture: Grey) -> Grey:
    """Return how far each pixel is from the colour of the border, in the channel that differs most."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])  # (n,) or (n, 3)
    paper = np.zeros(4)  # OpenCV's scalar
    paper[: picture[0, 0].size] = np.sort(border, axis=0)[len(border) // 2]  # the median
    distance = cv2.absdiff(picture, paper)
    if distance.ndim == 2:
        return distance
    blue, green, red = cv2.split(distance)
    return cv2.max(cv2.max(blue, green), red)


def _is_flat(distance: Grey) -> bool:
    """Tell whether the paper has one colour, as on a canvas or a clean scan: the ink can be taken as it is."""
    peak = cv2.minMaxLoc(_halved(distance))[1]  # averaged: one noisy pixel is not ink
    if peak < FAINT:
        raise NoInk
    distance = _sampled(distance)
    if cv2.countNonZero(cv2.inRange(distance, 5, 255)) > 0.75 * distance.size:
        return False
    reach = np.ones(2 * [max(distance.shape) // 20 * 2 + 1], np.uint8)
    away = cv2.bitwise_not(cv2.dilate(cv2.inRange(distance, peak / 2, 255), reach))
    weak = cv2.inRange(distance, 5, peak / 2)  # neither paper nor ink: edges of strokes, or shadow, or noise
    if cv2.countNonZero(away) < 0.1 * away.size:  # a digit fills the picture, or noise does
        return cv2.countNonZero(weak) <= 0.2 * weak.size
    return cv2.countNonZero(cv2.bitwise_and(weak, away)) <= 0.05 * cv2.countNonZero(away)


def _canvas_ink(distance: Grey) -> Grey:
    """Return the ink of a canvas, its antialiased edges kept grey; its own colour becomes 255."""
    sample = _sampled(distance)
    values = np.sort(sample[sample >= FAINT])  # (n,), may be empty for a line of one pixel
    level = values[len(values) * 9 // 10] if len(values) else cv2.minMaxLoc(distance)[1]
    ink = cv2.convertScaleAbs(distance, alpha=255 / level)
    return cv2.threshold(ink, 20, 0, cv2.THRESH_TOZERO)[1]


def _sampled(grey: Grey) -> Grey:
    """Return evenly spread pixels of a picture, as noisy as they were: enough to count on."""
    step = max(grey.shape) // WORK_SIDES[1] + 1
    return np.ascontiguousarray(grey[::step, ::step])


def _photo_ink(picture: Grey) -> Grey:
    """Return the ink of a photo: what is darker than the paper around it (or lighter, on a blackboard)."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    grey = cv2.GaussianBlur(shrunk(grey, PHOTO_SIDE), (3, 3), 0)
    paper = _local_paper(grey)
    contrast = _contrast(grey, paper)
    darkest, lightest = np.percentile(contrast, [99.7, 0.3])
    if -lightest > 1.5 * darkest:
        grey, contrast, paper = 255 - grey, -contrast, 255 - paper
    noise = max(6 * float(np.median(np.abs(contrast))), 0.08)  # about four standard deviations
    contrast = np.maximum(contrast, 0)
    for _ in range(2):  # rows, then columns
        contrast = np.ascontiguousarray(_without_ruled_rows(contrast).T)
    values = contrast[contrast > noise]  # (n,)
    if len(values) < 20:
        raise NoInk
    # Otsu parts the ink from what is weaker; its edges, down to half, belong to it where they touch it.
    high = cv2.threshold((values * 255).astype(np.uint8)[None], 0, 255, cv2.THRESH_OTSU)[0] / 255
    low = max(0.5 * high, noise)
    kept = _written(contrast, low, high)
    sure = kept & (contrast > high)
    whole = _filled(grey, sure, float(np.median(paper[sure])))
    level = float(np.median(contrast[sure]))
    ink = np.clip((contrast - low / 2) / (level - low / 2), 0, 1) * 255
    ink = np.where(whole, 255, ink).astype(np.uint8)
    return ink * cv2.dilate((kept | whole).astype(np.uint8), np.ones((3, 3), np.uint8))


def _local_paper(grey: Grey) -> Grey:
    """Return the paper without the ink: the median over a quarter of the side, which keeps the edges of shadows."""
    small = shrunk(grey, PHOTO_SIDE // 2)
    paper = cv2.medianBlur(small, max(small.shape) // 8 * 2 + 1)
    return cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _contrast(grey: Grey, paper: Grey) -> Grey:
    """Return -1...1: the part of the light that the ink takes away, the same in the light and in a shadow."""
    brighter = np.maximum(np.maximum(grey, paper), 16).astype(np.float32)
    return (paper.astype(np.float32) - grey) / brighter


def _without_ruled_rows(contrast: Grey) -> Grey:
    """Take away what runs along a whole row: ruled lines, which may lean a little; a stroke is shorter."""
    if min(contrast.shape) < 32:
        return contrast
    faint = (np.minimum(contrast, 0.15) * (255 / 0.15)).astype(np.uint8)  # lines count as much as ink
    half = shrunk(faint, max(faint.shape) // 2)
    slope = max(np.arange(-0.16, 0.161, 0.008), key=lambda slope: _row_spread(half, slope))
    slope = max(slope + np.arange(-0.008, 0.0081, 0.002), key=lambda slope: _row_spread(faint, slope))
    level = cv2.dilate(_sheared(contrast, slope), np.ones((5, 1), np.uint8))  # 5: paper is not quite flat
    parts = [np.median(part, axis=1) for part in np.array_split(level, 8, axis=1)]  # 8 x (height,)
    line = np.sort(parts, axis=0)[1]  # (height,): in all parts but one, where the table may be
    lines = np.repeat(line[:, None], contrast.shape[1], axis=1)
    return np.maximum(contrast - _sheared(lines, -slope), 0)


def _sheared(image: Any, slope: float) -> Any:
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * image.shape[1] / 2]])
    return cv2.warpAffine(image, matrix, image.shape[::-1])


def _row_spread(image: Any, slope: float) -> float:
    """Return how much the rows differ after shearing: most where the ruled lines are level."""
    return float(cv2.reduce(_sheared(image, slope), 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).std())


def _written(contrast: Grey, low: float, high: float) -> Image:
    """Tell where somebody wrote: areas above low that reach high, no dots, off the border, with sharp edges."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((contrast > low).astype(np.uint8))
    left, top, width, height, _ = stats.T  # (count,) each; area 0 is the paper
    keep = np.isin(np.arange(count), labels[contrast > high]) & (np.arange(count) > 0)
    keep &= np.maximum(width, height) >= max(6, 0.02 * max(contrast.shape))
    inner = keep & (left > 0) & (top > 0)
    inner &= (left + width < contrast.shape[1]) & (top + height < contrast.shape[0])
    keep = inner if inner.any() else keep
    if not keep.any():
        raise NoInk
    edges = cv2.Sobel(contrast, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(contrast, cv2.CV_32F, 0, 1) ** 2
    sharpness = np.bincount(labels.ravel(), edges.ravel(), count) * keep  # a shadow's edge is long but soft
    return (sharpness > 0.1 * sharpness.max())[labels]


def _filled(grey: Grey, sure: Image, paper: float) -> Image:
    """Find areas as dark as the ink they touch: the inside of a thick stroke, which the median took for paper."""
    ink = float(np.median(grey[sure]))
    dark = grey < ink + 0.3 * (paper - ink)
    count, labels = cv2.connectedComponents(dark.astype(np.uint8))
    touched = np.isin(np.arange(count), labels[sure & dark])
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touched[edge] = False
    touched[0] = False
    return touched[labels]


# ---- the digit


def _digit(ink: Grey) -> Grey:
    """Return the digit alone, cut out: the largest area, and what is near it and large enough to be a stroke."""
    for _ in range(2):  # what lay far off kept the digit small the first time
        ink = _tight(ink)
        small = _reduced(ink)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(small, 65, 255))
        if count == 1:
            raise NoInk
        keep = _parts_of_digit(stats[1:]) if count > 2 else np.array([True])
        if keep.all():
            break
        kept = cv2.dilate(np.append(False, keep)[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
        ink = ink * cv2.resize(kept, ink.shape[::-1], interpolation=cv2.INTER_NEAREST)
        small = _tight(small * kept)
    return small


def _parts_of_digit(stats: Image) -> Image:
    """Tell which of the areas, (n, 5) as OpenCV describes them, belong to the digit."""
    left, top, width, height, area = stats.T  # (n,) each
    right, bottom = left + width, top + height
    keep, before = area == area.max(), 0
    while keep.sum() > before:
        before = keep.sum()
        x0, y0, x1, y1 = left[keep].min(), top[keep].min(), right[keep].max(), bottom[keep].max()
        reach = 0.3 * max(x1 - x0, y1 - y0)
        near = (left < x1 + reach) & (right > x0 - reach) & (top < y1 + reach) & (bottom > y0 - reach)
        inside = (left >= x0) & (right <= x1) & (top >= y0) & (bottom <= y1)
        keep |= near & (area >= 0.1 * area.max()) | inside
    return keep


def _reduced(ink: Grey, widen: bool = False) -> Grey:
    """Return the ink halved until it is small enough to work on; strokes too thin to survive that are widened."""
    small = ink
    while max(small.shape) >= WORK_SIDES[1]:
        small = _halved(cv2.dilate(small, np.ones((2, 2), np.uint8)) if widen else small)
    if small is ink or widen or 2 * cv2.countNonZero(cv2.inRange(small, 128, 255)) >= cv2.countNonZero(small):
        return small
    return _reduced(ink, widen=True)


def _tight(ink: Grey) -> Grey:
    x, y, width, height = cv2.boundingRect(ink)
    return ink[y : y + height, x : x + width]


def _normalised_stroke(digit: Grey) -> Grey:
    """Return the digit itself if its stroke is as wide as MNIST's, otherwise a thicker or thinner copy of it."""
    factor = max(1.0, WORK_SIDES[0] / max(digit.shape))
    size = [max(1, round(n * factor)) for n in digit.shape[::-1]]
    work = cv2.resize(digit, size, interpolation=cv2.INTER_LINEAR) if factor > 1 else digit
    margin = max(size) // 8  # room to grow
    work = cv2.copyMakeBorder(work, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    mask = cv2.threshold(work, 127, 1, cv2.THRESH_BINARY)[1]
    if not cv2.countNonZero(mask):
        return digit
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)  # (height, width), 1 at the edge
    width = _stroke_width(cv2.mean(inside, mask)[0])
    spine = max(max(cv2.boundingRect(mask)[2:]) - width, 1.0)  # longer side of a stroke without width
    low, high = (target * spine / (BOX - target) for target in STROKE_WIDTHS)
    if width < low:
        outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
        stroke = (low - width) / 2 + 1 - outside
    elif width > high:
        locally = cv2.dilate(inside, np.ones(2 * [max(size) // 20 * 2 + 1], np.uint8))  # spares what is thin already
        stroke = inside - np.minimum(0.6 * locally, (width - high) / 2)
    else:
        return digit
    return cv2.convertScaleAbs(np.maximum(stroke, 0), alpha=255)


def _stroke_width(mean: float) -> float:
    """Return the width w of a stroke from the mean distance of its pixels to its edge, which is (w + 1)^2 / 4w."""
    half = 2 * mean - 1
    return half + max(half * half - 1, 0.0) ** 0.5
