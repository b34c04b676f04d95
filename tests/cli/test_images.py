"""`bakeoff images`: what can go wrong with a lock."""

from __future__ import annotations

from tests.support.cli import Bakeoff


def test_a_lock_without_uv_is_exit_code_3_and_says_how_to_get_it(bakeoff: Bakeoff) -> None:
    answer = bakeoff("images", "lock", "tf", "--uv", "nowhere/uv")
    assert (answer.code, answer.out) == (3, "")
    assert "nowhere/uv cannot be run: No such file or directory" in answer.err
    assert "pip install uv" in answer.err


def test_a_lock_of_what_is_no_contender_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("images", "lock", "jax").code == 2
    assert bakeoff("images", "lock", "torch", "--variant", "tpu").code == 2
