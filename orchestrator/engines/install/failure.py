"""Why an installation failed: what pip, uv and the builder print → the cause, and a remedy of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.engine import PrepareError
from orchestrator.host.credentials import without_credentials
from orchestrator.spec.contenders import Contender, offered_contenders

Failed = Callable[[Sequence[str], str], PrepareError]
"""Makes the error of a failed installation from its log, and from what is known where the log says nothing."""

LOGS = "logs"  # a folder of the cache
TAIL_LINES = 8
KEPT_LINES = 50_000
_LINE_LENGTH = 240


@dataclass(frozen=True)
class Cause:
    """One kind of failure, by what is printed."""

    name: str
    pattern: re.Pattern[str]
    remedy: str


def _cause(name: str, pattern: str, remedy: str) -> Cause:
    return Cause(name, re.compile(pattern), remedy)


NO_VERSION = _cause("no such version", r"No matching distribution found|there is no version of ", "")
CAUSES = (
    _cause(
        "the disk is full",
        r"No space left on device|Disk quota exceeded",
        "free space where images or environments are kept: `bakeoff doctor` says how much is there",
    ),
    _cause(
        "the kernel killed it, most likely for want of memory",
        r"non-zero code: 137|exit code: 137|^(pip|venv|uv) ended with (137|-9)$|^Killed$",
        "give the engine more memory, or end what else takes it",
    ),
    _cause(
        "a package is not the one that the lock or the index promises",
        r"DO NOT MATCH THE HASHES",
        "remove a wheel of another build from the wheelhouse, or ask whoever keeps the index",
    ),
    _cause(
        "the index cannot give the packages of a day",
        r"does not provide upload-time metadata|satisfies the requirement pip>=26 \(from versions: (?!none\))",
        "--stack as-released needs an index with pip 26 that tells when each file was uploaded (PEP 700), as PyPI does:"
        " name one in PIP_INDEX_URL, or leave --stack out",
    ),
    _cause(
        "the proxy refuses",
        r"ProxyError|Tunnel connection failed|[Pp]roxy authorization required|tunnel error",
        "correct HTTPS_PROXY, user and password in it too, or `proxies` in Docker's config.json",
    ),
    _cause(
        "TLS: the certificate is not trusted",
        r"CERTIFICATE_VERIFY_FAILED|SSLError|invalid peer certificate|problem confirming the ssl certificate",
        "name the file of your authority's certificates: PIP_CERT=FILE, or `cert` in pip's configuration",
    ),
    _cause(
        "the index wants other credentials",
        r"\b40[137] (?:Client Error|Unauthorized|Forbidden|Error)|returned a 403 Forbidden|^User for \S+:",
        "give user and password in the index's address, PIP_INDEX_URL (or index-url in pip's configuration);"
        " a build has neither ~/.netrc nor a keyring",
    ),
    _cause(
        "a name cannot be resolved: no network, or no such host",
        r"Name or service not known|[Nn]ame resolution|NameResolutionError|nodename nor servname|dns error",
        "see that the engine's machine has a network, and that PIP_INDEX_URL and HTTPS_PROXY name hosts that it knows",
    ),
    _cause(
        "an index over http is not trusted",
        r"is not a trusted or secure host and is being ignored",
        "use https, or trust it: PIP_TRUSTED_HOST=HOST",
    ),
    _cause(
        "the index cannot be reached",
        r"NewConnectionError|ConnectTimeout|ReadTimeout|[Cc]onnection refused|[Cc]onnection reset|unreachable|timed out"
        r"|too many 50\d error|50\d (?:Server Error|Service|Bad|Gateway)|error sending request|connection broken by",
        "see that the engine's machine reaches it (in a build, localhost is the build's own container);"
        " where no index can be had, put wheels into images/<name>/wheelhouse/",
    ),
    _cause(
        "the index has no such package",
        r"\b404 Client Error|was not found in the package registry",
        "see that PIP_INDEX_URL is the index itself (most end in /simple) and that it has the package",
    ),
)
_WHATEVER_IS_OFFERED = CAUSES[:4]  # these come first, whatever versions an index has
_OFFERED_OTHERS = re.compile(r"\(from versions: (?!none\))")
_AWAY = re.compile(r"Could not fetch URL (?!.*\b404 Client Error)")  # an index beside pip's own may lack a package
_OBJECT = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>(: )?")
_FILLER = re.compile(r"^.*connection broken by |^ERROR: |^error: |^\s*cause: |^\d{4}-[\d-]+T[\d:,]+ ")
_FETCH = re.compile(r"^Could not fetch URL (\S+): (?:.*\(Caused by (.*)\)|(.*?)(?: for url: \S+)?)(?: - skipping)?$")
_ERROR = re.compile(r"^ERROR: .+")
_NOISE = re.compile(r"To update, run|A new release of pip|WARNING: ")


def find_cause(lines: Sequence[str]) -> tuple[Cause, str] | None:
    """Return the cause and the line that tells it; None for words that are not known.

    pip says that it found no version also where it reached no index, and lists what a wheelhouse has: other versions
    prove it where every index answered.
    """
    away = any(map(_AWAY.search, lines))
    refused = "" if away else next(filter(_OFFERED_OTHERS.search, reversed(lines)), "")
    for cause in _WHATEVER_IS_OFFERED if refused else CAUSES:
        if line := next(filter(cause.pattern.search, reversed(lines)), ""):
            return cause, line
    line = refused or next(filter(NO_VERSION.pattern.search, reversed(lines)), "")
    return (NO_VERSION, line) if line else None


def told(lines: Sequence[str], fallback: str, contender: Contender, images: Path, logs: Path | None) -> PrepareError:
    """Make the error of a failed installation; `logs` is the folder that takes its whole log.

    `fallback` is what is known where the lines say nothing.
    """
    cleaned = [without_credentials(line.rstrip()) for line in lines if line.strip()]
    found = find_cause([*cleaned, fallback])
    message = f"{found[0].name}: {_words(found[1])}" if found else _unknown(cleaned, fallback)
    remedy = found[0].remedy if found else ""
    if found and found[0] is NO_VERSION:
        offered = offered_contenders(images)[contender.name].versions
        remedy = f"versions of {contender.name} offered: {', '.join(offered)}"
    path = _keep(logs, contender.slug, cleaned)
    tail = tuple(line[:_LINE_LENGTH] for line in cleaned[-TAIL_LINES:])
    return PrepareError(f"{message} (log: {path})" if path else message, remedy, tail)


def _words(line: str) -> str:
    """Take out what a person need not read; pip wraps the reason in what it was doing."""
    plain = _FILLER.sub("", _OBJECT.sub("", line)).strip()
    return _FETCH.sub(r"\1: \2\3", plain)[:_LINE_LENGTH]


def _unknown(lines: Sequence[str], fallback: str) -> str:
    """Tell pip's own reasons, else the last words."""
    reasons = [line.removeprefix("ERROR: ") for line in lines if _ERROR.match(line)]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    kept = [line.strip() for line in lines[-5:] if not _NOISE.search(line)]
    return f"{fallback}: {' | '.join(kept)}" if kept else fallback


def _keep(logs: Path | None, name: str, lines: Sequence[str]) -> Path | None:
    """Write a log where the cache takes it."""
    if logs is None or not lines:
        return None
    path = logs / f"{name}.log"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path
