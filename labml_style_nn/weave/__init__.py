"""The renderer: from an annotated module to a page of prose beside its code."""
