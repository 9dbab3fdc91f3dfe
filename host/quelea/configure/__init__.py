"""What people configure: fleet.toml, read, checked line by line, written by questions."""
