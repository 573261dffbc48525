r"""# In the browser

A Mixer that trains in the reader's browser.
"""
