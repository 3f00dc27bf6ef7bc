"""The engine of the virtual PBX: every call, from the city number to the record of it."""
