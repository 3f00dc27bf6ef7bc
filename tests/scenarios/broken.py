"""Broken scenario files, and exactly what is said of each (F43)."""

# ruff: noqa: E501

TENANT = """\
tenant: acme
title: Acme
numbers: {"+74951234567": {scenario: main}}
users: {"101": {name: Anna}, "102": {name: Bob}}
groups:
  sales: {members: ["101", "102"]}
  rota: {members: ["101"], ring: least_recent}
"""

HEAD = "scenario: main\nstart: hello\nsteps:\n"

# name: (the file, what is said with the file's name left out)
BROKEN: dict[str, tuple[str | bytes, list[str]]] = {
    "empty file": (
        "",
        ["1: the file is empty, expected `name: value` lines"],
    ),
    "no YAML": (
        "scenario: main\nstart: [hello\n",
        ["2: this [ is not closed, expected ] or a comma after its last value"],
    ),
    "a tab": (
        "scenario: main\n\tstart: hello\n",
        ["2: a tab, expected spaces: tabs indent nothing in YAML"],
    ),
    "a list": (
        "- scenario\n",
        ["1: the file holds no names, expected `name: value` lines"],
    ),
    "two documents": (
        HEAD + "  hello: {type: hangup}\n---\nscenario: other\n",
        ["5: a second document begins here, expected one document in a file"],
    ),
    "not UTF-8": (
        b"scenario: main\nstart: \xd0\xff\n",
        ["2: not UTF-8 text: byte 0xd0, expected a file saved as UTF-8"],
    ),
    "unknown tag": (
        "scenario: main\nstart: !python/object:os.system hello\nsteps:\n  hello: {type: hangup}\n",
        ["2: the tag !python/object:os.system, expected a value without a tag"],
    ),
    "no start": (
        "scenario: main\nsteps:\n  hello: {type: hangup}\n",
        ["1: start is missing, expected start: …"],
    ),
    "no steps": (
        "scenario: main\nstart: hello\nsteps: {}\n",
        ["2: start names no step: hello, expected none exists", "3: steps is empty, expected at least one"],
    ),
    "steps are a list": (
        HEAD + "  - {type: hangup}\n",
        ["4: steps is a list, expected `name: value` lines"],
    ),
    "start names no step": (
        "scenario: main\nstart: helo\nsteps:\n  hello: {type: hangup}\n",
        ["2: start names no step: helo, expected one of hello (did you mean hello?)"],
    ),
    "another name than the file's": (
        "scenario: mian\nstart: hello\nsteps:\n  hello: {type: hangup}\n",
        ["1: scenario is mian in a file named main.yaml, expected scenario: main"],
    ),
    "a step twice": (
        HEAD + "  hello: {type: hangup}\n  hello: {type: hangup}\n",
        ["5: hello is given twice, first in line 4, expected each name once"],
    ),
    "a name twice in a step": (
        HEAD + "  hello:\n    type: hangup\n    cause: 16\n    cause: 17\n",
        ["7: cause is given twice, first in line 6, expected each name once"],
    ),
    "a step's name in capitals": (
        HEAD + "  hello: {type: goto, step: Bye}\n  Bye: {type: hangup}\n",
        [
            "4: step is Bye, expected small Latin letters, digits, - and _, a letter first",
            "5: wrong name Bye, expected small Latin letters, digits, - and _, a letter first",
        ],
    ),
    "unknown step type": (
        HEAD + "  hello: {type: paly, prompt: welcome}\n",
        [
            "4: unknown step type paly, expected one of dial, goto, hangup, menu, play, ring, say, set, switch (did you mean play?)"
        ],
    ),
    "a step type that is no text": (
        HEAD + "  hello: {type: [play], prompt: welcome}\n",
        [
            "4: unknown step type a list, expected one of dial, goto, hangup, menu, play, ring, say, set, switch"
        ],
    ),
    "no type": (
        HEAD + "  hello: {prompt: welcome}\n",
        ["4: step hello has no type, expected one of dial, goto, hangup, menu, play, ring, say, set, switch"],
    ),
    "a step that is text": (
        HEAD + "  hello: play\n",
        ["4: step hello is play, expected {type: …, …}"],
    ),
    "unknown name in a step": (
        HEAD + "  hello: {type: play, promt: welcome}\n",
        [
            "4: prompt is missing, expected prompt: …",
            "4: unknown name promt, expected one of next, on_error, prompt, type (did you mean prompt?)",
        ],
    ),
    "missing prompt": (
        HEAD + "  hello: {type: play}\n",
        ["4: prompt is missing, expected prompt: …"],
    ),
    "prompt of a wrong kind": (
        HEAD + "  hello: {type: play, prompt: 5}\n",
        ["4: prompt is 5, expected text"],
    ),
    "prompt with a wrong name": (
        HEAD + '  hello: {type: play, prompt: "../secret"}\n',
        [
            "4: prompt is ../secret, expected a prompt's name, or {text: …}, {say: …, value: …}, or a list of these"
        ],
    ),
    "prompt with no file": (
        HEAD + "  hello: {type: play, prompt: our-news}\n",
        [
            "4: no prompt our-news, expected FOLDER/ivr_scenarios/acme/prompts/our-news with one of .wav, .mp3, .ogg, .m4a, .flac, or {text: …}"
        ],
    ),
    "second part of a prompt has no file": (
        HEAD + "  hello:\n    type: play\n    prompt:\n      - welcome\n      - our-news\n",
        [
            "8: no prompt our-news, expected FOLDER/ivr_scenarios/acme/prompts/our-news with one of .wav, .mp3, .ogg, .m4a, .flac, or {text: …}"
        ],
    ),
    "unknown way of saying": (
        HEAD + '  hello: {type: say, say: letters, value: "12"}\n',
        ["4: say is letters, expected one of date, digits, money, number, text, ticket, time"],
    ),
    "a value that cannot be said": (
        HEAD + '  hello: {type: say, say: date, value: "31 June"}\n',
        ["4: say: date: “31 June” is no date such as 2026-11-23"],
    ),
    "a text with a variable": (
        HEAD + '  hello: {type: play, prompt: {text: "You are {caller.number}"}}\n',
        ["4: a text that is spoken cannot hold a variable, expected a list with the variable under `say`"],
    ),
    "missing target": (
        HEAD + "  hello: {type: play, prompt: welcome, next: by}\n  bye: {type: hangup}\n",
        [
            "4: step hello leads to by, which does not exist, expected one of bye, hello (did you mean bye?)",
            "5: warning: nothing leads to step bye",
        ],
    ),
    "missing target of a key": (
        HEAD + "  hello:\n    type: menu\n    prompt: welcome\n    keys:\n      1: hello\n      2: sales\n",
        ["9: step hello leads to sales, which does not exist, expected one of hello"],
    ),
    "missing target of an error": (
        HEAD + "  hello: {type: play, prompt: welcome, on_error: oops}\n",
        ["4: step hello leads to oops, which does not exist, expected one of hello"],
    ),
    "a key of two digits": (
        HEAD + "  hello: {type: menu, prompt: welcome, keys: {12: hello}}\n",
        ["4: wrong name 12, expected one key: 0 to 9, * or #"],
    ),
    "a menu with nothing to choose": (
        HEAD + "  hello: {type: menu, prompt: welcome}\n",
        ["4: hello: there is nothing to choose, expected keys, or extensions: true"],
    ),
    "too many attempts": (
        HEAD + "  hello: {type: menu, prompt: welcome, keys: {1: hello}, attempts: 99}\n",
        ["4: attempts is 99, expected at most 10"],
    ),
    "a timeout that is none": (
        HEAD + "  hello: {type: menu, prompt: welcome, keys: {1: hello}, timeout: 5 sec}\n",
        ["4: timeout: '5 sec' is no duration, expected a time such as 500ms, 20s, 5m, 2h or 180d"],
    ),
    "extensions that is no yes or no": (
        HEAD + "  hello: {type: menu, prompt: welcome, extensions: maybe}\n",
        ["4: extensions is maybe, expected true or false"],
    ),
    "ring nobody": (
        HEAD + "  hello: {type: ring}\n",
        ["4: hello: it rings nobody, expected one of user, users, group"],
    ),
    "ring two kinds": (
        HEAD + '  hello: {type: ring, user: "101", group: sales}\n',
        ["4: hello: it has user and group, expected one of user, users, group"],
    ),
    "unknown user": (
        HEAD + "  hello: {type: ring, user: 109}\n",
        ["4: unknown user 109, expected one of 101, 102 (did you mean 102?)"],
    ),
    "unknown user in a list": (
        HEAD + '  hello:\n    type: ring\n    users:\n      - "101"\n      - "999"\n',
        ["8: unknown user 999, expected one of 101, 102"],
    ),
    "unknown group": (
        HEAD + "  hello: {type: ring, group: salse}\n",
        ["4: unknown group salse, expected one of rota, sales (did you mean sales?)"],
    ),
    "a group in an order that needs statistics": (
        HEAD + "  hello: {type: ring, group: rota}\n",
        [
            "4: group rota rings least_recent, which a ring step cannot do, expected a group with ring: all, random or sequence"
        ],
    ),
    "dial without a trunk": (
        HEAD + '  hello: {type: dial, number: "+79031112233"}\n',
        ["4: the tenant cannot call outside numbers, expected `outgoing` in the file of tenant acme"],
    ),
    "no case": (
        HEAD + "  hello: {type: switch, cases: [], default: bye}\n  bye: {type: hangup}\n",
        ["4: cases is empty, expected at least one"],
    ),
    "a case without then": (
        HEAD
        + "  hello:\n    type: switch\n    cases:\n      - when: {caller: x}\n    default: bye\n  bye: {type: hangup}\n",
        ["7: then is missing, expected then: …"],
    ),
    "a variable that nobody sets": (
        HEAD + '  hello: {type: set, variables: {who: "{plam}", plan: vip}}\n',
        [
            "4: no step sets the variable plam, expected one of call.id, caller.name, caller.number, extension, language, number, operator, plan, who (did you mean plan?)"
        ],
    ),
    "a brace alone": (
        HEAD + '  hello: {type: set, variables: {who: "{caller.name"}}\n',
        ["4: '{caller.name' has a brace without its partner, expected {variable}, as in {caller.number}"],
    ),
    "an attribute": (
        HEAD + '  hello: {type: set, variables: {who: "{caller.__class__}"}}\n',
        ["4: {caller.__class__} is no variable, expected {variable}, as in {caller.number}"],
    ),
    "a cause that is none": (
        HEAD + "  hello: {type: hangup, cause: 200}\n",
        ["4: cause is 200, expected at most 127"],
    ),
    "a step that nothing leads to": (
        HEAD + "  hello: {type: hangup}\n  bye: {type: hangup}\n",
        ["5: warning: nothing leads to step bye"],
    ),
    "several mistakes": (
        HEAD + "  hello: {type: ring, user: 109, after: gone}\n  bye: {type: hang}\n",
        [
            "4: unknown user 109, expected one of 101, 102 (did you mean 102?)",
            "4: step hello leads to gone, which does not exist, expected one of bye, hello",
            "5: unknown step type hang, expected one of dial, goto, hangup, menu, play, ring, say, set, switch (did you mean hangup?)",
        ],
    ),
}
