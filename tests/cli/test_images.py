"""`bakeoff images`: what is listed and removed, and what can go wrong with a lock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.cli import images
from orchestrator.engines.built_image import BuiltImage, ImageState
from tests.support.cli import Bakeoff


class Shelf:
    """An engine that holds images and notes which are removed."""

    def __init__(self, *held: BuiltImage) -> None:
        self.held, self.removed = held, list[str]()
        self.told = 1  # 0 of an engine that does not say what images take

    def built_images(self) -> list[BuiltImage]:
        return list(self.held)

    def images_bytes(self) -> int:
        """Half of each image is layers that all share."""
        there = [image for image in self.held if image.name not in self.removed]
        return self.told * sum(image.size_bytes for image in there) // 2

    def put(self, name: str, state: ImageState, *, in_use: bool = False, hours: float = 5) -> None:
        image = BuiltImage(
            contender="torch==2.13.0",
            variant="cpu",
            name=name,
            content=f"{name}0123456789a",
            size_bytes=1_500_000_000,
            created_at=datetime.now(UTC) - timedelta(hours=hours),
            stack="pinned",
            lock="",
            state=state,
            in_use=in_use,
            remove=lambda: self.removed.append(name),
        )
        self.held = (*self.held, image)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(images, "connect_image_engine", lambda: made)
    made.put("a", "current", hours=0.01)
    made.put("b", "superseded")
    made.put("c", "superseded", in_use=True)
    made.put("d", "stale", hours=100)
    return made


@pytest.mark.usefixtures("shelf")
def test_images_are_listed_with_size_age_lock_and_state(bakeoff: Bakeoff) -> None:
    lines = [line.split() for line in bakeoff("images", "ls").out.splitlines()]
    rows = [line for line in lines if line and line[0] == "torch==2.13.0"]
    assert [row[2:4] for row in rows] == [["1.5", "GB"]] * 4
    assert [row[4:7] for row in rows] == [
        ["36", "s", "current"],
        ["5", "hours", "superseded"],
        ["5", "hours", "superseded"],
        ["4", "days", "stale"],
    ]


@pytest.mark.usefixtures("shelf")
def test_the_list_as_json_has_numbers(bakeoff: Bakeoff) -> None:
    [first, *_] = json.loads(bakeoff("images", "ls", "--json").out)["images"]
    assert (first["size_bytes"], first["state"], first["lock"], first["in_use"]) == (
        1_500_000_000,
        "current",
        None,
        False,
    )


@pytest.mark.parametrize(("more", "gone"), [((), ["b"]), (("--stale",), ["b", "d"])])
def test_what_is_superseded_is_removed_and_what_is_in_use_stays(
    bakeoff: Bakeoff, shelf: Shelf, more: tuple[str, ...], gone: list[str]
) -> None:
    answer = bakeoff("images", "prune", "--yes", *more)
    assert (answer.code, shelf.removed) == (0, gone)
    assert "c: 1.5 GB, a container uses it" in answer.out
    assert f"removed {len(gone)}, freed {0.75 * len(gone):.1f} GB; layers that other images share stay" in answer.out


def test_an_engine_that_does_not_tell_what_images_take_frees_at_most_their_size(bakeoff: Bakeoff, shelf: Shelf) -> None:
    shelf.told = 0
    assert "removed 1, freed up to 1.5 GB" in bakeoff("images", "prune", "--yes").out


def test_a_dry_run_removes_nothing(bakeoff: Bakeoff, shelf: Shelf) -> None:
    assert "b: 1.5 GB, superseded" in bakeoff("images", "prune", "--dry-run").out
    assert shelf.removed == []


def test_without_superseded_images_nothing_is_removed(bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "connect_image_engine", Shelf)
    assert bakeoff("images", "prune").out == "nothing to remove\n"


def test_a_lock_without_uv_is_exit_code_3_and_says_how_to_get_it(bakeoff: Bakeoff) -> None:
    answer = bakeoff("images", "lock", "tf", "--uv", "nowhere/uv")
    assert (answer.code, answer.out) == (3, "")
    assert "nowhere/uv cannot be run: No such file or directory" in answer.err
    assert "pip install uv" in answer.err


def test_a_lock_of_what_is_no_contender_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("images", "lock", "jax").code == 2
    assert bakeoff("images", "lock", "torch", "--variant", "tpu").code == 2
