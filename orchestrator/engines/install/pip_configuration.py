"""The user's configuration of pip, as far as it says where packages come from: what of it reaches an image's build.

The process engine's pip reads all of it by itself. A build gets these options and a file of certificates; what else
would change what is installed is named as not used. Credentials in it are secrets: `argument` is the one way in
(docs/decisions/6-pip-configuration.md).
"""

from __future__ import annotations

import base64
import configparser
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from orchestrator.engines.engine import PrepareError

ARGUMENT = "FTP_PROXY"
"""A predefined build argument, of which builders keep no trace, and which nothing in a build uses."""
CERTIFICATES = "images/pip-cert.pem"  # in the build context; certificates are public
_MARK = "bakeoff-pip:"  # images/pip-config.sh knows it

_ADDRESSES = ("index-url", "extra-index-url", "find-links")
_REACHING = (*_ADDRESSES, "trusted-host", "proxy", "no-index", "timeout", "default-timeout")
_OF_NO_EFFECT = (
    *("cache-dir", "no-cache-dir", "disable-pip-version-check", "no-python-version-warning", "root-user-action"),
    *("no-input", "no-color", "quiet", "verbose", "progress-bar", "log", "retries", "require-virtualenv", "version"),
    *("break-system-packages", "user", "target", "prefix", "src", "format", "keyring-provider"),
)
"""Of how pip works or looks, or of where it installs, which is settled here."""


@dataclass(frozen=True)
class PipConfiguration:
    """What the user has set, by the long names of pip's options."""

    options: Mapping[str, str]  # those that reach a build
    certificates: Path | None = None
    unused: tuple[str, ...] = ()  # those that do not

    @property
    def argument(self) -> dict[str, str]:
        """Return the build argument that carries the options, as lines for a shell; empty where there is none."""
        values = {**self.options, **({"cert": "/build/pip-cert.pem"} if self.certificates else {})}
        lines = [f"export PIP_{name.upper().replace('-', '_')}={shlex.quote(value)}" for name, value in values.items()]
        return {ARGUMENT: _MARK + base64.b64encode("\n".join(lines).encode()).decode()} if lines else {}

    @property
    def files(self) -> dict[str, Path]:
        """Return what the build context holds of it."""
        return {CERTIFICATES: self.certificates} if self.certificates else {}


def read(environment: Mapping[str, str] = os.environ) -> PipConfiguration:
    """Read pip's files and variables as pip does. PrepareError where that fails, or a build cannot follow them."""
    found = {**_from_files(environment), **_from_variables(environment)}
    options, unused = dict[str, str](), list[str]()
    for name, value in found.items():
        if name in _ADDRESSES:
            near = [each for each in value.split() if _is_local(each)]
            if near and name == "index-url":
                raise PrepareError(
                    f"pip's index-url is {value}, a place on this machine that no build of an image reaches",
                    "put wheels into images/<name>/wheelhouse/ and set PIP_INDEX_URL to an index, or --engine process",
                )
            unused += [f"{name} {each}" for each in near]
            options[name] = " ".join(each for each in value.split() if each not in near)
        elif name in _REACHING:
            options[name] = " ".join(value.split())
        elif name not in (*_OF_NO_EFFECT, "cert"):
            unused.append(name)
    if "client-cert" in found:
        raise PrepareError(
            "pip's client-cert holds a private key, which no build gets", "unset it, or --engine process"
        )
    kept = {name: value for name, value in options.items() if value}
    return PipConfiguration(kept, _certificates(found), tuple(unused))


def _certificates(found: Mapping[str, str]) -> Path | None:
    if not (named := found.get("cert")):
        return None
    path = Path(named).expanduser()
    if not path.is_file() or not os.access(path, os.R_OK):
        raise PrepareError(f"pip's cert is {named}, and no file to be read is there", "correct PIP_CERT or pip's cert")
    return path


def _is_local(address: str) -> bool:
    return address.startswith("file:") or "://" not in address


def _from_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what PIP_… say: pip passes an empty one over."""
    named = {
        name[4:].lower().replace("_", "-"): value for name, value in environment.items() if name.startswith("PIP_")
    }
    return {name: value for name, value in named.items() if value and name != "config-file"}


def _from_files(environment: Mapping[str, str]) -> dict[str, str]:
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for path in _files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, configparser.Error) as error:
            raise PrepareError(f"pip's configuration {path} cannot be read: {error}", "correct it") from error
        for name, known in sections.items():
            if parser.has_section(name):
                known.update({key.replace("_", "-"): value for key, value in parser.items(name) if value})
    return {**sections["global"], **sections["install"]}


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's files that are there, in the order in which a later one wins."""
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    home = Path(environment.get("HOME") or Path.home())
    user = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    if sys.platform == "darwin" and (mac := platformdirs.user_config_path("pip")).is_dir():
        user = mac / "pip.conf"
    sites = [Path(each) / "pip.conf" for each in platformdirs.site_config_dir("pip", multipath=True).split(os.pathsep)]
    everyone = [*reversed(sites), Path("/etc/pip.conf")]
    candidates = [
        *everyone,
        home / ".pip" / "pip.conf",
        user,
        Path(sys.prefix) / "pip.conf",
        *([Path(named)] if named else []),
    ]
    yield from (path for path in candidates if path.is_file())
