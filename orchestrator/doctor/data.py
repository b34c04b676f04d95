"""Whether MNIST is prepared and whole, or where it would come from."""

from __future__ import annotations

from pathlib import Path

from orchestrator.data import dataset, sources
from orchestrator.data.dataset import Dataset
from orchestrator.engines.check import Check, State, refused
from orchestrator.errors import PreflightError
from orchestrator.values import Say

_WHY = "every contender must train on the same pixels, checked by SHA-256"


def prepared(folder: Path, ready: Dataset | None, idx: Path | None) -> Check:
    """Say where the data set is, or which sources would be tried in which order."""
    origins = ", then ".join(source.name for source in sources.choose_sources(idx))
    state, text, fix = State.OK, f"prepared in {folder}, hashes right, from {ready.source if ready else ''}", ""
    if ready is None and (folder / dataset.MANIFEST).exists():
        state, text = State.WARNING, f"{folder} is damaged, and would be made anew from {origins}"
        fix = "`bakeoff data` makes it now"
    elif ready is None:
        state, text = State.WARNING, f"not prepared; a comparison would fetch it from {origins}"
        fix = "`bakeoff data` fetches it now and says whether a source answers; --idx DIR names files of your own"
    return Check(id="data", title="MNIST", state=state, found=text, why=_WHY, fix=fix)


def named(idx: Path, say: Say) -> Check:
    """Read and verify the files that the user named, as a comparison would."""
    name, title = "data.named", "MNIST as named"
    try:
        sources.fetch_named(idx, say)
    except PreflightError as error:
        return refused(name, title, _WHY, error)
    return Check(id=name, title=title, state=State.OK, found=f"the four files in {idx} are verified", why=_WHY)
