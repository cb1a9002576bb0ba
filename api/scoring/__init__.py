"""Pictures are opened in worker processes only: one that hangs or crashes is replaced."""
