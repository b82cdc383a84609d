"""What wearers may ask for: accounts, requests, erasure, their own page."""
