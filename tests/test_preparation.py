"""What somebody who draws, scans or photographs a digit can rely on."""

import gzip
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from drawing.preparation import DrawingError, NoInk, decode, place, prepare, steps

RNG = np.random.default_rng(1)


def two(side=280, width=18, size=1.0, at=(0.5, 0.5)):
    """A 2 in light ink on 0, (side, side): its centre is at, its height about 0.6 * size of the side.

    Its width is not near half a pixel of the 28, where the smallest change would round it the other way.
    """
    points = np.array([(-0.5, -0.6), (-0.3, -1), (0.2, -1), (0.5, -0.6), (0.3, -0.1), (-0.5, 0.9), (0.64, 0.9)])
    points = (points * 0.3 * size + at) * side
    canvas = np.zeros((side, side), np.uint8)
    cv2.polylines(canvas, [(points * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    return canvas


def alike(a, b):
    """Correlation of two pictures of 28 x 28."""
    return np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1]


def photo_of(ink, noise=3.0, ruled=True, colour=(60, 45, 40), seed=0):
    """Light ink on 0 as a phone photo: ruled paper, a gradient, the edge of a shadow, blur and noise."""
    height, width = ink.shape
    rng = np.random.default_rng(seed)
    paper = np.full((height, width, 3), (225, 235, 238), np.float32)
    if ruled:
        for y in range(height // 16, height, height // 8):
            cv2.line(paper, (0, y), (width, y + width // 40), (215, 190, 160), 2)
    cover = ink[..., None] / np.float32(255)
    picture = paper * (1 - cover) + np.float32(colour) * cover
    light = np.tile(np.linspace(1.0, 0.75, width, dtype=np.float32)[None, :, None], (height, 1, 1))
    light[height // 2 :] *= 0.8
    picture = cv2.GaussianBlur(picture * light, (0, 0), 1.0) + rng.normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def encoded(image, kind=".png", *options):
    return cv2.imencode(kind, image, list(options))[1].tobytes()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(header, rows, *more):
    """A PNG file written by hand: header is (width, height, bit depth, colour type)."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_pixels_are_placed_as_mnist_places_them():
    pixels = prepare(two())
    ys, xs = np.nonzero(pixels)
    mass = pixels / pixels.sum()
    assert pixels.shape == (28, 28)
    assert pixels.dtype == np.uint8
    assert max(np.ptp(ys), np.ptp(xs)) + 1 == 20
    assert mass.sum(axis=1) @ np.arange(28) == pytest.approx(14, abs=0.5)
    assert mass.sum(axis=0) @ np.arange(28) == pytest.approx(14, abs=0.5)


def test_placing_averages_areas_and_keeps_the_shape():
    ink = np.zeros((50, 50), np.uint8)
    ink[5:45, 10:20] = 200  # 40 x 10 becomes 20 x 5
    pixels = place(ink)
    assert (pixels > 0).sum() == 100
    assert set(pixels[pixels > 0]) == {200}


@pytest.mark.parametrize(("at", "size"), [((0.25, 0.3), 0.6), ((0.7, 0.65), 0.8), ((0.5, 0.5), 1.4)])
def test_place_and_size_do_not_matter(at, size):
    assert alike(prepare(two(at=at, size=size)), prepare(two())) > 0.9


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((0, 0, 0), (255, 255, 255)),
        ((255, 255, 255), (0, 0, 0)),
        ((0, 0, 255), (255, 255, 255)),
        ((0, 255, 255), (255, 255, 255)),
        ((200, 60, 30), (40, 40, 40)),
        ((120, 120, 120), (160, 160, 160)),
    ],
)
def test_colours_do_not_matter(ink, paper):
    cover = two()[..., None] / 255
    image = np.rint(cover * ink + (1 - cover) * paper).astype(np.uint8)
    assert alike(prepare(image), prepare(two())) > 0.99


@pytest.mark.parametrize(
    "convert",
    [
        lambda i: i > 127,
        lambda i: i.astype(np.uint16) * 257,
        lambda i: i / 255,
        lambda i: i.astype(np.float32),
        lambda i: i.astype(np.int64),
        lambda i: i[..., None],
        lambda i: cv2.merge([i, i, i]),
        lambda i: cv2.merge([i, i, i, np.full_like(i, 255)]),
        lambda i: np.dstack([i, np.full_like(i, 255)]),
        lambda i: np.asfortranarray(i),
        lambda i: np.repeat(i, 2, axis=1)[:, ::2],
    ],
)
def test_every_kind_of_array_gives_the_same_digit(convert):
    assert alike(prepare(convert(two())), prepare(two())) > 0.99


@pytest.mark.parametrize("stroke", [(0, 0, 0), (255, 255, 255), (30, 120, 200)])
def test_a_transparent_canvas_shows_its_strokes_whatever_their_colour(stroke):
    ink = two()
    image = np.dstack([np.full((280, 280, 3), stroke, np.uint8) * (ink > 0)[..., None].astype(np.uint8), ink])
    assert alike(prepare(image), prepare(ink)) > 0.99


def test_paper_with_transparent_corners_is_still_paper():
    image = np.dstack([255 - two(size=0.7)] * 3 + [np.zeros((280, 280), np.uint8)])
    cv2.circle(image, (140, 140), 139, 0, -1)
    image[..., :3] = (255 - two(size=0.7))[..., None]
    image[..., 3] = cv2.circle(np.zeros((280, 280), np.uint8), (140, 140), 139, 255, -1)
    assert alike(prepare(image), prepare(two())) > 0.9


@pytest.mark.parametrize("width", [2, 5, 12, 40])
def test_strokes_come_to_the_width_of_mnist(width):
    def thickness(pixels):
        mask = cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR) > 127
        return 4 * cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)[mask].mean() / 8

    assert 1.7 < thickness(prepare(two(width=width))) < 3.8


@pytest.mark.parametrize("side", [280, 1000, 4000])
def test_a_line_of_one_pixel_does_not_vanish(side):
    image = np.full((side, side), 255, np.uint8)
    points = (np.array([(0.2, 0.2), (0.8, 0.2), (0.4, 0.8)]) * side).astype(np.int32)
    cv2.polylines(image, [points], False, 0, 1)
    pixels = prepare(image)
    assert pixels.max() == 255
    assert cv2.connectedComponents((pixels > 100).astype(np.uint8))[0] == 2  # paper and one stroke
    assert (pixels > 100).sum() > 50


def test_a_tiny_digit_on_a_huge_canvas_is_found():
    image = np.zeros((4096, 4096), np.uint8)
    image[3000:3280, 200:480] = two()
    assert alike(prepare(image), prepare(two())) > 0.99


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 4096), (4096, 8), (28, 28), (61, 640)])
def test_pictures_of_every_allowed_shape_are_read(height, width):
    image = np.zeros((height, width), np.uint8)
    cv2.line(image, (width // 2, 1), (width // 2, height - 2), 255, 2)
    assert prepare(image).max() > 100


def test_a_bar_is_a_one_that_stays_a_bar():
    image = np.full((280, 280), 255, np.uint8)
    image[40:240, 130:150] = 0
    ys, xs = np.nonzero(prepare(image) > 60)
    assert np.ptp(ys) + 1 == 20
    assert np.ptp(xs) + 1 <= 4


def test_ink_that_touches_the_border_stays():
    assert alike(prepare(two(size=1.4)[30:, :]), prepare(np.pad(two(size=1.4)[30:, :], 40))) > 0.99


def test_a_digit_that_fills_the_picture_is_read():
    x, y, w, h = cv2.boundingRect(two())
    tight = two()[y : y + h, x : x + w]
    assert alike(prepare(tight), prepare(two())) > 0.99
    assert alike(prepare(255 - tight), prepare(two())) > 0.99


def test_separate_strokes_stay_together_and_specks_go():
    five = np.zeros((280, 280), np.uint8)
    cv2.line(five, (110, 60), (180, 60), 255, 12)  # the bar on top, apart from the rest
    cv2.ellipse(five, (135, 160), (50, 50), 0, -110, 130, 255, 12)
    expected = prepare(five)
    assert expected[:8].max() > 100
    specks = five.copy()
    for x, y in [(15, 20), (260, 250), (30, 265), (250, 30)]:
        cv2.circle(specks, (x, y), 4, 255, -1)
    assert np.array_equal(prepare(specks), expected)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((280, 280), np.uint8),
        np.full((280, 280, 3), 255, np.uint8),
        np.full((64, 64, 3), (9, 99, 200)),
        np.zeros((280, 280, 4), np.uint8),
        np.full((280, 280, 4), 128, np.uint8),
        np.full((8, 8), 0.5),
        np.random.default_rng(0).normal(230, 2, (300, 300)).clip(0, 255).astype(np.uint8),
        photo_of(np.zeros((400, 300), np.uint8), ruled=False),
        photo_of(np.zeros((400, 300), np.uint8), noise=8),
    ],
    ids=["black", "white", "colour", "transparent", "half", "float", "grainy", "photo", "ruled photo"],
)
def test_nothing_drawn_is_no_ink(image):
    with pytest.raises(NoInk, match="no ink"):
        prepare(image)


@pytest.mark.parametrize(
    "image",
    [
        None,
        "2",
        [[1, 2], [3, 4]],
        np.zeros(784),
        np.zeros((7, 20), np.uint8),
        np.zeros((20, 4097), np.uint8),
        np.zeros((20, 20, 5), np.uint8),
        np.zeros((0, 0), np.uint8),
        np.full((20, 20), np.nan),
        np.full((20, 20), -1),
        np.full((20, 20), 256),
        np.full((20, 20), np.inf),
        np.full((20, 20), 1j),
        np.full((20, 20), "x"),
        np.zeros((20, 20), object),
    ],
)
def test_what_is_not_a_picture_is_refused(image):
    with pytest.raises(DrawingError):
        prepare(image)


@pytest.mark.parametrize("width", [4, 14, 50])
@pytest.mark.parametrize("ruled", [True, False])
def test_a_photo_gives_nearly_the_same_digit_as_the_canvas(width, ruled):
    ink = two(side=600, width=width, size=0.8)
    assert alike(prepare(photo_of(ink, ruled=ruled)), prepare(ink)) > 0.85


def test_chalk_on_a_board_is_read():
    ink = two(side=600, width=14)
    assert alike(prepare(255 - photo_of(ink, ruled=False)), prepare(ink)) > 0.85


def test_a_dark_table_beside_the_paper_is_not_ink():
    ink = two(side=600, width=14, size=0.7)
    photo = photo_of(ink)
    photo[:, :50] = 50
    photo[560:] = 60
    assert alike(prepare(photo), prepare(ink)) > 0.85


def test_a_large_photo_keeps_a_thin_stroke():
    ink = two(side=2400, width=12)
    assert alike(prepare(photo_of(ink, ruled=False)), prepare(ink)) > 0.85


def test_every_step_can_be_shown():
    for image in (two(), photo_of(two())):
        pictures = steps(image)
        assert list(pictures) == ["picture", "ink", "digit", "stroke", "pixels"]
        assert all(picture.dtype == np.uint8 and picture.size for picture in pictures.values())
        assert np.array_equal(pictures["pixels"], prepare(image))


def test_the_picture_handed_in_is_not_changed():
    for image in (two(), photo_of(two())):
        before = image.copy()
        steps(image)
        assert np.array_equal(image, before)


def test_any_array_gives_pixels_or_a_reason():
    rng = np.random.default_rng(7)
    for _ in range(150):
        height, width = rng.integers(5, 90, 2)
        shape = (height, width, *rng.choice([0, 1, 2, 3, 4], 1)) if rng.random() < 0.6 else (height, width)
        image = rng.integers(0, rng.choice([2, 20, 256]), shape).astype(rng.choice(["u1", "u2", "f4", "i8"]))
        if rng.random() < 0.5:
            image[rng.random(shape) < 0.95] = 0
        try:
            assert prepare(image).shape == (28, 28)
        except DrawingError as error:
            assert str(error)  # noqa: PT017 - it may be read, but where it is refused it has words for it


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp"])
def test_the_three_formats_are_decoded(kind):
    assert alike(prepare(decode(encoded(cv2.merge([two()] * 3), kind))), prepare(two())) > 0.98


@pytest.mark.parametrize(
    "file",
    [
        encoded(two().astype(np.uint16) * 257),
        encoded(cv2.merge([two()] * 4)),
        encoded(cv2.merge([two()] * 4), ".webp"),
        png(
            (280, 280, 8, 3),
            b"".join(b"\0" + bytes(row > 127) for row in two()),
            chunk(b"PLTE", bytes([255, 255, 255, 200, 0, 0])),
        ),
        png((280, 280, 8, 4), b"".join(b"\0" + np.dstack([0 * row, row]).tobytes() for row in two())),
    ],
    ids=["16 bits", "alpha", "WebP with alpha", "palette", "grey and alpha"],
)
def test_special_kinds_of_files_are_decoded(file):
    assert alike(prepare(decode(file)), prepare(two())) > 0.98


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp"])
def test_a_picture_held_sideways_is_turned_upright(kind):
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6
    sideways = cv2.rotate(cv2.merge([two()[:, 40:240]] * 3), cv2.ROTATE_90_COUNTERCLOCKWISE)
    file = cv2.imencodeWithMetadata(kind, sideways, [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8)])[
        1
    ].tobytes()
    assert decode(file).shape[:2] == (280, 200)
    assert alike(prepare(decode(file)), prepare(two())) > 0.98


@pytest.mark.parametrize("side", [7, 4097, 60_000, 2**31 - 1])
def test_a_wrong_size_is_refused_before_decoding(side, monkeypatch):
    monkeypatch.setattr(drawing.preparation.cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    jpeg = bytearray(encoded(two(), ".jpg"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 200, min(side, 65_000))
    webp = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (min(side, 2**24) - 1).to_bytes(3, "little") * 2
    for file in (png((side, side, 8, 0), b""), bytes(jpeg), webp):
        with pytest.raises(DrawingError, match="pixels"):
            decode(file)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7",
        b"<svg width='280' height='280'></svg>",
        b"BM" + bytes(60),
        "seven".encode("utf-16"),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\0" * 9,
        b"RIFF\0\0\0\0WEBP",
        encoded(two(), ".bmp"),
        encoded(two(), ".tiff"),
        png((20, 20, 8, 0), b"")[:-20],
        png((20, 20, 9, 7), b"x"),
    ],
)
def test_other_files_are_refused(file):
    with pytest.raises(DrawingError, match=r"PNG, JPEG or WebP|damaged|pixels"):
        decode(file)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp"])
def test_damaged_files_are_refused_or_read_but_never_crash(kind, capfd):
    file = encoded(photo_of(two(side=64, width=5)), kind)
    for end in range(0, len(file) - 3, 97):
        with pytest.raises(DrawingError):
            decode(file[:end])
    for _ in range(100):
        broken = bytearray(file)
        broken[RNG.integers(len(file))] = RNG.integers(256)
        try:
            prepare(decode(bytes(broken)))
        except DrawingError as error:
            assert str(error)  # noqa: PT017 - it may be read, but where it is refused it has words for it
    assert "WARN" not in capfd.readouterr().err


@pytest.mark.skipif("DIGITS_MIRROR" not in os.environ, reason="DIGITS_MIRROR names no folder with MNIST")
def test_mnist_digits_come_back_as_they_were():
    file = Path(os.environ["DIGITS_MIRROR"]) / "mnist" / "t10k-images-idx3-ubyte.gz"
    digits = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)[:300]
    placed = np.array([alike(place(digit), digit) for digit in digits])
    prepared = np.array([alike(prepare(cv2.resize(digit, (280, 280))), digit) for digit in digits])
    assert (placed > 0.999).mean() > 0.95
    assert np.median(prepared) > 0.95  # thin and thick strokes come nearer to the middle
