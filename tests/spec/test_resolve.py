"""What a comparison means on a machine: device, size, recipes, each with its reason."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import PreflightError, UsageError
from orchestrator.host.gpus import Gpu
from orchestrator.host.hardware import Hardware
from orchestrator.spec import recipes
from orchestrator.spec.resolve import ResolvedSpec, heading, interpreters, resolve
from orchestrator.spec.spec import ExplainSpec, Spec
from tests.support.checks import H100

A100 = Gpu("GPU-9c2b", "NVIDIA A100", "580.65", 40 * 2**30, 1)


def settings(*gpus: Gpu, given: bool = True, cores: int = 2, **asked: Any) -> ResolvedSpec:
    return resolve(Spec(**asked), Hardware(cores, gpus, given))


def test_two_cores_without_a_gpu_are_quick_and_say_why() -> None:
    found = settings()
    assert (found.device, found.variant, found.gpu, found.profile) == ("cpu", "cpu", None, "quick")
    why = "chosen because no GPU answers and only 2 of the 8 cores it takes without one"
    assert found.profile_reason == f"{why}; whole, without a quick size: article-torch"
    assert heading(found) == f"quick size, {found.profile_reason}; full size: {found.full_size_command}"
    assert found.recipes[0].data.train.images == 6000


def test_eight_cores_are_the_articles_size() -> None:
    found = settings(cores=8)
    assert (found.profile, found.profile_reason) == ("article", "chosen because 8 cores answer")
    assert found.full_size_command is None
    assert found.recipes[0] == recipes.load("article-tf")


def test_a_gpu_is_the_articles_size_and_is_taken() -> None:
    found = settings(H100)
    assert (found.device, found.variant, found.gpu) == ("cuda", "cuda", H100)
    assert found.profile_reason == "chosen because a GPU answers (NVIDIA H100)"


def test_a_gpu_that_the_engine_cannot_give_is_not_counted_on() -> None:
    assert settings(H100, given=False).device == "cpu"


def test_the_cpu_can_be_asked_for_beside_a_gpu() -> None:
    found = settings(H100, device="cpu")
    assert (found.device, found.gpu, found.profile) == ("cpu", None, "quick")


def test_one_of_several_gpus_can_be_named() -> None:
    assert settings(H100, A100, gpu="1").gpu == A100
    assert settings(H100, A100, gpu="GPU-9c", device="cuda").gpu == A100


def test_a_driver_too_old_for_a_contenders_cuda_is_told_before_anything_starts() -> None:
    old = Gpu("GPU-1d0e", "NVIDIA T4", "550.54.14", 16 * 2**30, 0)
    with pytest.raises(PreflightError, match=r"torch==2.13.0 needs NVIDIA driver 580 or newer, its machine has 550"):
        settings(old)
    assert settings(old, contenders=("tf", "torch==2.10.0")).device == "cuda"
    assert settings(old, device="cpu").device == "cpu"


def test_a_gpu_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'7' is no GPU of this machine"):
        settings(H100, gpu="7")


@pytest.mark.parametrize("asked", [{"device": "cuda"}, {"gpu": "0"}])
def test_a_gpu_asked_for_where_there_is_none_is_never_a_silent_cpu(asked: dict[str, Any]) -> None:
    with pytest.raises(PreflightError, match="no GPU") as error:
        settings(**asked)
    assert error.value.remedy == "use --device cpu"


def test_a_gpu_that_docker_cannot_hand_on_names_the_toolkit() -> None:
    with pytest.raises(PreflightError, match="cannot hand it to a container") as error:
        settings(H100, given=False, device="cuda")
    assert "NVIDIA Container Toolkit" in error.value.remedy


def test_a_variant_can_be_asked_for_by_itself() -> None:
    assert settings(H100, variant="cpu").variant == "cpu"


def test_a_profile_asked_for_is_taken() -> None:
    whole, quick = settings(profile="article"), settings(H100, profile="quick", recipes=("article-tf",))
    assert heading(whole) == "full size, --profile article"
    assert (quick.profile, quick.profile_reason) == ("quick", "--profile quick")


@pytest.mark.parametrize("asked", [{}, {"profile": "quick"}])
def test_a_recipe_without_a_quick_size_runs_whole_and_is_called_so(asked: dict[str, Any]) -> None:
    found = settings(recipes=("article-torch",), **asked)
    assert (found.profile, found.full_size_command) == ("article", None)
    assert heading(found) == "full size, no recipe here has a smaller one"
    assert found.pin("docker").profile == "quick", "what was chosen holds for a later host too"


def test_an_option_that_gives_the_recipes_own_size_is_the_full_size() -> None:
    found = settings(cores=8, epochs=5)
    assert (found.profile, found.full_size_command) == ("article", None)


@pytest.mark.parametrize(
    ("recipe", "rest"),
    [
        ("article-torch", "full size, no recipe here has a smaller one"),
        ("article-tf", "quick size, --profile quick"),
    ],
)
def test_the_rest_of_an_own_size_is_what_is_run(recipe: str, rest: str) -> None:
    found = settings(recipes=(recipe,), epochs=1, profile="quick")
    assert heading(found).startswith(f"custom size, given with the command; the rest is {rest}; full size: ")


def test_a_quick_run_names_the_command_for_the_full_size() -> None:
    assert settings(seeds=3).full_size_command == "bakeoff compare tf torch --seeds 3 --profile article"


def test_an_own_size_is_custom_and_the_full_size_drops_it() -> None:
    found = settings(epochs=1, train_images=320, batch_size=32, seeds=2)
    assert found.profile == "custom"
    assert found.full_size_command == "bakeoff compare tf torch --seeds 2 --profile article"
    assert [recipe.training.epochs for recipe in found.recipes] == [1, 1]
    assert [recipe.data.train.images for recipe in found.recipes] == [320, 320]
    assert [recipe.training.batch_size for recipe in found.recipes] == [32, 32]


def test_threads_are_the_cores_unless_asked_for() -> None:
    assert settings(cores=6).threads == 6
    assert settings(cores=6, threads=2).threads == 2


@pytest.mark.parametrize("contenders", [("torch", "torch"), ("torch", "tf", "torch==2.13.0")])
def test_a_contender_named_twice_is_a_usage_error(contenders: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"torch==2\.13\.0 is named twice") as error:
        settings(contenders=contenders)
    assert "--runs" in error.value.remedy


def test_two_images_need_two_names() -> None:
    with pytest.raises(UsageError, match="mine is named twice") as error:
        settings(contenders=("mine@me/worker:1", "mine@me/worker:2"))
    assert "NAME@IMAGE" in error.value.remedy
    assert len(settings(contenders=("old@me/worker:1", "new@me/worker:2")).contenders) == 2


def test_two_recipe_files_of_one_name_are_a_usage_error(tmp_path: Path) -> None:
    text = (recipes.FOLDER / "article-torch.toml").read_text().replace("article-torch", "mine")
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="recipe mine is named twice"):
        settings(recipes=(str(tmp_path / "a.toml"), str(tmp_path / "b.toml")))


def test_an_unknown_contender_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown contender 'jax'") as error:
        settings(contenders=("jax",))
    assert error.value.remedy == "known contenders: tf, torch"


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no recipe 'articel-tf'") as error:
        settings(recipes=("articel-tf",))
    assert "did you mean article-tf?" in error.value.remedy
    assert "article-torch" in error.value.remedy


def test_one_interpreter_serves_all_and_a_named_one_its_contender() -> None:
    contenders = settings().contenders
    python = Path(sys.executable)
    assert interpreters(Spec(python=(sys.executable,)), contenders) == {"tf": python, "torch": python}
    assert interpreters(Spec(python=(f"torch={sys.executable}",)), contenders) == {"torch": python}


@pytest.mark.parametrize("texts", [("torch={0}", "torch={0}"), ("{0}", "tf={0}"), ("{0}", "{0}")])
def test_a_second_interpreter_for_a_contender_is_a_usage_error(texts: tuple[str, str]) -> None:
    named = tuple(text.format(sys.executable) for text in texts)
    with pytest.raises(UsageError, match=r"has .* already"):
        interpreters(Spec(python=named), settings().contenders)


def test_an_interpreter_that_is_no_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a file"):
        interpreters(Spec(python=(f"torch={tmp_path}",)), settings().contenders)


def test_an_interpreter_of_a_contender_that_does_not_run_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="jax is not compared") as error:
        interpreters(Spec(python=(f"jax={sys.executable}",)), settings().contenders)
    assert error.value.remedy == "contenders: tf, torch"


def test_both_ends_of_a_walk_may_share_a_contender_and_a_recipe() -> None:
    spec = ExplainSpec(contenders=("tf", "tf"), recipes=("article-tf", "article-torch"))
    resolved = resolve(spec, Hardware(2))
    assert [contender.name for contender in resolved.contenders] == ["tf"]
    assert [recipe.name for recipe in resolved.recipes] == ["article-tf", "article-torch"]
    assert resolved.spec is spec


def test_a_comparison_that_names_a_contender_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"the contender tf==2\.21\.0 is named twice"):
        resolve(Spec(contenders=("tf", "tf")), Hardware(2))


@pytest.mark.parametrize("asked", ["torch", "torch==2.13.0"])
def test_a_reference_is_named_as_its_contender_or_by_its_name_where_that_is_one(asked: str) -> None:
    resolved = resolve(Spec(reference=asked), Hardware(2))
    assert resolved.reference.written == "torch==2.13.0"
    assert [each.name for each in resolved.contenders] == ["tf", "torch"]
    assert resolved.pin("docker").reference == "torch==2.13.0"


def test_a_prefix_is_resolved_once_and_pinned_exactly() -> None:
    resolved = resolve(Spec(contenders=("tf==2.20", "tf==2.19"), reference="tf==2.19"), Hardware(2))
    assert resolved.reference.written == "tf==2.19.1"
    assert resolved.pin("docker").contenders == ("tf==2.20.0", "tf==2.19.1")


def test_without_a_wish_the_first_contender_is_the_reference() -> None:
    assert resolve(Spec(), Hardware(2)).reference.name == "tf"


def test_a_reference_that_is_not_compared_lists_the_contenders() -> None:
    with pytest.raises(UsageError, match="--reference jax is not compared") as refused:
        resolve(Spec(reference="jax"), Hardware(2))
    assert refused.value.remedy == "name one of the contenders: tf==2.21.0, torch==2.13.0"


def test_a_reference_that_names_two_contenders_is_refused() -> None:
    both = Spec(contenders=("torch==2.13.0", "torch==2.14.1"), reference="torch")
    with pytest.raises(UsageError, match="--reference torch names 2 contenders"):
        resolve(both, Hardware(2))
    assert resolve(both.replace(reference="torch==2.14.1"), Hardware(2)).reference.written == "torch==2.14.1"
