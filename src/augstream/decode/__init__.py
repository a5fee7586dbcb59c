"""From bytes to what is known of an image, and to its pixels where the core does not decode it."""
