"""Detection: a trained network runs on samples and writes masks."""
