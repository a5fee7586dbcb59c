"""Pictures of sources, loaders and batches: contact sheets, and what a notebook shows."""
