"""Other systems are told of events by signed requests (webhooks, F42), by the worker process."""
