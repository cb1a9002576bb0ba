"""The inference API that feeds the complaint queue."""
