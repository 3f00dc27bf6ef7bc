"""What rings and looks after callers while the engine is away. It needs neither database nor engine."""

from engine.settings import Settings


def main(settings: Settings) -> int:
    """The process `fallback`, in the foreground until SIGTERM or SIGINT. Returns the exit code."""
    # Imported here, so that the AGI server's forks stay small.
    from engine.fallback.process import main as run

    return run(settings)
