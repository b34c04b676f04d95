"""The smallest recipe that trains: one dense layer, for tests that need a recipe and not what it computes."""

from __future__ import annotations

from shared.recipe import Data, Dense, Flatten, Initial, Recipe, Sgd, Slice, Training


def dense(
    name: str, training: Training, train: Slice, validation: Slice, *, title: str = "one dense layer", **changes: str
) -> Recipe:
    """Return one dense layer on the 8x8 view with these slices; `changes` are fields of its `Initial`."""
    return Recipe(
        name=name,
        title=title,
        data=Data("8x8", 0.0, 1.0, train, validation),
        layers=[Flatten(), Dense(10)],
        training=training,
        initial=Initial("glorot_uniform", **changes),  # type: ignore[arg-type]  # a literal
        optimizer=Sgd(0.01),
    )
