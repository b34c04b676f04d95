"""Looks for secrets in all that a build leaves on the engine."""

from __future__ import annotations

import json
from typing import Any

from docker import DockerClient


def traces(client: DockerClient, label: str, image: str, *secrets: str) -> list[str]:
    """Name what holds a secret: settings or history of an image with the label, those in between too, or a layer."""
    mine: Any = {"label": label}
    images = client.images.list(filters=mine, all=True)
    assert len(images) > 3
    told = {each.short_id: json.dumps([each.attrs, each.history()]) for each in images}
    told["a layer"] = b"".join(client.images.get(image).save()).decode("latin-1")  # each adds to the one before
    return [name for name, text in told.items() if any(secret in text for secret in secrets)]
