"""What augstream costs beside its peers, and how good its pictures are: `make bench`, `python -m benchmarks --help`."""
