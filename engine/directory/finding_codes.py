"""The kinds of mistakes that checks find. A code is a promise: editors, scripts and comments name it."""

from typing import NamedTuple


class Kind(NamedTuple):
    """`about` tells an administrator what is meant, `cure` what to do."""

    about: str
    cure: str


GROUPS: dict[str, dict[str, Kind]] = {
    "The file as text": {
        "not-read": Kind(
            "the file cannot be read", "see that it is there and may be read by the user `vats`"
        ),
        "encoding": Kind(
            "the file is not UTF-8", "save it as UTF-8; in a Windows editor choose that encoding"
        ),
        "empty-file": Kind("there is nothing in the file", "write it, or delete it"),
        "too-large": Kind(
            "the file is larger than a scenario ever is", "split it, write aliases (`*name`) out"
        ),
        "bad-yaml": Kind(
            "it is not YAML: a tab, an open bracket or quote, a colon or `#` in a text without quotes",
            "mend the line that is named; put texts that hold `:`, `#`, `*`, `{` or quotes in quotes",
        ),
        "given-twice": Kind("a name stands twice in the same place", "remove one of the two"),
        "misnamed-file": Kind("a file that nobody reads lies in the folder", "let its name end in `.yaml`"),
    },
    "Names and values": {
        "missing-name": Kind("something that must be given is not", "add it"),
        "unknown-name": Kind("a name that means nothing here", "correct it; the reference lists the names"),
        "wrong-type": Kind("a list where a text belongs, a text for a number, …", "write what is expected"),
        "wrong-value": Kind(
            "a value that is not among the possible ones, or out of range", "write what is expected"
        ),
        "empty-value": Kind("a name is written and nothing behind it: it counts as left out", "fill it in"),
        "other-name": Kind("a file says that it is another than its name says", "rename one of the two"),
    },
    "What is named and does not exist": {
        "missing-type": Kind("a step does not say of what type it is", "add `type: …`"),
        "unknown-type": Kind("there is no such type of step", "correct it; the reference lists the types"),
        "unknown-step": Kind(
            "a step leads to one that does not exist", "correct the name, or write the step"
        ),
        "unknown-user": Kind(
            "there is no such extension", "correct it, or add the user to the tenant's file"
        ),
        "unknown-group": Kind("there is no such group", "correct it, or add the group to the tenant's file"),
        "unknown-queue": Kind("there is no such queue", "correct it, or add the queue to the tenant's file"),
        "unknown-skill": Kind(
            "nobody who serves the queue has a skill that is required there",
            "correct its name, or give it to members of the queue",
        ),
        "unknown-schedule": Kind("there is no such schedule", "correct it, or add it to the tenant's file"),
        "unknown-period": Kind("the schedule has no such period", "correct it, or add it to the schedule"),
        "unknown-language": Kind(
            "nothing can be said in this language", "one of the languages that are listed"
        ),
        "unknown-scenario": Kind(
            "a number leads to a scenario that does not exist", "correct the name, or write it"
        ),
        "unknown-music": Kind(
            "the folder of hold music that a tenant names is not there, or holds no sound: the built-in one "
            "plays",
            "correct the name, or put sound files into `music/NAME/` beside `config/vats.yaml`",
        ),
        "unknown-file": Kind(
            "a file that `answering.files` names is not in the tenant's folder `files`, or is no plain file "
            "of at most 25 MB: the card shows it as missing",
            "put it there, or correct the name",
        ),
        "unknown-customer": Kind(
            "`pool.serves` names a tenant that has no file", "correct the name, or write the tenant's file"
        ),
        "unknown-tenant": Kind("scenarios lie in a folder that is no tenant's", "write the tenant's file"),
        "unknown-plan": Kind(
            "a client or `service` names a plan that `plans` does not",
            "correct it, or add the plan to `plans`",
        ),
        "unknown-trunk": Kind("there is no such trunk", "correct it, or add the trunk to `config/vats.yaml`"),
        "shared-number": Kind("two tenants have the same number", "remove it from one of them"),
        "shared-extension": Kind(
            "an extension is given twice, to users, groups or queues: the first of them is reached",
            "give each its own",
        ),
        "hides-emergency": Kind(
            "somebody's extension is an emergency number of the country: who dials it for help reaches a "
            "colleague, and no other form of the number is left (112 stays)",
            'give another extension, or name those that remain: `emergency: ["112"]`',
        ),
        "takes-emergency": Kind(
            "an extension is a number that must always reach the emergency services", "another extension"
        ),
        "no-outgoing": Kind(
            "a step calls outside, and the tenant has no trunk", "add `outgoing` to its file"
        ),
        "not-permitted": Kind(
            "a step calls a number of a kind that the tenant may not call, so that it always fails",
            "add the kind to `outgoing.permit`, or call another number",
        ),
        "no-route": Kind(
            "a step calls a number to which no trunk of the tenant's leads: that fails, unless it is another "
            "company's number on this platform",
            "add `outgoing.trunk`, or a route with the beginning of the number",
        ),
        "own-number": Kind(
            "a step calls a city number that leads to its own scenario: the call would come back",
            "dial another number",
        ),
    },
    "What is heard": {
        "unknown-prompt": Kind(
            "there is neither a sound file nor a built-in text of that name",
            "put the file into `prompts/` beside the scenario, or write `{text: …}`",
        ),
        "bad-sound": Kind("a sound file cannot be used", "convert it, or keep only one file of that name"),
        "cannot-say": Kind("a value that cannot be read out in this way", "another value, or another `say`"),
        "unused-prompt": Kind("no scenario plays a sound file", "use it, or delete it"),
    },
    "Variables": {
        "wrong-template": Kind("`{…}` that is no variable", "write `{name}`; there are no expressions"),
        "unknown-variable": Kind("no step sets this variable, and no call has it", "correct it, or set it"),
        "unset-variable": Kind(
            "a variable is used where no road leads through a step that sets it: it is empty there",
            "set it before, or lead the road through the step that does",
        ),
        "call-variable": Kind(
            "a step changes a variable that every call has, such as `number`", "give it another name"
        ),
        "variable-type": Kind("a variable is of another type than the way it is said in", "another `say`"),
    },
    "Roads": {
        "unreached-step": Kind(
            "nothing leads to a step: no caller ever comes to it", "lead to it, or delete it"
        ),
        "endless-loop": Kind(
            "steps lead to one another without a moment's pause and have no way out; a call that comes there "
            "is sent to the tenant's desk",
            "let one of them lead elsewhere",
        ),
        "idle-loop": Kind(
            "time-outs alone drive a call round in a circle: a caller who does nothing stays "
            "in the line until the absolute limit of a call",
            "let the last time-out end in a `hangup` or with a person",
        ),
        "silent-end": Kind(
            "a call ends for want of a `next`, and the caller has not been told", "add `next`"
        ),
        "never-rung": Kind(
            "a group rings its members one after another, and their own times leave none for the last one",
            "a longer `timeout` of the group, or shorter times",
        ),
        "never-served": Kind(
            "a queue or step requires more of a skill than anybody who serves the queue has",
            "a lower level, `relax` at the queue, or better members",
        ),
        "pool-disagrees": Kind(
            "a queue asks for a pool of secretaries that does not serve its tenant, or a code of the pool "
            "means what it does not serve",
            "let the pool's file name the tenant in `pool.serves`, or remove `pool` of the queue or the code",
        ),
        "pool-unused": Kind(
            "a pool of secretaries serves a tenant whose queues do not ask for it",
            "write `pool` in a queue of that tenant, or remove it from `pool.serves`",
        ),
        "never-taken": Kind(
            "an exit is written down that no call can take", "remove it, or what prevents it"
        ),
        "key-and-extension": Kind(
            "a key of a menu is the first digit of extensions that can be dialled there: after the key the "
            "menu waits whether more digits come, so the caller waits too",
            "give the keys other digits, or accept the pause",
        ),
        "shared-client": Kind(
            "two clients have the same number or contract; callers are taken for the first",
            "leave it with one of them",
        ),
        "substitute-loop": Kind(
            "people stand in for each other in a circle, so in the end for nobody",
            "give one of them another `substitute`, or none",
        ),
        "no-contracts": Kind(
            "callers are identified by a contract number that no client has, or that cannot be keyed in",
            "give the clients in the tenant's file their `contract`, and the step enough digits",
        ),
        "plain-http": Kind(
            "a web service is asked without encryption: others can read and change what is said",
            "use https://; in a network of your own allow it by `web_services.http` in `config/vats.yaml`",
        ),
    },
    "Around the scenarios": {
        "no-working-time": Kind(
            "deadlines are counted by a schedule that is never open by its weekly hours",
            "name a schedule with weekly hours as `service.calendar`, or leave it out",
        ),
        "short-keep": Kind(
            "recordings or voice messages are deleted for good within a day; a number without a unit is "
            "seconds",
            "write days, `180d`; if it is meant, allow it by a comment",
        ),
        "unused-scenario": Kind("no number leads to a scenario", "give it a number, or leave it as a draft"),
        "not-checked": Kind(
            "a scenario is checked alone and its tenant's file is wrong, or not found",
            "check the tenant's file",
        ),
        "unknown-code": Kind(
            "a comment allows a warning that does not exist", "correct or remove the comment"
        ),
        "test-failed": Kind(
            "a run of `tests.yaml` went another way than it says", "mend the scenario or the test"
        ),
    },
}

CODES: dict[str, Kind] = {code: kind for group in GROUPS.values() for code, kind in group.items()}
