"""A small picture for each kind of step, as strokes in a square of 16."""

_HANDSET = "M4.2 2.5 6.4 5.4 5.2 6.9Q6.3 9.6 9.1 10.8L10.6 9.6 13.5 11.8 12 13.6Q3.6 13.2 2.4 4Z"

ICONS: dict[str, str] = {
    "play": "M2.5 6H5L9 2.8V13.2L5 10H2.5ZM11.3 5.4Q13 8 11.3 10.6M13 3.6Q15.6 8 13 12.4",
    "say": "M2.5 3H13.5V10.5H8L5 13.5V10.5H2.5ZM5.2 6.8H10.8",
    "language": "M8 2A6 6 0 1 0 8 14A6 6 0 1 0 8 2ZM2 8H14M8 2Q4.5 8 8 14M8 2Q11.5 8 8 14",
    "menu": "M3 3H6V6H3ZM10 3H13V6H10ZM3 10H6V13H3ZM10 10H13V13H10Z",
    "input": "M2 4.5H14V11.5H2ZM4.5 8H4.6M7.5 8H7.6M10.8 6.3V9.7",
    "schedule": "M8 2A6 6 0 1 0 8 14A6 6 0 1 0 8 2ZM8 4.8V8L10.4 9.8",
    "switch": "M3 14V10.5Q3 8 8 8T13 4V2.5M8 14V8M11 4.5 13 2.3 15 4.5",
    "ring": _HANDSET,
    "queue": "M3.8 4A1.6 1.6 0 1 0 3.9 4ZM8 4A1.6 1.6 0 1 0 8.1 4ZM12.2 4A1.6 1.6 0 1 0 12.3 4Z"
    "M2 13V10H5.6V13M6.2 13V10H9.8V13M10.4 13V10H14V13",
    "dial": f"{_HANDSET}M9.5 6.5 13.5 2.5M10.3 2.5H13.5V5.7",
    "voicemail": "M4.5 5.5A2.5 2.5 0 1 0 4.5 10.5A2.5 2.5 0 1 0 4.5 5.5Z"
    "M11.5 5.5A2.5 2.5 0 1 0 11.5 10.5A2.5 2.5 0 1 0 11.5 5.5ZM4.5 10.5H11.5",
    "callback": "M13 9A5 5 0 1 1 11 4.6M11.4 1.8V4.9H8.3",
    "survey": "M8 2 9.8 6 14 6.4 10.8 9.2 11.8 13.5 8 11.2 4.2 13.5 5.2 9.2 2 6.4 6.2 6Z",
    "ticket": "M3.5 2H10L12.5 4.5V14H3.5ZM5.8 6.5H10.2M5.8 9H10.2M5.8 11.5H8.4",
    "request": "M4.5 12.5A3 3 0 0 1 4.5 6.6A4 4 0 0 1 12 6.8A2.9 2.9 0 0 1 11.8 12.5Z",
    "set": "M3 6H13M3 10H13",
    "goto": "M2.5 8H13M9 4 13 8 9 12",
    "hangup": "M2 9.8Q2 6 8 6T14 9.8L11.4 10.6 10.6 8.4Q8 7.6 5.4 8.4L4.6 10.6Z",
}
# Of kinds that have none of their own.
OTHER = "M3 3H13V13H3ZM6.5 8H9.5"
WARNING = "M8 2.2 14.3 13.2H1.7ZM8 6.2V9.4M8 11.3V11.4"


def icon(kind: str) -> str:
    """SVG path data."""
    return ICONS.get(kind, OTHER)
