"""The page for people who use telephones, made from the table of codes.

`python -m engine.directory.codes_page FILE` writes it.
"""

# ruff: noqa: E501 - lines of the page
import sys
from pathlib import Path

from engine.directory.codes import SERVICE_CODES, TALK_CODES, ServiceCode, TalkCode
from engine.directory.forwarding import CHAIN_LIMIT

_BEHIND = {
    "": "",
    "number": "NUMBER",
    "extension": "101",
    "slot": "SLOT",
    "queue": "[QUEUE]",
    "reason": "[N]",
    "company": "71*102",
}
_HEAD = """\
# Codes of the telephone

What is dialled instead of a number, and what is keyed while talking. An answer to a code is spoken, in the
language of the company. This page is made from `engine/directory/codes.py` by
`python -m engine.directory.codes_page docs/operators/telephone.md`.

## Dialled as a call

| dial | what it does | что делает |
|---|---|---|
"""
_TALK = """
## Keyed while talking

Only colleagues' keys are codes; the other side does not hear them. Keys that are no code are passed on, and so are
`*1`, `*3` and `*0` while nobody is asked, and `*7` where there is no parking: a machine at the other end may want them.
Where a number follows, it ends with `#` or when nothing has been keyed for a while.

| key | what it does | что делает |
|---|---|---|
"""
_NOTES = f"""
## Forwarding and do not disturb

- Calls can be forwarded to a colleague's extension, to a number outside or to a city number of the company, always, when busy, when nobody
  answers (after 20 s) and when no telephone of one's own can be reached; the four are set and ended one by one.
- A telephone that has not even begun to ring after 8 s cannot be reached: it has lost its power or its network.
- The colleague's telephone shows who calls. Outside, the company's own number is shown, or the caller's where
  the trunk has `foreign_numbers: true` in `config/vats.yaml`.
- Whoever answers outside hears that there is a call and has to press 1: so no voicemail of a mobile's takes it.
  Others who ring go on ringing meanwhile. In the records such a leg that nobody took is `no_answer`, with the
  time at which it was answered.
- What would come back to oneself is refused, and so are more than {CHAIN_LIMIT} forwards one behind another. Where a
  change of others makes a circle all the same, the last one before it rings; so does one whose calls go to the city
  number that was called. Whoever calls is not forwarded to
  himself: the assistant to whom the director's calls go reaches the director.
- A mobile that is itself forwarded to a number of the company's, as to its secretaries, makes no loop: the call that its network
  sends back is told busy, and with it the one that rang the mobile. Who sent the call there has it again.
- One may be forwarded only to where one may call.
- Forwarding that is set in a telephone itself (it answers 302) is not followed, as nobody could see to where it leads:
  such a telephone counts as one that cannot be reached.
- With do not disturb no call rings one's telephones: a direct call is told busy (and goes where calls are
  forwarded when busy), groups and queues leave one out. Calling is possible as ever.
- A second call rings beside the first; with `call_waiting: false` in the tenant's file it finds one busy (and goes where
  calls are forwarded when busy), and a group rings the others.
- A queue rings telephones only; where its people forward their calls does not matter to it.
- `vats user settings|forward|dnd` shows and sets the same, and shows who has changed what.

## Passing a call on

- **Blind**: `##` and the number while talking. The other side hears music, and you may hang up at once. Where nobody
  answers, or he is busy, your telephone rings with the call again; where you do not take it, the desk's does.
- **Attended**: `*2` and the number. You talk with the colleague while the other side hears music; then hang up, or
  key `*1`, and the two talk. `*3` goes back and forth between them, `*0` gives it up. Hang up while it still rings,
  and it goes on ringing for the other side.
- The telephone's own transfer key does the same, blind and attended, with its second line. Where a blind transfer
  fails, a telephone that has stayed has the call back; while it still holds the line, the other side hears music.
- The number is an extension of a user, a group, a queue or a parking place, a city number of the company, whose scenario
  then has the call, or a number outside that you may call. You hear the dialling tone while you key it in; `*` brings you
  back. An extension counts at once where nothing longer can begin with it, a whole number as dialled at home after 1 s;
  else it is 3 s, or `#`. Where it cannot be, you hear why and talk on.
- Nobody can be asked first in a queue or at a parking place: pass the call on blind there.
- The colleague's telephone shows who calls: yours while you ask him, the other side's as soon as they talk. Outside it is as
  with forwarding.
- Should the other side hang up while you ask, you and the colleague talk on, and that costs nothing.
- What you keyed is not heard by the other side, nor is the question in the recording, which goes on in one file.
- `vats transfer CALL_ID NUMBER [--attended]` and `vats hangup CALL_ID` do it from the command line.

## Serving queues

- Who is a member of queues by the company's file serves them at once, unless a queue asks for a login: then he serves
  it after `*45`. `*46` logs out until the next `*45`, also over nights and restarts. Behind both may stand the extension of
  one queue; so one joins queues that one may join without being a member of them.
- `*47` pauses: one stays logged in and is rung for no queue; direct calls ring as ever. Behind it may stand the number
  of a reason, as in the company's file (`pauses`): `*471`. Without it the first reason counts.
- `*48` ends the pause, and the time for wrapping up after a call as well.
- Whoever does not answer three calls of queues in a row is paused: the lamp of his key lights, and `*48` ends it.
- A key of the telephone that watches `*49101` (with one's own extension; "BLF") lights while one is paused, and
  pauses or ends the pause when it is pressed. Colleagues can watch it too, but not press it.
- Secretaries who answer for other companies dial a company's code behind both; [their day](secretary.md) has more.
- `vats queue member …` does the same from the command line; `vats queue` shows who does what.

## Taking a call that rings elsewhere

`**` and the extension of a colleague or of a group takes the call that has rung there for the longest time; `*8`
any call that rings for somebody with whom one is in a group, also one by which a colleague wants to ask before he
passes a call on. The others stop ringing and show no missed call; one's own telephone then shows whose call it is.
"""


def telephone_page() -> str:
    """The page as Markdown."""
    services = "".join(_service(code) for code in SERVICE_CODES)
    return _HEAD + services + _TALK + "".join(_talk(code) for code in TALK_CODES) + _NOTES


def _service(code: ServiceCode) -> str:
    dialled = code.code + _BEHIND[code.argument] + ("#" if code.ends_with_hash else "")
    return f"| `{dialled}` | {code.english} | {code.russian} |\n"


def _talk(code: TalkCode) -> str:
    keyed = code.code + ("NUMBER" if code.takes_number else "")
    return f"| `{keyed}` | {code.english} | {code.russian} |\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(telephone_page())
