"""The user's Docker configuration: what of it is used, and that what cannot be used is told with a way out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from docker import DockerClient

from orchestrator.engines.docker import configuration, connect
from orchestrator.engines.docker.pull import pull, registry_fault
from orchestrator.engines.engine import PrepareError
from orchestrator.errors import PreflightError
from tests.support import engines
from tests.support.docker_config import HOSTILE, PROXY, write_config, write_context

Configure = Callable[..., Path]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write a configuration, and name its folder as a user does."""

    def write(content: object = HOSTILE) -> Path:
        folder = write_config(tmp_path / "docker", content)
        monkeypatch.setenv("DOCKER_CONFIG", str(folder))
        return folder

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return write


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"auths": ', "it is no JSON (Expecting value: line 1 column 11"),
        ("", "it is no JSON"),
        ("[]", "it is no JSON object"),
        ({"auths": ["registry.example.com"]}, "its auths is no JSON object"),
        ({"credHelpers": "desktop"}, "its credHelpers is no JSON object"),
        ({"proxies": {"default": "http://proxy:3128"}}, "its proxies are no objects of text"),
        ({"proxies": {"default": {"httpProxy": 3128}}}, "its proxies are no objects of text"),
    ],
)
def test_a_configuration_that_the_sdk_would_pass_over_is_refused(
    configure: Configure, content: object, why: str
) -> None:
    folder = configure(content)
    with pytest.raises(PreflightError) as refused:
        connect()
    assert refused.value.message.startswith(f"the Docker configuration {folder}/config.json cannot be used: {why}")
    assert "DOCKER_CONFIG" in refused.value.remedy


def test_a_configuration_that_cannot_be_read_is_refused(configure: Configure) -> None:
    path = configure() / "config.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(PreflightError, match="cannot be used: Is a directory"):
        connect()


def test_a_folder_without_the_file_is_not_replaced_by_the_one_at_home(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "empty"))
    assert configuration.read(os.environ) == {}
    write_config(tmp_path / "home" / ".docker")
    with pytest.raises(PreflightError, match=r"has no config\.json, and the Docker SDK would read .*/home/\.docker"):
        configuration.read(os.environ)


@pytest.mark.parametrize(
    "auths",
    [{"r.example": "no object"}, {"r.example": {"auth": "bm9jb2xvbg=="}}, {"r.example": {"auth": 7}}],
    ids=["no object", "no colon", "a number"],
)
def test_credentials_that_cannot_be_decoded_are_told(configure: Configure, auths: object) -> None:
    configure({"auths": auths})
    with pytest.raises(PreflightError) as refused:
        connect()
    assert "configuration or environment cannot be used" in refused.value.message


@pytest.mark.parametrize(
    "meta", ["{", "[]", '{"Name": "elsewhere"}', '{"Name": "elsewhere", "Metadata": {}, "Endpoints": {"docker": 1}}']
)
def test_a_damaged_context_is_told(configure: Configure, monkeypatch: pytest.MonkeyPatch, meta: str) -> None:
    write_context(configure(), "elsewhere", meta)
    monkeypatch.delenv("DOCKER_HOST")
    with pytest.raises(PreflightError) as refused:
        connect()
    assert refused.value.message.startswith("the CLI context elsewhere is damaged")
    assert "DOCKER_CONTEXT" in refused.value.remedy


@pytest.mark.parametrize("current", ["", None])
def test_an_empty_name_of_a_context_is_the_usual_engine(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, current: str | None
) -> None:
    configure({"currentContext": current})
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr("docker.from_env", _nobody)
    with pytest.raises(PreflightError, match="no Docker Engine answers"):
        connect()


def _nobody(**_: object) -> None:
    raise ConnectionRefusedError("Connection refused")


def test_proxies_are_those_of_the_engine_or_the_default() -> None:
    other = {"httpProxy": "http://other:1"}
    named = {"proxies": {"default": {"httpsProxy": PROXY}, "tcp://box:2375": other}}
    assert configuration.proxies(named, "tcp://box:2375") == {
        "http_proxy": "http://other:1",
        "HTTP_PROXY": "http://other:1",
    }
    assert configuration.proxies(named, "http+docker://localhost") == {"https_proxy": PROXY, "HTTPS_PROXY": PROXY}
    assert configuration.proxies({}, "http+docker://localhost") == {}


HELPERS = {
    "missing": None,
    "prints no JSON": "echo rubbish",
    "prints a list": "echo '[1]'",
    "prints half": 'echo \'{"Username": "me"}\'',
    "refuses": "echo 'the keychain is locked'; exit 1",
    "prints bytes": "printf '\\377\\376'",
}


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
@pytest.mark.parametrize("script", HELPERS.values(), ids=HELPERS)
def test_a_helper_that_gives_no_credentials_costs_the_pull_and_says_so(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, script: str | None
) -> None:
    configure({key: "odd" if key == "credsStore" else {"registry.example.com": "odd"}})
    if script is not None:
        helper = tmp_path / "docker-credential-odd"
        helper.write_text(f"#!/bin/sh\n{script}\n")
        helper.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    client = DockerClient("tcp://127.0.0.1:9", version="1.41")
    try:
        with pytest.raises(PrepareError) as refused:
            pull(client, "registry.example.com/mine:1", engines.quiet, ())
        assert str(refused.value).startswith("cannot pull registry.example.com/mine:1: no credentials could be had: ")
        assert "credsStore" in refused.value.remedy
        assert "credential" in registry_fault(client, "registry.example.com/mine:1")
    finally:
        client.close()
