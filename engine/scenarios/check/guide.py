"""The administrators' page about checking, made from the codes of findings."""

from engine.directory.finding_codes import GROUPS
from engine.scenarios.check.variables import SAYABLE
from engine.scenarios.variables import VariableType

_HEAD = """\
# Checking

`vats check` tells what is wrong with tenants and scenarios before a caller meets it. What is checked here is
checked again when a file is saved: one with an error changes nothing, what was live stays live.

```sh
vats check                               # all tenants and scenarios, and their tests.yaml
vats check ivr_scenarios/vektor/main.yaml
vats check ivr_scenarios/vektor          # all scenarios of a tenant, and their tests.yaml
vats check config/tenants/vektor.yaml
vats check FOLDER                        # one that holds config/ and ivr_scenarios/
```

```
ivr_scenarios/vektor/main.yaml:12: unknown user 110, expected one of 101, 102 (did you mean 101?)
ivr_scenarios/vektor/main.yaml:17: warning: nothing leads to step night
1 error, 1 warning
```

An **error** keeps the file from going live; a **warning** tells of what works otherwise than its author may
think. The exit code is 1 when there is an error (with `--strict`: or a warning), 0 when there is none, 2 when
there is nothing to check. Errors and warnings go to standard error.

Where a warning is meant so, a comment allows it, in the line that is named or above it; a reason may follow
in brackets. Errors cannot be allowed.

```yaml
    # vats: allow key-and-extension (a pause after 1 is all right)
    keys: {1: sales, 2: accounts}
```

## For scripts and editors

`vats check --json` prints one JSON object a finding to standard output: `file`, `line`, `column`,
`end_line`, `end_column` (from 1; the end null where it is not known), `severity` (`error` or `warning`),
`code`, `message`, `expected`. A code never changes its meaning.

Editors complete and check by a JSON Schema: `vats check --schema scenario`, `tenant` and `tests` print it,
and [scenario.schema.json](scenario.schema.json), [tenant.schema.json](tenant.schema.json) and
[tests.schema.json](tests.schema.json) lie beside this page. VS Code needs the extension *YAML* by Red Hat.
Either each file names its schema in its first line:

```yaml
# yaml-language-server: $schema=../../docs/administrators/scenario.schema.json
```

or the folder's `.vscode/settings.json` does for all files (where the docs are not at hand,
`vats check --schema scenario > .vscode/scenario.json` writes one):

```json
{
  "yaml.schemas": {
    "docs/administrators/scenario.schema.json": ["ivr_scenarios/*/*.yaml", "!ivr_scenarios/*/tests.yaml"],
    "docs/administrators/tests.schema.json": "ivr_scenarios/*/tests.yaml",
    "docs/administrators/tenant.schema.json": "config/tenants/*.yaml"
  }
}
```

It offers whole steps, the names of each, and tells what each is. The schema knows names, types and forms;
that a step exists, that a prompt lies in the folder and where a road leads only `vats check` knows. As a
task (`.vscode/tasks.json`) it marks its findings in the files:

```json
{
  "version": "2.0.0",
  "tasks": [
    {
      "label": "vats check",
      "type": "shell",
      "command": "vats check ${workspaceFolder}",
      "group": "build",
      "problemMatcher": {
        "fileLocation": "absolute",
        "pattern": {
          "regexp": "^(.+?):(\\\\d+): (warning)?:? ?(.*)$",
          "file": 1, "line": 2, "severity": 3, "message": 4
        }
      }
    }
  ]
}
```

## What is found

The codes of `--json`, of comments that allow, and of a terminal, where each finding ends with its own.
"""

_TYPES: dict[VariableType, str] = {
    "text": "anything",
    "number": "a number: 3, -7, 2.5",
    "boolean": "true or false",
    "digits": "keys as they were pressed: 0042, with * and #; zeros in front stay",
    "date": "a day: 2026-11-23",
    "time": "a time of day: 10:30",
    "money": "roubles: 1234.50",
    "phone": "a telephone number in E.164: +79031112233",
}

_VARIABLES_HEAD = """\
## Types of variables

A variable has the type that the step which sets it gives it; [scenario-reference.md](scenario-reference.md)
lists them. A value of another type than a `say` needs is read out as text, which is rarely meant:
`variable-type`.

| type | what it holds | can be said as |
|---|---|---|
"""


def check_guide() -> str:
    """Markdown of docs/administrators/check.md."""
    lines = [_HEAD]
    for title, codes in GROUPS.items():
        lines += [f"### {title}", "", "| code | what is wrong | what to do |", "|---|---|---|"]
        lines += [f"| `{code}` | {kind.about} | {kind.cure} |" for code, kind in codes.items()]
        lines.append("")
    lines.append(_VARIABLES_HEAD + "\n".join(_variable_rows()))
    return "\n".join(lines) + "\n"


def _variable_rows() -> list[str]:
    rows = []
    for name, about in _TYPES.items():
        ways = [say for say, types in SAYABLE.items() if name in types]
        rows.append(f"| {name} | {about} | {', '.join([*ways, 'text'])} |")
    return rows
