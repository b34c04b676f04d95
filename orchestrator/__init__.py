"""bakeoff's host: spec → plan → run → stream → record → analyse → report.

    spec      what was asked for, resolved on this machine      plan      which trials, in which order
    run       one worker after another                          stream    bytes → events, read as hostile
    record    what happened, on disk                            analyse   numbers with intervals
    report    console, Markdown, figures, Parquet               pipeline  the line itself, in one function

    engines   what starts workers: docker, process, scripted    audit     the float64 reference
    data      MNIST                                             host      machine and GPUs
    doctor    what must be in place                             progress  what is seen meanwhile
    cli       options in, exit code out                         runtime   what a comparison finds around it

Each package may import only what stands further right; those between bars never import each other:
cli → pipeline → doctor | run → runtime | progress | report → analyse | text → record → audit | engines → plan
→ stream | data | spec → host → values | errors. `make lint` holds the code to it.
"""
