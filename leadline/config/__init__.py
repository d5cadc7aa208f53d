"""The typed shape of a project folder and its loader.

Only the environment is loaded with the package; the loader and the shapes are imported from
their modules, for the command line starts fast.
"""

from leadline.config.environment import Environment, enter_home, read_environment

__all__ = ["Environment", "enter_home", "read_environment"]
