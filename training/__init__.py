"""From labelled photos to a model bundle: export, evaluate, calibrate, promote."""
