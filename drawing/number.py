"""scratch"""
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.digit import cut_out_digit, normalise_stroke, place
from drawing.images import Grey, Image, crop
from drawing.pieces import EDGE, Line, part_line, find_areas

Floats = NDArray[np.floating]
WIDE = 1.5  # of the height: wider candidates are no digit
MIN_HEIGHT, MIN_INK = 0.25, 0.6
JOIN, JOIN_TALL, TALL = 0.3, 0.12, 0.55
MOST_PIECES = 12
CANDIDATE = (*EDGE, "joins", "gaps", "aspect", "height", "offset", "ink", "overlap")

@dataclass
class Lattice:
    line: Line
    ends: NDArray[np.int64]  # (n, 2) first piece, and the one after the last
    features: Floats  # (n, len(CANDIDATE))
    boxes: NDArray[np.int64]
    pixels: Grey
    marks: Floats


def find_lattice(ink: Grey, digit=None) -> Lattice:
    wr = find_areas(crop(ink))
    line = part_line(wr, np.arange(1, len(wr.stats)))
    work=wr.ink
    ends, boxes, features = find_candidates(line)
    pixels = np.zeros((len(ends), 784), np.uint8)
    for number, ((first, after), (left, top, right, bottom)) in enumerate(zip(ends, boxes)):
        if after - first == len(line.boxes):
            digit = normalise_stroke(cut_out_digit(ink))
        else:
            part = slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1)
            digit = normalise_stroke(crop(cv2.bitwise_and(work[part], cv2.inRange(line.parts[part], int(first) + 1, int(after)))))
        pixels[number] = place(digit).ravel()
    H, S = line.height, line.stroke
    tall = (line.boxes[:, 3] - line.boxes[:, 1]) / H
    marks = np.column_stack([np.ones(len(tall)), tall, tall**2, line.edges[:, :, 0].sum(axis=1)])
    lat = Lattice(line, ends, features, boxes, pixels, marks)
    lat.work, lat.scale, lat.origin = work, wr.scale, cv2.boundingRect(ink)[:2]
    return lat


def find_candidates(line: Line):
    H, S = line.height, line.stroke
    n = len(line.boxes)
    whole = {body: int((line.bodies == body).sum()) for body in line.bodies.tolist()}
    middle = np.average(line.boxes[:, [1, 3]].mean(axis=1), weights=line.areas)
    ends, boxes, features = [], [], []
    B, SP, BO = line.boxes.tolist(), line.spans.tolist(), line.bodies.tolist()
    before = np.maximum.accumulate(np.append(-1e9, line.spans[:, 1]))
    behind = np.minimum.accumulate(np.append(line.spans[:, 0], 1e9)[::-1])[::-1]
    for first in range(n):
        box, span, ink = list(B[first]), list(SP[first]), 0
        bodies: dict = {}
        joins, gaps, smaller = 0, 0.0, 0.0
        for last in range(first, min(n, first + MOST_PIECES)):
            b, s = B[last], SP[last]
            if last > first and BO[last] not in bodies:
                gap = np.hypot(max(0, s[0] - span[1]), max(0, b[1] - box[3], box[1] - b[3])) / H
                small = min(b[3] - b[1], box[3] - box[1]) / H
                if gap > (JOIN_TALL if small > TALL else JOIN):
                    break
                joins, gaps, smaller = 1, gaps + gap, max(smaller, small)
            bodies[BO[last]] = bodies.get(BO[last], 0) + 1
            box = [min(box[0], b[0]), min(box[1], b[1]), max(box[2], b[2]), max(box[3], b[3])]
            span = [min(span[0], s[0]), max(span[1], s[1])]
            ink += line.areas[last]
            width, height = span[1] - span[0], box[3] - box[1]
            complete = len(bodies) == 1 and whole[BO[last]] == bodies[BO[last]]
            if width > WIDE * max(H, height) and not complete:
                break
            if max(box[2] - box[0], height) < MIN_HEIGHT * H or (ink < MIN_INK * H * S and not complete):
                continue
            edge = _outer_edges(line, first, last, bodies, whole)
            aspect = np.clip(np.log(max(width, 1) / max(height, 1)), -2.5, 1)
            features.append([*edge, joins, gaps, aspect, np.log(height / H), ((box[1] + box[3]) / 2 - middle) / H, min(ink / H / S, 8), sum(min(max(o, 0) / max(width, 1), 1) for o in (before[first] - span[0], span[1] - behind[last + 1]))])
            ends.append((first, last + 1))
            boxes.append(box)
    return np.array(ends).reshape(-1, 2), np.array(boxes).reshape(-1, 4), np.array(features, float).reshape(len(ends), -1)


def _outer_edges(line, first, last, bodies, whole):
    total = np.zeros(len(EDGE))
    for body in bodies:
        if bodies[body] == whole[body]:
            continue
        inside = [k for k in range(first, last + 1) if line.bodies[k] == body]
        total = total + line.edges[inside[0], 0] + line.edges[inside[-1], 1]
    return total
