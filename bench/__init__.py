"""What segkit costs, measured against peers and bounds: `python -m bench`."""
