"""CSV by itself: damaged files, regular blocks, places of cells, cells for spreadsheets."""
