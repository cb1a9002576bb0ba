"""Photos: kept by their content, served blurred."""
