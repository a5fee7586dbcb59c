"""Threads, locks and work done ahead."""
