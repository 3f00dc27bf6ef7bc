"""What a caller hears where a tenant has no recording of that name: texts, spoken like any other."""

TEXTS: dict[str, dict[str, str]] = {
    "ru": {
        "welcome": "Здравствуйте!",
        "goodbye": "Спасибо за звонок. До свидания!",
        "wrong-key": "Такого пункта нет. Попробуйте ещё раз.",
        "no-input": "Мы не услышали вашего выбора.",
        "wrong-extension": "Такого внутреннего номера нет.",
        "unavailable": "К сожалению, сейчас никто не может ответить. Пожалуйста, перезвоните позже.",
        "busy": "Абонент сейчас разговаривает. Пожалуйста, перезвоните позже.",
        "no-answer": "Абонент не отвечает.",
        "connecting": "Соединяю. Пожалуйста, подождите.",
        "closed": "Сейчас мы не работаем. Пожалуйста, перезвоните в рабочее время.",
        "unknown-number": "Набранный вами номер не обслуживается. Проверьте номер и перезвоните.",
        "refused": "Звонок с вашего номера не может быть принят.",
        "technical-error": "Произошла техническая ошибка. Соединяю вас с сотрудником.",
        "try-later": "Приносим извинения: связь временно недоступна. Пожалуйста, перезвоните позже.",
        "recorded": "Разговор будет записан.",
        "time-limit": "Время разговора истекает.",
        "leave-message": "Оставьте сообщение после сигнала. Чтобы закончить, нажмите решётку.",
        "wrong-mark": "Такой оценки нет.",
        "thanks-for-rating": "Спасибо за вашу оценку!",
        "callback-number": "Мы перезвоним вам по номеру",
        "callback-confirm": "Если номер верный, нажмите один. Чтобы указать другой, нажмите два.",
        "callback-enter": "Наберите номер, по которому вам перезвонить, и нажмите решётку.",
        "callback-ordered": "Спасибо, мы вам перезвоним.",
        "ticket-number": "Номер вашего обращения",
        "no-digits": "Мы ничего не услышали. Наберите цифры на телефоне.",
        "not-understood": "Номер набран неверно. Попробуйте ещё раз.",
        "not-found": "Такого номера у нас нет. Проверьте его и наберите ещё раз.",
        "you-entered": "Вы ввели",
        "is-it-right": "Если верно, нажмите один. Чтобы ввести ещё раз, нажмите два.",
        "please-wait": "Одну минуту, пожалуйста.",
        "queue-position": "Ваш номер в очереди",
        "queue-wait": "Примерное время ожидания в минутах",
        "queue-wait-short": "Вам ответят меньше чем через минуту.",
        "queue-callback": "Чтобы мы вам перезвонили, нажмите звёздочку.",
    },
    "en": {
        "welcome": "Hello!",
        "goodbye": "Thank you for calling. Goodbye!",
        "wrong-key": "There is no such choice. Please try again.",
        "no-input": "We have not heard your choice.",
        "wrong-extension": "There is no such extension.",
        "unavailable": "Unfortunately nobody can answer now. Please call again later.",
        "busy": "The person is talking to somebody else. Please call again later.",
        "no-answer": "There is no answer.",
        "connecting": "Connecting you. Please wait.",
        "closed": "We are closed now. Please call during our working hours.",
        "unknown-number": "The number you have dialled is not in service. Please check it and call again.",
        "refused": "Calls from your number are not accepted.",
        "technical-error": "There was a technical error. Connecting you to our staff.",
        "try-later": "We are sorry: the line is out of service for a while. Please call again later.",
        "recorded": "This call will be recorded.",
        "time-limit": "Your time on the line is running out.",
        "leave-message": "Please leave a message after the tone. Press hash when you have finished.",
        "wrong-mark": "There is no such mark.",
        "thanks-for-rating": "Thank you for your rating!",
        "callback-number": "We will call you back on",
        "callback-confirm": "If this number is right, press one. To give another one, press two.",
        "callback-enter": "Please dial the number that we shall call back, then press hash.",
        "callback-ordered": "Thank you, we will call you back.",
        "ticket-number": "The number of your request is",
        "no-digits": "We have heard nothing. Please key in the digits on your phone.",
        "not-understood": "That is not a complete number. Please try again.",
        "not-found": "We have no such number. Please check it and key it in again.",
        "you-entered": "You have entered",
        "is-it-right": "If this is right, press one. To enter it again, press two.",
        "please-wait": "One moment, please.",
        "queue-position": "Your place in the queue is",
        "queue-wait": "The expected wait in minutes is",
        "queue-wait-short": "You will be answered in less than a minute.",
        "queue-callback": "To be called back, press star.",
    },
}


def text(language: str, name: str) -> tuple[str, str] | None:
    """Language and text of the built-in prompt of that name, English where the language has none of it;
    None: there is no such prompt.
    """
    for candidate in (language, "en"):
        found = TEXTS.get(candidate, {}).get(name)
        if found:
            return candidate, found
    return None
