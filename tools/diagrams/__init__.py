"""Draw what the pages show as pictures: SVG, written when the pages are generated."""
