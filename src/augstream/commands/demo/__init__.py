"""`augstream demo`: what augmentation is worth, seen in two minutes on handwritten digits or on one's own photos."""
