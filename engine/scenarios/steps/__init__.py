"""The registry of step types: a step's module is listed here and nowhere else."""

from engine.scenarios.model import StepModel
from engine.scenarios.steps.callback import CallbackStep
from engine.scenarios.steps.dial import DialStep
from engine.scenarios.steps.goto import GotoStep
from engine.scenarios.steps.hangup import HangupStep
from engine.scenarios.steps.input import InputStep
from engine.scenarios.steps.language import LanguageStep
from engine.scenarios.steps.menu import MenuStep
from engine.scenarios.steps.play import PlayStep
from engine.scenarios.steps.queue import QueueStep
from engine.scenarios.steps.request import RequestStep
from engine.scenarios.steps.ring import RingStep
from engine.scenarios.steps.say import SayStep
from engine.scenarios.steps.schedule import ScheduleStep
from engine.scenarios.steps.set_variable import SetStep
from engine.scenarios.steps.survey import SurveyStep
from engine.scenarios.steps.switch import SwitchStep
from engine.scenarios.steps.ticket import TicketStep
from engine.scenarios.steps.voicemail import VoicemailStep

_ALL: tuple[type[StepModel], ...] = (
    PlayStep,
    MenuStep,
    InputStep,
    ScheduleStep,
    SwitchStep,
    RingStep,
    QueueStep,
    DialStep,
    VoicemailStep,
    CallbackStep,
    SurveyStep,
    TicketStep,
    SayStep,
    RequestStep,
    SetStep,
    GotoStep,
    LanguageStep,
    HangupStep,
)

STEP_TYPES: dict[str, type[StepModel]] = {str(step.model_fields["type"].default): step for step in _ALL}
