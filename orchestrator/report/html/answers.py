"""The section on the test images: those that tell contenders apart, as pictures, and a confusion matrix a cell."""

from __future__ import annotations

import base64
import io

from PIL import Image, ImageOps

from orchestrator.analyse.image_answers import Confusion, ImageAnswer, ShownImage
from orchestrator.analyse.summary import Summary
from orchestrator.report.html.blocks import Block, Paragraph, Picture, Pictures, Section, Table

_PICTURES = (
    "The first done trial of each contender answered these. Shown are images that contenders answer differently while "
    "all are sure, and images with the surest wrong answers; ✓ marks a right answer, the percentage is the "
    "probability that the network gives its own."
)
_MATRICES = (
    "A row is the digit that an image shows, a column what the trial answered; right answers lie on the diagonal."
)


def section(summary: Summary) -> Section:
    """Return pictures and matrices; empty of a walk, and where the data set was not there to be read."""
    recipes = dict.fromkeys(image.recipe for image in summary.shown_images)
    pictures = [_pictures(recipe, summary.shown_images) for recipe in recipes]
    matrices = list(map(_matrix, summary.confusions))
    told: list[Block] = [Paragraph(_PICTURES), *pictures] if pictures else []
    told += [Paragraph(_MATRICES), *matrices] if matrices else []
    return Section("answers", "Test images", tuple(told))


def _pictures(recipe: str, images: tuple[ShownImage, ...]) -> Block:
    shown = tuple(_picture(image) for image in images if image.recipe == recipe)
    return Pictures(f"{recipe}: images that tell contenders apart", shown)


def _picture(image: ShownImage) -> Picture:
    title = f"{'An' if image.label == 8 else 'A'} {image.label} (test image {image.number:,}), {image.kind}"
    answers = (_answer(answer, image.label) for answer in image.answers)
    return Picture(png(image), f"A handwritten {image.label}, test image {image.number:,}", (title, *answers))


def _answer(answer: ImageAnswer, label: int) -> str:
    mark = "✓" if answer.digit == label else "✗"
    return f"{mark} {answer.digit}, {100 * answer.probability:.0f} %: {answer.contender}"


def png(image: ShownImage) -> str:
    """Return an image as PNG in base64, dark on white."""
    pixels = Image.frombytes("L", (image.side, image.side), base64.b64decode(image.pixels))
    file = io.BytesIO()
    ImageOps.invert(pixels).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _matrix(found: Confusion) -> Table:
    rows = tuple((str(digit), *map(str, row)) for digit, row in enumerate(found.counts))
    heads = ("digit", *(f"as {digit}" for digit in range(10)))
    return Table(f"Answers of {found.trial}", heads, rows, left=1, folded=True)
