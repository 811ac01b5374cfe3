"""Data sets: their registry, CSV files, downloads, distortion, pen strokes, own pictures, and where files are kept."""
