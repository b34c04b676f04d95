"""Holds the stored pixels against torchvision's own: `python -m tests.images.torchvision_parity DATA_FOLDER`.

Runs where torchvision is installed, in the PyTorch image; the host has none. For all test
images and the first 2,000 training images, Resize, ToTensor and Normalize must give bit
for bit what the Parquet files and `shared.mnist.scale` give. Prints one JSON line and
exits with 1 where anything differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from shared import mnist

MEAN, STD = 0.1307, 0.3081
TRAIN_IMAGES = 2_000


def main(folder: Path) -> int:
    """Compare image by image and return the exit code."""
    large, small = (_images(folder, view) for view in ("28x28", "8x8"))
    whole = _differing(large, mnist.scale(large, MEAN, STD), resize=False)
    resized = _differing(large, mnist.scale(small, MEAN, STD), resize=True)
    differing = whole + resized
    answer = {"images": len(large), "equal": not differing, **({"differing": differing[:10]} if differing else {})}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if differing else 0


def _images(folder: Path, view: str) -> mnist.Bytes:
    data = mnist.load(folder, view)
    return np.concatenate([data.test_images, data.train_images[:TRAIN_IMAGES]])


def _differing(images: mnist.Bytes, ours: Any, *, resize: bool) -> list[int]:
    """Return the numbers of the images that torchvision makes otherwise; arrays are (n, height, width)."""
    from PIL import Image
    from torchvision import transforms  # in the image alone

    steps = [transforms.Resize((8, 8))] if resize else []
    theirs = transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    return [
        number
        for number, image in enumerate(images)
        if theirs(Image.fromarray(image)).numpy()[0].tobytes() != ours[number].tobytes()
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
