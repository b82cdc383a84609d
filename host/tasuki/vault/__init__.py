"""Keys of wearers and of the service, and what is encrypted under them."""
