"""F19: greetings that users speak themselves."""

from pathlib import Path

import pytest

from engine.recordings.greetings import GreetingProblem, Greetings
from engine.settings import Settings
from tests import sound


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "home")
    made.raw_messages_folder.mkdir(parents=True)
    return made


def recorded(home: Settings, name: str = "c.greeting.1", hertz: int = 440) -> Path:
    return sound.tone(home.raw_messages_folder / f"{name}.wav", hertz, 2)


async def test_made_heard_kept_and_removed(home: Settings) -> None:
    greetings = Greetings(home)
    assert greetings.of("romashka", "101") is None
    raw = recorded(home)
    media = await greetings.make("romashka", "101", "c.greeting.1")
    assert not raw.exists()
    assert greetings.of("romashka", "101") is None, "not before he has kept it"
    new = Path(media.removeprefix("sound:"))
    assert new.is_absolute()
    assert Path(f"{new}.wav").is_file()
    await greetings.keep("romashka", "101")
    own = greetings.of("romashka", "101")
    assert own == f"sound:{home.greetings_folder.resolve()}/romashka/101"
    assert sorted(path.name for path in (home.greetings_folder / "romashka").iterdir()) == [
        "101.alaw",
        "101.wav",
    ]
    assert greetings.of("romashka", "102") is None
    assert greetings.of("lilia", "101") is None
    # One that is spoken and not kept changes nothing.
    before = (home.greetings_folder / "romashka" / "101.wav").read_bytes()
    recorded(home, hertz=1000)
    await greetings.make("romashka", "101", "c.greeting.1")
    assert (home.greetings_folder / "romashka" / "101.wav").read_bytes() == before
    await greetings.remove("romashka", "101")
    await greetings.remove("romashka", "101")
    assert greetings.of("romashka", "101") is None


async def test_what_is_no_sound_is_said_to_be_none(home: Settings) -> None:
    greetings = Greetings(home)
    with pytest.raises(GreetingProblem, match="No such file"):
        await greetings.make("romashka", "101", "nothing")
    (home.raw_messages_folder / "noise.wav").write_bytes(b"RIFF\x01\x00\x00\x00WAVEnoise")
    with pytest.raises(GreetingProblem, match=r"noise\.wav"):
        await greetings.make("romashka", "101", "noise")
    assert not (home.raw_messages_folder / "noise.wav").exists()
    sound.tone(home.raw_messages_folder / "silent.wav", 440, 2, dbfs=-120)
    with pytest.raises(GreetingProblem, match="silent"):
        await greetings.make("romashka", "101", "silent")
    with pytest.raises(GreetingProblem, match="greeting of 101"):
        await greetings.keep("romashka", "101")
    assert greetings.of("romashka", "101") is None
