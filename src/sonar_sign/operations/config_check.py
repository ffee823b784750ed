"""What a config's values must be, beyond what a schema can say.

Texts are without control characters, numbers finite, keys texts; settings do not contradict each
other; SONAR knows the languages.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from sonar_sign.core.bounds import refusal_of_plain
from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES
from sonar_sign.core.settings import shown
from sonar_sign.operations.config_schema import DEMO_SECTIONS, LANGUAGE, SECTIONS

MAX_DEPTH = 30


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(validator, wanted, instance, schema):
        """As JSON Schema's, but the error says in words what is possible."""
        for error in Draft202012Validator.VALIDATORS["pattern"](
            validator, wanted, instance, schema
        ):
            words = schema.get("description")
            yield ValidationError(f"{instance!r} is not possible: {words}") if words else error

    def language(validator, wanted, instance, schema):
        """The format of languages: SONAR must know them."""
        refusal = isinstance(instance, str) and FLORES.refusal_of_text(instance)
        if wanted == LANGUAGE["format"] and refusal:
            yield ValidationError(f"{shown(instance)}: {refusal}")

    kinds = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            # JSON Schema takes 2.0 for an integer; the flag would not.
            "integer": lambda _, one: isinstance(one, int) and not isinstance(one, bool),
            "number": lambda _, one: (
                isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
            ),
        }
    )
    return validators.extend(
        Draft202012Validator, {"pattern": pattern, "format": language}, type_checker=kinds
    )


def schema_errors(schema: Mapping[str, Any], value: Any) -> list[Any]:
    """What a JSON schema has against a value, in the order of the keys."""
    errors = list(_validator_class()(schema).iter_errors(value))
    for error in errors:
        error.message = error.message.replace(repr(error.instance), shown(error.instance))
    return sorted(errors, key=lambda error: list(map(str, error.path)))


def require_plain(values: Any, where: str = "", depth: int = 0) -> None:
    """Refuse what no value of a config can be.

    Raises:
        UserError: a key is no text, a text holds control characters or white space around it, a
            number is infinite or NaN, or values are nested too deeply.
    """
    label = where or "the whole file"
    if depth > MAX_DEPTH:
        raise UserError(f"In the config: {label[:80]} is nested more than {MAX_DEPTH} deep.")
    if isinstance(values, Mapping):
        for key, value in values.items():
            if not isinstance(key, str):
                raise UserError(
                    f"In the config: {label}: the key {key!r} is no text; put it into quotes."
                )
            if refusal := refusal_of_plain(key):
                raise UserError(f"In the config: the key {shown(key)} in {label}: {refusal}.")
            require_plain(value, f"{where}.{key}" if where else key, depth + 1)
    elif isinstance(values, list | tuple):
        for place, value in enumerate(values):
            require_plain(value, f"{where}.{place}", depth + 1)
    elif isinstance(values, str):
        if refusal := refusal_of_plain(values):
            raise UserError(f"In the config: {label}: {shown(values)}: {refusal}.")
    elif isinstance(values, float) and not math.isfinite(values):
        raise UserError(f"In the config: {label}: {values} is no number to compute with.")


def check_sections(values: Mapping[str, Any]) -> None:
    """Check the sections of a config whose schema is right, with all defaults.

    Raises:
        UserError: settings of a section contradict each other.
    """
    for section in (*SECTIONS, *DEMO_SECTIONS):
        holder: Any = values
        for part in section.key.split(".") if section.key else ():
            holder = holder.get(part, {})
        settings = {"device": values["device"], **holder}
        refuse_contradictions(settings, f"In the config: {section.key}{'.' if section.key else ''}")
