"""One step of each type as an administrator would write it, for the reference; tests hold them against the
models.
"""

EXAMPLES: dict[str, str] = {
    "play": """\
hello:
  type: play
  prompt: {text: "Здравствуйте! Вы позвонили в компанию «Вектор»."}
  next: menu
""",
    "menu": """\
menu:
  type: menu
  prompt: {text: "Отдел продаж — один, бухгалтерия — два. Или наберите внутренний номер."}
  extensions: true
  keys: {1: sales, 2: accounts, "*": menu}
  timeout: 5s
  on_timeout: desk
""",
    "input": """\
contract:
  type: input
  prompt: {text: "Наберите номер договора, шесть цифр."}
  variable: contract
  min_digits: 6
  max_digits: 6
  read_back: digits
  confirm: true
  check: {clients: contract}
  next: known
  on_invalid: desk
""",
    "schedule": """\
hours:
  type: schedule
  schedule: office
  open: menu
  closed: night
  periods: {lunch: at-lunch}
""",
    "switch": """\
who:
  type: switch
  cases:
    - {when: {caller.group: vip}, then: manager}
    - {when: {caller.calls: ">= 3", time: "09:00-18:00"}, then: desk}
    - {when: {number: ["+74951234567", "+78125550101"]}, then: menu}
  default: hello
""",
    "ring": """\
sales:
  type: ring
  group: sales
  timeout: 20s
  on_no_answer: message
  after: rate
""",
    "queue": """\
wait:
  type: queue
  queue: support
  prompt: {text: "Вам ответит первый освободившийся специалист."}
  keys: {1: message, 0: desk}
  on_timeout: message
  on_full: message
  on_callback: order
  after: rate
""",
    "dial": """\
duty:
  type: dial
  number: "+79161234567"
  timeout: 30s
  on_no_answer: message
""",
    "voicemail": """\
message:
  type: voicemail
  mailbox: "101"
  greeting: {text: "Оставьте сообщение после сигнала."}
  max_length: 2m
  next: bye
""",
    "callback": """\
order:
  type: callback
  queue: support
  ask: true
  next: bye
""",
    "survey": """\
rate:
  type: survey
  questions:
    - {name: overall, prompt: {text: "Оцените разговор от одного до пяти."}}
  comment: {below: 3, longest: 60s}
  next: bye
""",
    "ticket": """\
ticket:
  type: ticket
  subject: "Звонок от {caller.name}"
  next: wait
""",
    "say": """\
balance:
  type: say
  say: money
  value: "{balance}"
  next: menu
""",
    "request": """\
order-status:
  type: request
  url: https://shop.example/calls
  send: {order: "{order}", caller: "{caller.number}"}
  variables: {status: text, sum: money}
  answers: {found: tell, missing: not-found}
  on_error: desk
""",
    "set": """\
remember:
  type: set
  variables: {department: sales, tried: true}
  next: menu
""",
    "goto": """\
again: {type: goto, step: menu}
""",
    "language": """\
english: {type: language, language: en, next: menu}
""",
    "hangup": """\
bye: {type: hangup, prompt: goodbye}
""",
}
