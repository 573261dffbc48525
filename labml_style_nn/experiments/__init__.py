r"""# Experiments

Training runs that anybody can repeat. Each is a page, and each is a command.
"""
