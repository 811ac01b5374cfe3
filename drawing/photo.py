"""The ink of a photo: what is darker than the paper around it, without shadows, ruled lines and the table."""

from typing import Any

import cv2
import numpy as np

from drawing.images import Grey, Image, NoInk, shrink

PHOTO_SIDE = 800  # larger photos are shrunk to this: quicker, less noise, ballpoint lines survive


def find_photo_ink(picture: Grey) -> Grey:
    """Return the ink of a photo: what is darker than the paper around it (or lighter, on a blackboard)."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    grey = cv2.GaussianBlur(shrink(grey, PHOTO_SIDE), (3, 3), 0)
    paper = _estimate_paper(grey)
    contrast = _measure_contrast(grey, paper)
    darkest, lightest = np.percentile(contrast, [99.7, 0.3])
    if -lightest > 1.5 * darkest:
        grey, contrast, paper = 255 - grey, -contrast, 255 - paper
    noise = max(6 * float(np.median(np.abs(contrast))), 0.08)  # about four standard deviations
    contrast = np.maximum(contrast, 0)
    for _ in range(2):  # rows, then columns
        contrast = np.ascontiguousarray(_remove_ruled_rows(contrast).T)
    values = contrast[contrast > noise]  # (n,)
    if len(values) < 20:
        raise NoInk
    # Otsu parts the ink from what is weaker; its edges, down to half, belong to it where they touch it.
    high = cv2.threshold((values * 255).astype(np.uint8)[None], 0, 255, cv2.THRESH_OTSU)[0] / 255
    low = max(0.5 * high, noise)
    writing = _find_writing(contrast, low, high)
    strong = writing & (contrast > high)
    inside = _find_insides(grey, strong, float(np.median(paper[strong])))
    level = float(np.median(contrast[strong]))
    ink = np.clip((contrast - low / 2) / (level - low / 2), 0, 1) * 255
    ink = np.where(inside, 255, ink).astype(np.uint8)
    return ink * cv2.dilate((writing | inside).astype(np.uint8), np.ones((3, 3), np.uint8))


def _estimate_paper(grey: Grey) -> Grey:
    """Return the paper without the ink: the median over a quarter of the side, which keeps the edges of shadows."""
    small = shrink(grey, PHOTO_SIDE // 2)
    paper = cv2.medianBlur(small, max(small.shape) // 8 * 2 + 1)
    return cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _measure_contrast(grey: Grey, paper: Grey) -> Grey:
    """Return the part of the light that the ink takes away, -1...1: the same in the light and in a shadow."""
    brighter = np.maximum(np.maximum(grey, paper), 16).astype(np.float32)
    return (paper.astype(np.float32) - grey) / brighter


def _remove_ruled_rows(contrast: Grey) -> Grey:
    """Return the contrast without what runs along a whole row: ruled lines, which may lean; a stroke is shorter."""
    if min(contrast.shape) < 32:
        return contrast
    faint = (np.minimum(contrast, 0.15) * (255 / 0.15)).astype(np.uint8)  # lines count as much as ink
    half = shrink(faint, max(faint.shape) // 2)
    slope = max(np.arange(-0.16, 0.161, 0.008), key=lambda slope: _measure_row_spread(half, slope))
    slope = max(slope + np.arange(-0.008, 0.0081, 0.002), key=lambda slope: _measure_row_spread(faint, slope))
    level = cv2.dilate(_shear(contrast, slope), np.ones((5, 1), np.uint8))  # 5: paper is not quite flat
    parts = [np.median(part, axis=1) for part in np.array_split(level, 8, axis=1)]  # 8 x (height,)
    line = np.sort(parts, axis=0)[1]  # (height,): in all parts but one, where the table may be
    lines = np.repeat(line[:, None], contrast.shape[1], axis=1)
    return np.maximum(contrast - _shear(lines, -slope), 0)


def _shear(image: Any, slope: float) -> Any:
    """Return the picture with each column moved down by `slope` pixels more than the one before it."""
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * image.shape[1] / 2]])
    return cv2.warpAffine(image, matrix, image.shape[::-1])


def _measure_row_spread(image: Any, slope: float) -> float:
    """Return how much the rows differ after shearing: most where the ruled lines are level."""
    return float(cv2.reduce(_shear(image, slope), 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).std())


def _find_writing(contrast: Grey, low: float, high: float) -> Image:
    """Return where somebody wrote, as bool: areas above low that reach high, no dots, off the border, sharp edges."""
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


def _find_insides(grey: Grey, strong: Image, paper: float) -> Image:
    """Return, as bool, areas as dark as the ink they touch: insides of thick strokes, which were taken for paper."""
    ink = float(np.median(grey[strong]))
    dark = grey < ink + 0.3 * (paper - ink)
    count, labels = cv2.connectedComponents(dark.astype(np.uint8))
    touched = np.isin(np.arange(count), labels[strong & dark])
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touched[edge] = False
    touched[0] = False
    return touched[labels]
