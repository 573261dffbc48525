r"""# Models

Whole networks, composed of the [layers](../layers/index.md).
"""
