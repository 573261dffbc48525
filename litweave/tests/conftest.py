"""What all tests share."""

from support import katex, pytest_collection_finish

__all__ = ["katex", "pytest_collection_finish"]
