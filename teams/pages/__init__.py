"""Pages about teams. Each module is one page; none of them writes a row."""
