"""Translate Meta's message templates: the catalogue's answers, drafts, and webhooks about one template. Pure.

Source: Meta's reference of `/{WABA-ID}/message_templates`, and of the webhook fields `message_template_status_update`,
`message_template_quality_update`, `message_template_components_update` and `template_category_update`.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, obj, text
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.domain.templates.template import APPROVED, TemplateNews
from whatsapp_hub.domain.text import storable

FIELDS = "id,name,language,status,category,quality_score,rejected_reason,components"
PAGE, MOST_PAGES = 100, 250
_NONE = frozenset({"", "NONE"})
_STATUS = {"REINSTATED": APPROVED, "UNARCHIVED": APPROVED, "UNPAUSED": APPROVED, "FLAGGED": None}
"""FLAGGED: it is still sent, and may be paused soon; the alarm says so."""


def list_path(account: str, after: str | None) -> str:
    """Return path and query of a page of an account's templates."""
    query = {"fields": FIELDS, "limit": str(PAGE)} | ({"after": after} if after else {})
    return f"{account}/message_templates?{urlencode(query)}"


def delete_path(account: str, name: str, id: str | None) -> str:
    """Return path and query that delete a template: one language of it by its id, or all by its name."""
    return f"{account}/message_templates?{urlencode({'name': name} | ({'hsm_id': id} if id else {}))}"


def draft_body(draft: TemplateDraft) -> JsonObject:
    """Encode a draft."""
    body: JsonObject = {"name": draft.name, "language": draft.language, "category": draft.category}
    return body | {
        "components": list(draft.components),
        "parameter_format": "NAMED" if draft.is_named else "POSITIONAL",
    }


def listed(answer: JsonObject) -> tuple[list[TemplateNews], str | None]:
    """Return a page's templates, and the cursor of the next page."""
    paging = obj(answer.get("paging"))
    after = text(obj(paging.get("cursors")).get("after")) if paging.get("next") else ""
    found = [_entry(obj(one)) for one in items(answer.get("data"))]
    return [news for news in found if news.name and news.language], after or None


def created(draft: TemplateDraft, answer: JsonObject) -> TemplateNews:
    """Return the draft with what Meta made of it: id, status, and the category that Meta may choose otherwise."""
    status, category = _word(answer.get("status")), _word(answer.get("category"))
    id = _word(answer.get("id"))
    return TemplateNews(
        draft.name, draft.language, id, status or "PENDING", category or draft.category, components=draft.components
    )


def _entry(one: JsonObject) -> TemplateNews:
    return TemplateNews(
        name=_short(one.get("name")),
        language=_short(one.get("language")),
        provider_id=_word(one.get("id")),
        status=_word(one.get("status")),
        category=_word(one.get("category")),
        quality=_word(obj(one.get("quality_score")).get("score")),
        reason=_reason(one.get("rejected_reason")),
        components=tuple(obj(clean(part)) for part in items(one.get("components")) if isinstance(part, dict)),
    )


def news_of(field: str, value: JsonObject) -> TemplateNews | None:
    """Translate a webhook about one template; None for other fields, and where it names none."""
    translate = _BY_FIELD.get(field)
    name, language = _short(value.get("message_template_name")), _short(value.get("message_template_language"))
    if translate is None or not name or not language:
        return None
    id = value.get("message_template_id")
    return translate(TemplateNews(name, language, str(id)[:64] if isinstance(id, int | str) and id else None), value)


def _status(known: TemplateNews, value: JsonObject) -> TemplateNews:
    event = _word(value.get("event"))
    return TemplateNews(
        known.name,
        known.language,
        known.provider_id,
        _STATUS.get(event, event) if event else None,
        _word(value.get("message_template_category")),
        reason=_reason(value.get("reason")),
    )


def _quality(known: TemplateNews, value: JsonObject) -> TemplateNews:
    return TemplateNews(known.name, known.language, known.provider_id, quality=_word(value.get("new_quality_score")))


def _category(known: TemplateNews, value: JsonObject) -> TemplateNews:
    return TemplateNews(known.name, known.language, known.provider_id, category=_word(value.get("new_category")))


def _components(known: TemplateNews, value: JsonObject) -> TemplateNews:
    """Translate the parts that Meta tells: it names no media header, which stays as it was."""
    parts: list[JsonObject] = []
    if title := text(value.get("message_template_title")):
        parts.append({"type": "HEADER", "format": "TEXT", "text": title})
    if body := text(value.get("message_template_element")):
        parts.append({"type": "BODY", "text": body})
    if footer := text(value.get("message_template_footer")):
        parts.append({"type": "FOOTER", "text": footer})
    if buttons := [_button(obj(one)) for one in items(value.get("message_template_buttons"))]:
        parts.append({"type": "BUTTONS", "buttons": buttons})
    told = tuple(obj(clean(part)) for part in parts)
    return TemplateNews(known.name, known.language, known.provider_id, components=told or None)


def _button(one: JsonObject) -> JsonObject:
    prefix = "message_template_button_"
    return {name.removeprefix(prefix): value for name, value in one.items() if name.startswith(prefix)}


def _short(value: object) -> str:
    return storable(text(value))[:512]


def _word(value: object) -> str | None:
    return storable(text(value))[:64] or None


def _reason(value: object) -> str | None:
    said = storable(text(value))[:300]
    return None if said in _NONE else said


_BY_FIELD: dict[str, Callable[[TemplateNews, JsonObject], TemplateNews]] = {
    "message_template_status_update": _status,
    "message_template_quality_update": _quality,
    "message_template_components_update": _components,
    "template_category_update": _category,
}
