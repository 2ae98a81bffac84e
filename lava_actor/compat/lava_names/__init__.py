"""Names that exist only because programs written for Lava import them."""
