"""What a folder holds instead of MNIST's four IDX files, so that its owner sees what bakeoff would need instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from orchestrator.data.idx import EXPECTED_FILES

LISTED = 6  # names of a folder that are shown
LOOKED_AT = 1000  # entries, so that a home folder named by mistake costs nothing

_FORMS = (
    (r"(^|/)manifest\.json$", "bakeoff's own prepared data set, which BAKEOFF_CACHE names by the folder around it"),
    (r"\.parquet$", "Parquet, as Hugging Face's ylecun/mnist has it"),
    (r"(^|/)mnist\.npz$", "NumPy's archive, as Keras downloads it"),
    (r"(^|/)(training|test)\.pt$", "PyTorch's tensors, as torchvision once processed them"),
    (r"\.pkl(\.gz)?$", "a pickle, which bakeoff does not open"),
    (r"\.csv$", "tables of text (CSV), as Kaggle has them"),
    (r"\.mat$", "MATLAB's files"),
    (r"\.(tfrecord|array_record)", "records of TensorFlow Datasets"),
    (r"\.(png|jpe?g)$", "images, one a file"),
    (r"\.(zip|tar|tgz|7z|tar\.\w+)$", "an archive, still packed"),
)
"""Pattern of a file's name and what people know it as; the first that matches."""


def describe(folder: Path) -> str:
    """Say what is in a folder that lacks some of the four files, or why nothing is. Raises OSError."""
    if not folder.exists():
        return "there is no such folder"
    if not folder.is_dir():
        return "that is a file, not a folder"
    names = _names(folder)
    if not names:
        return "the folder is empty"
    known = _known(names)
    return f"the folder holds {_listed(names)}{f': {known}' if known else ''}"


def _names(folder: Path) -> list[str]:
    """List what is in a folder and in its folders, by its path within."""
    found = [str(path.relative_to(folder)) for path in islice(folder.glob("*"), LOOKED_AT)]
    found += [str(path.relative_to(folder)) for path in islice(folder.glob("*/*"), LOOKED_AT)]
    found += [str(path.relative_to(folder)) for path in folder.glob("MNIST/raw/*")]  # torchvision's
    return sorted(found)


def _known(names: Sequence[str]) -> str:
    """Recognise the four files in an inner folder, or another form of MNIST."""
    inner = {str(Path(name).parent) for name in names if _plain_name(name) in EXPECTED_FILES}
    if whole := sorted(inner - {"."}):
        return f"IDX files lie in its folder {whole[0]}: name that one"
    return next((form for pattern, form in _FORMS if any(re.search(pattern, name) for name in names)), "")


def _plain_name(name: str) -> str:
    return Path(name).name.removesuffix(".gz").replace(".idx", "-idx")


def _listed(names: Sequence[str]) -> str:
    top = [name for name in names if "/" not in name]
    more = f" and {len(top) - LISTED} more" if len(top) > LISTED else ""
    return f"{', '.join(top[:LISTED])}{more}"
