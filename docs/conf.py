"""How the documentation is built: Sphinx with MyST, and reference pages made from the code."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from shadowgate import __version__

project = "ShadowGate"
author = "The ShadowGate developers"
copyright = "2026, The ShadowGate developers"
version = release = __version__

extensions = ["myst_parser", "reference_from_code"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated", "_ext"]

html_theme = "furo"
html_title = f"ShadowGate {__version__}"
html_copy_source = False
