"""Asterisk's configuration, rendered from `asterisk/*.j2` and `dialplan/`, and how Asterisk is started.

Everything Asterisk writes lies below `Settings.asterisk_home`. When we are root that folder, and nothing
else, is given to the unprivileged user it runs as.
"""

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.secrets import secret
from engine.settings import Settings, SettingsError
from engine.switch.trunks import HOPS_HEADER, INSIDE, endpoint_fields, trunk_view

# Modules ask for these even where every default is right; without the file they write errors or stay away.
_EMPTY = (
    "acl.conf",
    "ccss.conf",
    "cli_permissions.conf",
    "codecs.conf",
    "dsp.conf",
    "extconfig.conf",
    "pjproject.conf",
    "pjsip_notify.conf",
    "resolver_unbound.conf",
    "stasis.conf",
    "udptl.conf",
    "websocket_client.conf",
)
_FOLDERS = (
    "cache",
    "data",
    "etc",
    "lib/agi-bin",
    "lib/keys",
    "log/cel-custom",
    "run",
    "spool/monitor",
    "spool/outgoing",
    "spool/recording",
    "spool/tmp",
)
_LANGUAGES = ("ru", "en")


def render(settings: Settings, also_load: Sequence[str] = ()) -> None:
    """Write all of Asterisk's configuration to `asterisk_home/etc`; a running Asterisk is not told.

    `also_load` names modules (`app_queue`) to load although the product does without. Raises `SettingsError`
    where Asterisk is not installed, a trunk's password file is missing, or a folder cannot be written.
    """
    home, root = settings.asterisk_home, settings.asterisk_root
    modules = _modules_folder(root)
    try:
        for folder in _FOLDERS:
            (home / folder).mkdir(parents=True, exist_ok=True)
        home.chmod(0o750)
        _link_data(root, home / "data")
        environment = Environment(
            loader=FileSystemLoader([_templates("asterisk"), _templates("dialplan")]),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,
        )
        values = {
            "settings": settings,
            "home": home,
            "root": root if root != Path("/") else "",
            "modules": modules,
            "music": root / "usr/share/asterisk/moh",
            "also_load": also_load,
            "sip_address": f"{settings.listen}:{settings.ports.sip}",
            "sip_itself": f"{settings.listen.replace('0.0.0.0', '127.0.0.1')}:{settings.ports.sip}",
            "inside": INSIDE,
            "hops_header": HOPS_HEADER,
            "trunks": [trunk_view(settings, name) for name in sorted(settings.trunks)],
            "endpoint_fields": endpoint_fields(settings),
            "secret": lambda name: secret(settings, name),
        }
        wanted = {template.removesuffix(".j2") for template in environment.list_templates(extensions=["j2"])}
        for name in sorted(wanted):
            _write(home / "etc" / name, environment.get_template(f"{name}.j2").render(values))
        for name in _EMPTY:
            _write(home / "etc" / name, "; Nothing to set; the file must exist.\n")
        for path in (home / "etc").iterdir():
            if path.name not in wanted and path.name not in _EMPTY:
                path.unlink()
        give_to_asterisk(settings)
    except OSError as error:
        raise SettingsError(f"{error.filename or home}: {error.strerror}") from error


def command(settings: Settings, *arguments: str) -> list[str]:
    """The command line that runs Asterisk's program with these arguments and our configuration.

    In a root folder it is started by that folder's own loader, so that it needs no chroot. Raises
    `SettingsError` where there is no Asterisk.
    """
    root = settings.asterisk_root
    program = root / "usr/sbin/asterisk"
    if not program.is_file():
        raise SettingsError(f"{program}: no Asterisk here; run scripts/up, which installs it")
    configured = ["-C", str(settings.asterisk_home / "etc/asterisk.conf"), *arguments]
    if root == Path("/"):
        return [str(program), *configured]
    loader = next(
        iter(sorted(root.glob("lib64/ld-linux-*.so.*")) or sorted(root.glob("lib/ld-linux-*.so.*"))), None
    )
    if loader is None:
        raise SettingsError(
            f"{root}: holds no program loader (lib64/ld-linux-…); remove it and run scripts/up"
        )
    libraries = _modules_folder(root).parent.parent
    return [str(loader), "--library-path", str(libraries), str(program), *configured]


def asterisk_user(settings: Settings) -> pwd.struct_passwd | None:
    """The user to change to when starting Asterisk; None when we are not root and it runs as ourselves.

    Raises `SettingsError` when we are root and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(settings.asterisk.user)
    except KeyError:
        raise SettingsError(
            f"{settings.config}: asterisk.user: no user {settings.asterisk.user!r} on this machine; "
            "run scripts/up, which makes it"
        ) from None


def give_to_asterisk(settings: Settings) -> None:
    """Let Asterisk's user own what lies in its home (and nothing else). Does nothing unless we are root."""
    user = asterisk_user(settings)
    if user is None:
        return
    home = settings.asterisk_home
    for folder, folders, files in os.walk(home):
        for name in [".", *folders, *files]:
            path = os.path.join(folder, name)
            if os.lstat(path).st_uid != user.pw_uid:
                os.lchown(path, user.pw_uid, user.pw_gid)


def _templates(name: str) -> str:
    """The folder of templates: beside the package in a checkout."""
    folder = Path(__file__).resolve().parent.parent.parent / name
    if not folder.is_dir():
        raise SettingsError(
            f"{folder}: no such folder; the package must be installed from a checkout (pip -e)"
        )
    return str(folder)


def _modules_folder(root: Path) -> Path:
    found = sorted(root.glob("usr/lib/*/asterisk/modules")) or sorted(root.glob("usr/lib*/asterisk/modules"))
    if not found:
        raise SettingsError(
            f"{root}: no Asterisk modules below usr/lib; run scripts/up, which installs Asterisk"
        )
    return found[0]


def _link_data(root: Path, data: Path) -> None:
    """Asterisk's data folder: links, because those in the root folder lead out of it."""
    shared = root / "usr/share/asterisk"
    links = {name: shared / name for name in ("documentation", "moh", "rest-api", "static-http")}
    for language in _LANGUAGES:
        plain = shared / "sounds" / language
        own = [path for path in sorted((shared / "sounds").glob(f"{language}_*_*")) if path.is_dir()]
        if own or plain.is_dir():
            links[f"sounds/{language}"] = own[0] if own else plain
    (data / "sounds").mkdir(parents=True, exist_ok=True)
    for name, target in links.items():
        link = data / name
        if link.is_symlink() and Path(os.readlink(link)) == target:
            continue
        if link.is_symlink():
            link.unlink()
        elif link.is_dir():
            shutil.rmtree(link)
        link.symlink_to(target)


def _write(path: Path, content: str) -> None:
    """By rename, and readable by Asterisk's user only: some files hold passwords."""
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    part.write_text(content)
    part.replace(path)
