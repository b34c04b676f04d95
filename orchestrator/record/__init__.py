"""What happened, on disk: the record of a trial, the verdict on its end, and the files of a run folder."""
