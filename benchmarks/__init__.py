"""What augstream costs beside its peers, and how good its images are: `make bench`, `python -m benchmarks --help`."""
