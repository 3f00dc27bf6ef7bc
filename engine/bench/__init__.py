"""`vats bench`: what a call costs by plain dialplan and by the engine, measured in turns on one machine."""
