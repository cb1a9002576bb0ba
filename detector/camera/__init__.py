"""Frames of fixed cameras: streams, what deserves the model, and incidents."""
