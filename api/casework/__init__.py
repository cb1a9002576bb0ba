"""What people and platforms do with cases."""
