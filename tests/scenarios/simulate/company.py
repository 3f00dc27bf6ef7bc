"""A company's files for simulations: `write(folder)` makes `config/` and `ivr_scenarios/`."""

from pathlib import Path

TENANT = """\
tenant: acme
title: Acme
timezone: Asia/Omsk
numbers: {"+74951234567": {scenario: main}, "+78125550101": {scenario: night}}
users: {"101": {name: Anna}, "102": {name: Bob}, "103": {name: Eve, devices: [desk, web]}}
groups:
  sales: {members: ["101", "102"], timeout: 20s}
  luck: {members: ["101", "102", "103"], ring: random, timeout: 15s}
schedules:
  office: {hours: {mon-fri: "09:00-18:00"}}
phone_book: {"+79031112233": Иван Петров}
outgoing: {trunk: city, number: "+74951234567"}
"""

MAIN = """\
scenario: main
start: hello
steps:
  hello: {type: play, prompt: welcome, next: hours}
  hours: {type: schedule, schedule: office, open: menu, closed: closed}
  menu:
    type: menu
    prompt: {text: "Отдел продаж — один, заказ — два, секретарь — три."}
    extensions: true
    keys: {1: sales, 2: order, 4: outside, 5: lot}
    on_timeout: bye
    on_no_answer: message
  sales: {type: ring, group: sales, on_no_answer: message, after: rate}
  lot: {type: ring, group: luck, on_no_answer: message}
  outside: {type: dial, number: "+79161234567", on_no_answer: message, on_busy: bye}
  order:
    type: request
    url: https://shop.example/order
    variables: {status: text}
    answers: {found: tell}
    next: message
    on_error: message
  tell: {type: play, prompt: [{text: "Ваш заказ"}, {say: number, value: 21, unit: minutes}], next: bye}
  closed: {type: play, prompt: closed, next: message}
  message: {type: voicemail, mailbox: "101", next: bye}
  rate: {type: survey, questions: [{name: overall, prompt: {text: "Оцените"}}], next: bye}
  bye: {type: hangup, prompt: goodbye}
"""

NIGHT = """\
scenario: night
start: round
steps:
  round: {type: menu, prompt: {text: "Подождите"}, keys: {1: bye}, attempts: 1, on_timeout: again}
  again: {type: play, prompt: {text: "Ещё немного"}, next: round}
  bye: {type: hangup}
"""


def write(folder: Path, **more: str) -> Path:
    """The files; `more` are further files of the scenario folder by name without `.yaml`."""
    tenants, scenarios = folder / "config" / "tenants", folder / "ivr_scenarios" / "acme"
    tenants.mkdir(parents=True)
    scenarios.mkdir(parents=True)
    (tenants / "acme.yaml").write_text(TENANT)
    for name, text in {"main": MAIN, "night": NIGHT, **more}.items():
        (scenarios / f"{name}.yaml").write_text(text)
    return folder
