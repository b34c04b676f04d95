"""Which of the user's pip configuration reaches a build, and how: read as pip reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install.pip_configuration import ARGUMENT, PipConfiguration, read
from tests.support.paths import ROOT

SECRET = "https://alice:s3cret@m.example/simple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without the machine's own files of pip."""
    monkeypatch.setattr("platformdirs.site_config_dir", lambda *_, **__: str(tmp_path / "site"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "prefix"))
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_files_and_variables_are_read_in_pips_order(home: Path) -> None:
    write(
        home / ".config/pip/pip.conf", "[global]\nindex-url = https://a.example\ntimeout = 7\n[install]\nno_index = 1\n"
    )
    named = write(home / "named.conf", f"[global]\nindex-url = {SECRET}\nextra-index-url =\n  https://b\n  https://c\n")
    variables = {"HOME": str(home), "PIP_CONFIG_FILE": str(named), "PIP_TIMEOUT": "9", "PIP_PROXY": ""}
    assert read(variables).options == {
        "index-url": SECRET,
        "timeout": "9",
        "no-index": "1",
        "extra-index-url": "https://b https://c",
    }


def test_the_null_device_turns_the_files_off(home: Path) -> None:
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = https://a.example\n")
    assert read({"HOME": str(home), "PIP_CONFIG_FILE": "/dev/null"}) == PipConfiguration({})


def test_what_is_on_this_machine_alone_is_named_as_not_used(home: Path) -> None:
    variables = {
        "HOME": str(home),
        "PIP_FIND_LINKS": "/opt/wheels https://wheels.example",
        "PIP_EXTRA_INDEX_URL": "file:///opt/simple",
        "PIP_CONSTRAINT": "pins.txt",
        "PIP_CACHE_DIR": "/tmp/x",
        "PIP_BREAK_SYSTEM_PACKAGES": "1",
    }
    found = read(variables)
    assert found.options == {"find-links": "https://wheels.example"}
    assert found.unused == ("find-links /opt/wheels", "extra-index-url file:///opt/simple", "constraint")


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL=file:///opt/simple", "PIP_INDEX_URL=/opt", "PIP_CLIENT_CERT=/k"])
def test_what_a_build_cannot_follow_is_refused(home: Path, variable: str) -> None:
    name, _, value = variable.partition("=")
    with pytest.raises(PrepareError) as refused:
        read({"HOME": str(home), name: value})
    assert "--engine process" in refused.value.remedy


def test_a_file_that_pip_cannot_read_is_refused(home: Path) -> None:
    write(home / ".config/pip/pip.conf", "index-url = https://a.example\n")
    with pytest.raises(PrepareError, match=r"pip\.conf cannot be read"):
        read({"HOME": str(home)})


def test_certificates_go_as_a_file_and_a_missing_one_is_refused(home: Path) -> None:
    certificates = write(home / "ca.pem", "-----BEGIN CERTIFICATE-----\n")
    found = read({"HOME": str(home), "PIP_CERT": str(certificates)})
    assert found.files == {"images/pip-cert.pem": certificates}
    assert exported(found) == {"PIP_CERT": "/build/pip-cert.pem"}
    with pytest.raises(PrepareError, match="no file to be read is there"):
        read({"HOME": str(home), "PIP_CERT": str(home / "none.pem")})


@pytest.mark.parametrize("value", [SECRET, "https://a 'b' $(touch /tmp/x) `x` \\ https://ü"])
def test_a_shell_gets_every_value_as_it_was(home: Path, value: str) -> None:
    assert exported(PipConfiguration({"index-url": value})) == {"PIP_INDEX_URL": value}


def test_without_a_configuration_there_is_no_argument_and_a_users_own_proxy_is_left_alone() -> None:
    assert PipConfiguration({}).argument == {}
    assert exported(None, "ftp://proxy:21") == {}


def exported(configuration: PipConfiguration | None, given: str = "") -> dict[str, str]:
    """Return pip's variables as images/pip-config.sh gives them, without those that it had."""
    argument = configuration.argument[ARGUMENT] if configuration else given
    script = '. "$0"; env; [ -z "${FTP_PROXY:-}" ] || echo left="$FTP_PROXY"'
    command = ["sh", "-euc", script, str(ROOT / "images" / "pip-config.sh")]
    surroundings = {"PATH": "/usr/bin:/bin", ARGUMENT: argument}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
    assert ("left=" in done.stdout) == (configuration is None)
    lines = (line.partition("=") for line in done.stdout.splitlines() if line.startswith("PIP_"))
    return {name: value for name, _, value in lines}
