"""What things cost, beside the yardstick of ../shared, in one run: `python -m benchmarks`."""
