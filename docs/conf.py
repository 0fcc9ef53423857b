# The documentation as HTML: scripts/docs. Sphinx with MyST, because it reads Markdown as the forge does (CommonMark), checks links and their
# anchors, and fills the navigation by patterns, so that a new page needs no line here.
from sphinx.util.matching import patfilter

project = "SNAC-Pack"
copyright = "the authors of SNAC-Pack; Apache-2.0"
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = []
html_theme = "furo"
html_title = "SNAC-Pack"
html_show_sphinx = False
html_copy_source = False
highlight_language = "none"


def leave_out_empty_patterns(app, name, source):
    """Sphinx warns of patterns without a page; here they are folders whose pages come from elsewhere."""
    if name == "index":
        lines = source[0].split("\n")
        source[0] = "\n".join(line for line in lines if not line.endswith("/*") or patfilter(app.env.found_docs, line.strip()))


def setup(app):
    app.connect("source-read", leave_out_empty_patterns)
