"""Keys, rate limits, headers, and the size of what is let in."""
