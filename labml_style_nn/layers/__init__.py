r"""# Layers

One idea a file. Each page takes one piece of the MLP-Mixer, from its equation to its code.
"""
