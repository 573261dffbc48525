"""The MLP-Mixer family as annotated, tested PyTorch."""
