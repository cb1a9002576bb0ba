"""Pictures that prove a finding: drawn, blurred, read."""
