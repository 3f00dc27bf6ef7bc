"""The drawing's colours, on a light and on a dark background. Paper is always light."""

FONT = (
    "'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', 'Noto Sans', 'DejaVu Sans', sans-serif"
)
MONO = "ui-monospace, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace"

# By family: band, border and ink; light, then dark.
_FAMILIES = {
    "speech": (("#e3eefc", "#9dbfe8", "#1d4f91"), ("#1d3350", "#3d649b", "#a9ccf7")),
    "choice": (("#ece6fb", "#b9a6e8", "#53389e"), ("#30264f", "#6b54ae", "#cfc0fa")),
    "condition": (("#fdf0d2", "#e3bf69", "#7a5200"), ("#43340f", "#8f6f22", "#f5d58a")),
    "people": (("#dcf3e2", "#8ccb9d", "#186332"), ("#173c24", "#3a8152", "#a0e0b4")),
    "message": (("#d9f2f2", "#85c6c7", "#0f5e61"), ("#123b3d", "#2f8083", "#98dedf")),
    "data": (("#e9ebef", "#b4bac5", "#3f4a5c"), ("#2c323d", "#5b6678", "#c5ccd9")),
    "end": (("#fbe3e1", "#e6a39d", "#94251b"), ("#46201d", "#99473f", "#f7b6af")),
}

_PLAIN = {
    # class: (property, light, dark)
    "paper": ("fill", "#ffffff", "#14171c"),
    "card": ("fill", "#ffffff", "#1e232b"),
    "strong": ("fill", "#1b2430", "#eef1f6"),
    "text": ("fill", "#3a4554", "#c9d0db"),
    "quiet": ("fill", "#687486", "#98a3b4"),
    "wrong": ("fill", "#b3261e", "#ff9d94"),
    "line": ("stroke", "#5b6778", "#97a3b5"),
    "tip": ("fill", "#5b6778", "#97a3b5"),
    "line-back": ("stroke", "#7a5fd0", "#a892f0"),
    "tip-back": ("fill", "#7a5fd0", "#a892f0"),
    "line-error": ("stroke", "#c4453b", "#ff8178"),
    "tip-error": ("fill", "#c4453b", "#ff8178"),
    "entry": ("fill", "#1b2b40", "#dfe7f3"),
    "on-entry": ("fill", "#ffffff", "#14202f"),
    "key": ("fill", "#ffffff", "#2a313c"),
    "chip": ("fill", "#f3f4f7", "#2a313c"),
    "chip-light": ("fill", "#ffffff", "#1b2027"),
    "chip-link": ("fill", "#f3f0fd", "#2b2542"),
    "chip-error": ("fill", "#fdecea", "#46201d"),
}
_BORDERS = {
    "key": ("#6d7889", "#97a2b5"),
    "chip": ("#a9b2bf", "#667287"),
    "chip-light": ("#d3d8e0", "#465064"),
    "chip-link": ("#b9a6e8", "#6b54ae"),
    "chip-error": ("#e6a39d", "#99473f"),
}

_STATIC = f"""
text {{ font-family: {FONT}; font-size: 12.5px; }}
.mono {{ font-family: {MONO}; font-size: 10.5px; }}
.heading {{ font-size: 22px; font-weight: bold; }}
.kind {{ font-size: 12px; font-weight: bold; }}
.bold {{ font-weight: bold; }}
.small {{ font-size: 11px; }}
.label {{ font-size: 11.5px; text-anchor: middle; }}
.middle {{ text-anchor: middle; }}
.right {{ text-anchor: end; }}
.line {{ fill: none; stroke-width: 1.4; }}
.dashed {{ stroke-dasharray: 5 3.5; }}
.icon {{ fill: none; stroke-width: 1.4; stroke-linejoin: round; stroke-linecap: round; }}
.border {{ fill: none; stroke-width: 1.2; }}
.faint {{ opacity: 0.5; }}
"""


def css(*, wide: bool) -> str:
    """The whole style sheet; `wide` ones are printed across. Rules are plain, for programs that know no
    variables.
    """
    dark = "\n".join(_rules(1))
    return (
        f"{_STATIC}{chr(10).join(_rules(0))}\n"
        f"@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
        f"@page {{ size: {'landscape' if wide else 'portrait'}; margin: 10mm; }}\n"
        "@media print { svg { max-width: 100%; height: auto; } }\n"
    )


def _rules(scheme: int) -> list[str]:
    rules = [f".{name} {{ {values[0]}: {values[1 + scheme]}; }}" for name, values in _PLAIN.items()]
    # Beyond the picture's edges a window shows the same ground.
    rules.append(f"svg {{ background: {_PLAIN['paper'][1 + scheme]}; }}")
    rules += [f".{name} {{ stroke: {both[scheme]}; }}" for name, both in _BORDERS.items()]
    for family, both in _FAMILIES.items():
        band, border, ink = both[scheme]
        rules.append(f".{family} .band {{ fill: {band}; }}")
        rules.append(f".{family} .border {{ stroke: {border}; }}")
        rules.append(f".{family} .kind {{ fill: {ink}; }}")
        rules.append(f".{family} .icon {{ stroke: {ink}; }}")
    error = _PLAIN["wrong"][1 + scheme]
    rules.append(f".bad .border {{ stroke: {error}; stroke-width: 2; }}")
    rules.append(f".bad .sign {{ stroke: {error}; }}")
    return rules
