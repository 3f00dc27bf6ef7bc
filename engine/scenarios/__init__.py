"""IVR scenarios: what a caller meets, written in YAML, checked before it goes live, run step by step."""
