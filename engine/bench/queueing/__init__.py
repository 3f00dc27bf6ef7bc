"""An evening in a queue: callers who do not wait for ever, and operators who talk with them."""
