"""The section on the test images: pictures that are the data set's, with every answer, and confusion matrices."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from orchestrator.analyse.image_answers import Confusion, ImageAnswer, ShownImage
from orchestrator.analyse.summary import Summary
from orchestrator.report.html import page
from orchestrator.report.html.answers import png, section
from tests.support.html import parsed
from tests.support.summaries import TF, TORCH, crossover

PIXELS = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


def image(**changes: Any) -> ShownImage:
    fields: dict[str, Any] = {
        "recipe": "article-torch",
        "number": 1234,
        "label": 4,
        "kind": "answered differently",
        "side": 8,
        "pixels": base64.b64encode(PIXELS.tobytes()).decode(),
        "answers": (
            ImageAnswer(contender=TF, digit=4, probability=0.81),
            ImageAnswer(contender=TORCH, digit=9, probability=0.976),
        ),
    }
    return ShownImage(**{**fields, **changes})


def answered(*images: ShownImage, contender: str = TF) -> Summary:
    counts = tuple(tuple(100 if row == column else row for column in range(10)) for row in range(10))
    matrix = Confusion(trial="tf-2.21.0.article-torch.s1", contender=contender, recipe="article-torch", counts=counts)
    return crossover().replace(shown_images=images, confusions=(matrix,))


def test_a_picture_is_the_image_dark_on_white() -> None:
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(png(image())))))
    assert (drawn == 255 - PIXELS).all()


def test_a_picture_stands_in_the_page_with_its_label_and_every_answer() -> None:
    elements = parsed(page.render(answered(image())))
    shown = [each.attributes for each in elements if each.name == "img"]
    assert [each["alt"] for each in shown] == ["A handwritten 4, test image 1,234"]
    assert shown[0]["src"] == f"data:image/png;base64,{png(image())}"
    lines = [each.text for each in elements if each.name == "span"]
    assert lines == [
        "A 4 (test image 1,234), answered differently",
        f"✓ 4, 81 %: {TF}",
        f"✗ 9, 98 %: {TORCH}",
    ]
    assert "An 8 (test image 5)" in page.render(answered(image(label=8, number=5)))


def test_a_confusion_matrix_has_a_row_a_digit_and_stands_folded() -> None:
    elements = parsed(page.render(answered()))
    told = next(each for each in elements if each.name == "table" and "Answers of tf-2.21.0" in each.text)
    assert told.text.split()[-11:] == ["9", *["9"] * 9, "100"]
    assert any(each.name == "details" and "Answers of tf-2.21.0" in each.text for each in elements)


def test_a_run_without_the_data_set_has_no_such_section() -> None:
    assert section(crossover()).blocks == ()


def test_hostile_words_of_a_contender_are_text() -> None:
    hostile = ImageAnswer(contender='"><script>\u202ex', digit=1, probability=0.5)
    text = page.render(answered(image(answers=(hostile,), recipe="<b>r")))
    assert "&gt;&lt;script&gt;x" in text
    assert "<b>r" not in text
