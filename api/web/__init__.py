"""Pages for people: citizens, operators, those who watch cameras, administrators."""
