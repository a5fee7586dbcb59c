"""The kinds of ops, a file each."""
