"""Calls that end for want of a `next`, before the caller has heard a word or learnt anything."""

from collections.abc import Iterator

from engine.directory.findings import Finding
from engine.scenarios.check.inspection import Inspection


def ends(inspection: Inspection) -> Iterator[Finding]:
    """A call may end where a step says the last words, or after a talk, but not out of the blue.

    `hangup` ends a call on purpose and is never told of. What was said since the caller last did something
    counts: a `set` or `request` after the goodbye may be the last step.
    """
    if not inspection.whole:
        return
    seen: set[tuple[str, bool]] = set()
    told: set[tuple[str, str]] = set()
    ahead = [(inspection.start, False)]
    while ahead:
        name, spoken = ahead.pop()
        if name not in inspection.steps or (name, spoken) in seen:
            continue
        seen.add((name, spoken))
        step = inspection.steps[name]
        # Who has been asked something, or has waited for somebody, needs to be told again.
        anew = step.asks or any(one.name == "after" for one in inspection.exits[name])
        for one in inspection.exits[name]:
            said = one.name == "after" or step.last_words() or (spoken and not anew)
            if one.target is not None:
                ahead.append((one.target, said))
            elif not said and not step.completes and (name, one.name) not in told:
                told.add((name, one.name))
                yield inspection.finding(
                    name,
                    (),
                    f"the call ends at step {name} without a word: it has no {one.name}",
                    f"{one.name}: STEP",
                    code="silent-end",
                    severity="warning",
                    key=True,
                )
        if step.on_error:
            ahead.append((step.on_error, False))
