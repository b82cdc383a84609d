"""What a person typed in about themselves (category 1), and remarks on what a garment measured."""
