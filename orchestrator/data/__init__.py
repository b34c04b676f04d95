"""MNIST: where it comes from, its hashes, and the Parquet files that every worker reads."""
