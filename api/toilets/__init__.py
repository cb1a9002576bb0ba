"""公厕查询: public toilets, nearest first."""
