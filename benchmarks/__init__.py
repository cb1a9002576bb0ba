"""Speed and memory, measured; nothing here is asserted by a test."""
