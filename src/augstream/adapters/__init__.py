"""Batches in the types of a framework. Importing this imports none of them."""
