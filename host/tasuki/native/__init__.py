"""The C core, as NumPy sees it; nothing outside this folder imports tasuki._native."""
