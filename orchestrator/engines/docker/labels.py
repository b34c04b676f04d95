"""The labels of our containers, volumes and images, and the facts that an image's labels tell.

An image carries OCI's annotations as labels, and our own. They are put on last, as a layer of their own: the time and
the commit change with every build, and would make the builder do again whatever follows them. For the same reason they
are no part of the hash of the content, which names the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orchestrator.engines.docker.base_image import Base
from orchestrator.engines.engine import FOREIGN, Launch, PrepareError
from orchestrator.engines.install import locks
from orchestrator.engines.install.context import Context
from orchestrator.host.checkout import revision
from orchestrator.spec.contenders import TURNS, Contender

OWNER_LABEL = "bakeoff.owner"
OWNER_LABELS = {OWNER_LABEL: "bakeoff"}  # containers and volumes
RUN_LABEL = "bakeoff.run"
TRIAL_LABEL = "bakeoff.trial"
LEASE_LABEL = "bakeoff.lease"  # of the run folder that it belongs to
SPEC_LABEL = "bakeoff.spec"  # what runs in a container, as a hash
HELD_VOLUME_LABEL = "bakeoff.holder"  # the volume that a container was made to reach, and never started
CONTENDER_LABEL = "bakeoff.contender"
CONTENT_HASH_LABEL = "bakeoff.content"  # images
CONTRACT_LABEL = "bakeoff.contract"
LOCK_LABEL = "bakeoff.locked"
STACK_LABEL = "bakeoff.stack"  # what the other packages were held to, of an image whose are not pinned
CLAUSES_LABEL = "bakeoff.clauses"  # optional clauses of the contract that its worker keeps, in words

REPOSITORY_PREFIX = "bakeoff/"
"""What the names of our images begin with."""

KNOWN_CONTRACTS = ("1",)
"""Versions of the contract (shared/README.md) that this bakeoff speaks."""

_OCI = "org.opencontainers.image."
_BASE_ID_LABEL = "bakeoff.base.id"


def image_labels(contender: Contender, content: Context, base: Base, lock: str) -> dict[str, str]:
    """Return the labels of an image just built; `lock` is the lock's file name, "" where none covered it."""
    labels = {
        CONTENDER_LABEL: contender.written,
        CONTENT_HASH_LABEL: content.content_hash,
        LOCK_LABEL: lock or "false",
        STACK_LABEL: content.arguments.get("STACK", ""),
        CLAUSES_LABEL: " ".join(contender.clauses),
        f"{_OCI}created": datetime.now(UTC).isoformat(timespec="seconds"),
        f"{_OCI}revision": revision(),
        f"{_OCI}base.name": base.name,
        f"{_OCI}base.digest": base.digest,
        _BASE_ID_LABEL: base.id,
    }
    return {name: value for name, value in labels.items() if value}


def facts_of_image(labels: Mapping[str, str]) -> dict[str, str]:
    """Return what labels say about how an image was made, for the report."""
    lock = labels.get(LOCK_LABEL, "false")
    digest = labels.get(f"{_OCI}base.digest", "")
    base = Base(labels.get(f"{_OCI}base.name", "unknown"), labels.get(_BASE_ID_LABEL, ""), digest)
    requirements = locks.requirements_fact("" if lock == "false" else lock, labels.get(STACK_LABEL, ""))
    return {"requirements": requirements, "base image": base.description}


def facts_of_contract(image: str, config: Mapping[str, Any], *, allow_foreign: bool) -> dict[str, str]:
    """Return the image's facts for the report. PrepareError names what it lacks, and the way out."""
    if not config.get("Entrypoint"):
        raise PrepareError(f"{image} has no ENTRYPOINT: nothing says which of its programs is the worker")
    version = str((config.get("Labels") or {}).get(CONTRACT_LABEL, ""))
    if version in KNOWN_CONTRACTS:
        return {"contract": version}
    if allow_foreign:
        return {"contract": FOREIGN}
    said = f"it says {version[:40]!r}, known: {', '.join(KNOWN_CONTRACTS)}" if version else "the label is missing"
    raise PrepareError(
        f"{image} does not say that it keeps bakeoff's contract ({said}): put LABEL"
        f" {CONTRACT_LABEL}={KNOWN_CONTRACTS[-1]} into its Dockerfile once it does (shared/README.md),"
        " or run it as it is with --allow-foreign-image"
    )


def takes_turns(labels: Mapping[str, str] | None) -> bool:
    """Tell whether an image says that its worker keeps the clause "turns"."""
    return TURNS in (labels or {}).get(CLAUSES_LABEL, "").split()


def labels_of(launch: Launch) -> dict[str, str]:
    """Return what is written on everything that is made for one worker."""
    return {
        **OWNER_LABELS,
        RUN_LABEL: launch.run_id,
        TRIAL_LABEL: launch.trial_id,
        LEASE_LABEL: launch.lease,
        SPEC_LABEL: launch.spec_sha256,
        CONTENDER_LABEL: launch.prepared.contender.written,
    }
