"""Examples in the OpenAPI document: one of each object, made of an example of each of its fields."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from litestar.openapi.spec import OpenAPI, OpenAPIMediaType, Schema

from whatsapp_hub.adapters.http.pages.parts import components_of

_METHODS = ("get", "post", "put", "patch", "delete")

_VALUES: Mapping[str, Any] = {
    "accessToken": "EAAGm0PX4ZCps…",
    "action": "PATCH /api/departments/{id:uuid}",
    "agentId": "support-bot",
    "answerWithinMinutes": 5,
    "caller": "user",
    "caption": "Your order",
    "change": "update",
    "chatId": "5511988887777@s.whatsapp.net",
    "clientId": "shop",
    "code": "123456",
    "color": "#12ab9f",
    "confirm": "shop",
    "connection_status": "connected",
    "content": "Good morning! Where is my order?",
    "country": "BR",
    "customerName": "Ana Silva",
    "customerPhone": "5511988887777",
    "detail": "the address does not answer",
    "direction": "INBOUND",
    "email": "rita@shop.example",
    "endedReason": None,
    "entity": "department",
    "entityId": "0198c0de-7a11-7c5e-8c5e-5b5e7c5e8c5e",
    "error": None,
    "events": ["message.received", "conversation.*"],
    "file": "/api/exports/0198c0de-7a11-7c5e-8c5e-5b5e7c5e8c5e/file",
    "flowState": "ASSIGNED",
    "from": "5511988887777",
    "greetingMessage": "Welcome to the shop!",
    "headers": ["Authorization"],
    "hint": "hub_8Qm2xW4k",
    "holidays": ["2026-12-25"],
    "hours": {"timezone": "America/Sao_Paulo", "week": {"mon": [["09:00", "18:00"]]}, "holidays": ["2026-12-25"]},
    "instance": "/api/conversations",
    "instance_name": "Shop",
    "ipAddress": "203.0.113.7",
    "isBot": False,
    "isBroken": False,
    "isGroup": False,
    "key": "hub_8Qm2xW4kT0pVbR6y…",
    "labels": ["delivery"],
    "language": "pt-BR",
    "leaseOwner": "connector-1",
    "maxAgents": 10,
    "maxConversations": 5,
    "bot": "talking",
    "mediaUrl": None,
    "message": "Good morning!",
    "messageId": "evt_4711",
    "name": "Ana Silva",
    "nextCursor": "eyJzZXEiOjQ3MTF9",
    "note": "Asks for a refund",
    "number": "5511988887777",
    "ofBot": False,
    "ofSession": False,
    "outcome": None,
    "outsideHours": None,
    "password": "a long secret",
    "phoneNumber": "5511977776666",
    "phoneNumberId": "106540352242922",
    "phone_number": "5511977776666",
    "pointer": "/content",
    "position": 4711,
    "priority": "NORMAL",
    "profilePic": None,
    "promises": [],
    "provider": "WHATSAPP_CLOUD",
    "proxy": "socks5://proxy.example:1080",
    "qr": "2@Zk3q…",
    "qrCode": None,
    "qr_code": "data:image/png;base64,iVBORw0KGgo…",
    "rating": None,
    "readAt": None,
    "reason": None,
    "replyTo": "wamid.HBgNNTUxMTk4ODg4Nzc3NxUCABIYFg",
    "retryable": False,
    "revokedAt": None,
    "role": "AGENT",
    "routing": "departments",
    "routingReason": "assigned to Rita: fewest conversations (0)",
    "scopes": ["read-conversations", "work-conversations"],
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "setting": "accessToken",
    "settings": {},
    "shortcut": "hours",
    "skills": ["delivery"],
    "slug": "sales",
    "statusReason": None,
    "status_reason": None,
    "table": "messages",
    "targetWarningPercent": 80,
    "text": "Good morning!",
    "textLimit": 4096,
    "timezone": "America/Sao_Paulo",
    "title": "Not deliverable",
    "to": "5511988887777",
    "token": "eyJhbGciOiJIUzI1NiJ9…",
    "unassignedAt": None,
    "url": "https://shop.example/hook",
    "userAgent": "Mozilla/5.0",
    "user_id": "42",
    "value": "5511988887777",
    "verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "version": "0.1.0",
    "way": "deleted",
    "webhookSecret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "webhookUrl": "https://shop.example/hook",
    "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "webhook_url": "https://shop.example/hook",
    "whatsappMessageId": "wamid.HBgNNTUxMTk4ODg4Nzc3NxUCABIYFg",
    "words": ["refund"],
    "ActionsBody.departmentId": None,
    "ActionsView.departmentId": None,
    "AgentSession.qrCode": "data:image/png;base64,iVBORw0KGgo…",
    "AgentSession.status": "LOADING_QR",
    "AgentState.status": "CONNECTED",
    "ApiKeyBody.name": "CRM",
    "ApiKeyView.name": "CRM",
    "AssignmentView.reason": "assigned to Rita: fewest conversations (0)",
    "AttemptRecord.at": "2026-03-02T13:45:10.123456Z",
    "AttemptRecord.status": 200,
    "AttemptView.status": 200,
    "AuditView.after": {"name": "Sales"},
    "AuditView.before": {"name": "Shop"},
    "AuditView.id": "4711",
    "ClientSession.qrCode": "data:image/png;base64,iVBORw0KGgo…",
    "ClientSession.status": "qr_pending",
    "CompanyPatch.name": "Shop",
    "CompanyView.name": "Shop",
    "ConversationDetail.status": "ASSIGNED",
    "ConversationView.status": "ASSIGNED",
    "DeliveryView.state": "delivered",
    "DeliveryView.type": "message.received",
    "DepartmentBody.name": "Sales",
    "DepartmentPatch.name": "Sales",
    "DepartmentView.name": "Sales",
    "ErasureView.state": "finished",
    "FailureView.code": "131026",
    "FilledReply.content": "Hello Ana!",
    "HappeningView.type": "session.connected",
    "LifeCode.qrCode": "data:image/png;base64,iVBORw0KGgo…",
    "LifeSession.status": "CONNECTING",
    "ListedClientMessage.direction": "inbound",
    "ListedClientMessage.status": "delivered",
    "ListedClientMessage.to": None,
    "ListedClientMessage.type": "text",
    "ListedClientSession.status": "connected",
    "ListedRule.name": "Refunds",
    "MessageView.senderId": None,
    "MessageView.status": "DELIVERED",
    "NewApiKey.name": "CRM",
    "NewInstance.connection_status": "qr_pending",
    "NoteBody.content": "Asks for a refund",
    "NoteView.content": "Asks for a refund",
    "OwnCompany.name": "Shop",
    "OwnCompany.slug": "shop",
    "OwnUser.may": ["read-conversations", "work-conversations"],
    "OwnUser.name": "Rita",
    "QuickReplyBody.content": "Hello {{customerName}}, we are open until 6 p.m.",
    "QuickReplyPatch.content": "Hello {{customerName}}, we are open until 6 p.m.",
    "QuickReplyView.content": "Hello {{customerName}}, we are open until 6 p.m.",
    "RuleBody.name": "Refunds",
    "RulePatch.name": "Refunds",
    "SentByInstance.status": "PENDING",
    "SentMessage.status": "PENDING",
    "SessionBody.name": "Shop",
    "SessionDetail.name": "Shop",
    "SessionDetail.warnings": [],
    "SessionPatch.name": "Shop",
    "ListedClientSession.name": "Shop",
    "Template.components": [],
    "Template.name": "order_shipped",
    "TenantBody.name": "Shop",
    "TenantBody.slug": "shop",
    "TenantPatch.name": "Shop",
    "TenantPatch.slug": "shop",
    "TenantView.name": "Shop",
    "TenantView.slug": "shop",
    "UserBody.name": "Rita",
    "UserPatch.name": "Rita",
    "UserView.name": "Rita",
    "WebhookBody.headers": {},
    "WebhookPatch.headers": {},
    "sat": [["09:00", "12:00"]],
    "sessionId": "shop-1",
    "Problem.type": "urn:whatsapp-hub:problem:invalid",
    "Problem.title": "Invalid",
    "Problem.status": 400,
    "Problem.detail": "/content must not be empty",
    "ListedClientMessage.sessionId": "shop-1",
    "BotView.url": "https://shop.example/bot",
    "BotBody.url": "https://shop.example/bot",
    "SessionDetail.status": "CONNECTED",
    "SessionView.status": "CONNECTED",
    "ConnectionView.status": "CONNECTED",
    "CapabilitiesView.sends": ["TEXT", "IMAGE"],
    "CustomerBody.text": "Good morning!",
    "mon": [["09:00", "18:00"]],
    "tue": [["09:00", "18:00"]],
    "wed": [["09:00", "18:00"]],
    "thu": [["09:00", "18:00"]],
    "fri": [["09:00", "18:00"]],
    "sun": [["09:00", "18:00"]],
    "EventView.id": "evt_4711",
    "EventView.type": "message.received",
    "PingView.id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    "PingView.type": "webhook.test",
    "push_name": "Ana",
    "pushName": "Shop",
    "from_me": False,
    "is_group": False,
    "fromMe": False,
    "media_url": None,
    "InstanceMessage.id": "0198c0de-7a11-7c5e-8c5e-5b5e7c5e8c5e",
    "InstanceMessage.type": "TEXT",
    "InstanceMessage.timestamp": "2026-03-02T13:45:10Z",
    "WahaMessageEvent.event": "message",
    "WahaAckEvent.event": "message.ack",
    "WahaSessionEvent.event": "session.status",
    "session": "shop-1",
    "engine": "HUB",
    "WahaMessageEvent.id": "evt_4711",
    "WahaAckEvent.id": "evt_4711",
    "WahaSessionEvent.id": "evt_4711",
    "WahaMessageEvent.timestamp": 1772459110123,
    "WahaAckEvent.timestamp": 1772459110123,
    "WahaSessionEvent.timestamp": 1772459110123,
    "WahaMessage.timestamp": 1772459110,
    "WahaMessage.id": "false_5511988887777@c.us_3EB0C767D26A1D8D8E",
    "WahaAck.id": "true_5511988887777@c.us_3EB0C767D26A1D8D8E",
    "WahaMe.id": "5511977776666@c.us",
    "source": "app",
    "body": "Good morning!",
    "hasMedia": False,
    "media": None,
    "WahaMessage.ack": 2,
    "ackName": "DEVICE",
    "WahaAck.ack": 2,
    "WahaMessage.from": "5511988887777@c.us",
    "WahaMessage.to": "5511977776666@c.us",
    "WahaAck.from": "5511988887777@c.us",
    "WahaAck.fromMe": True,
    "WahaEnvironment.version": "whatsapp_hub",
    "tier": "PLUS",
    "WahaSessionStatus.name": "shop-1",
    "WahaSessionStatus.status": "WORKING",
    "WahaSessionStatus.data": None,
    "statuses": [],
    "WahaReason.reason": "client_outdated",
}
"""By a field's name, or by `Schema.field` where it differs. A value that the field's schema does not allow is passed
over."""

_LEFT_OUT = frozenset(
    {
        *("AgentSession.reason", "AgentState.reason", "LifeSession.reason", "ClientSession.statusReason"),
        *("SentMessage.reason", "SentMessage.error", "SentByInstance.reason", "SentByInstance.error"),
        *("BotView.secret", "WeekView.sun"),
        *("StartBody.template", "WahaMessage.participant", "WahaAck.error"),
    }
)
"""Fields that are usually absent."""

_BY_FORMAT = {"date-time": "2026-03-02T13:45:10Z", "date": "2026-03-02", "binary": "…"}
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def add_examples(document: OpenAPI) -> None:
    """Give every object of the document an example, and every JSON body that is not simply one of them."""
    schemas = components_of(document).schemas
    examples = _Examples({name: schema.to_schema() for name, schema in schemas.items()})
    for name, schema in schemas.items():
        if schema.properties and not schema.examples:
            schema.examples = [_raw(examples.of_component(name))]
    for body in _bodies(document):
        if isinstance(body.schema, Schema) and body.example is None:
            body.example = _raw(examples.of(body.schema.to_schema()))


def _raw(example: Any) -> msgspec.Raw:
    """Encode an example now: Litestar leaves nulls out of what it encodes."""
    return msgspec.Raw(msgspec.json.encode(example))


def _bodies(document: OpenAPI) -> Iterator[OpenAPIMediaType]:
    """Yield the JSON bodies of all operations."""
    for item in (*(document.paths or {}).values(), *(document.webhooks or {}).values()):
        for operation in filter(None, (getattr(item, method) for method in _METHODS)):
            for owner in (operation.request_body, *(operation.responses or {}).values()):
                content = getattr(owner, "content", None) or {}
                yield from (body for kind, body in content.items() if "json" in kind)


class _Examples:
    """`schemas`: the document's components as JSON."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = schemas

    def of_component(self, name: str) -> Any:
        return self.of(self._schemas[name], name)

    def of(self, schema: Mapping[str, Any], owner: str = "", field: str = "") -> Any:
        """Make an example. `owner`: the component that it is, or that has it as `field`."""
        for name in (f"{owner}.{field}", field):
            if name in _VALUES and self._fits(schema, _VALUES[name]):
                return _VALUES[name]
        if reference := schema.get("$ref"):
            return self.of_component(reference.rsplit("/", 1)[-1])
        if several := schema.get("oneOf"):
            return self.of(several[0], owner, field)
        if properties := schema.get("properties"):
            shown = {name: inner for name, inner in properties.items() if f"{owner}.{name}" not in _LEFT_OUT}
            return {name: self.of(inner, owner, name) for name, inner in shown.items()}
        if schema.get("type") == "array":
            return [self.of(item, owner) for item in schema.get("prefixItems") or [schema.get("items", {})]]
        return self._plain(schema, field)

    def _plain(self, schema: Mapping[str, Any], field: str) -> Any:
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][0]
        if schema.get("format") == "uuid":
            return str(uuid5(NAMESPACE_URL, field))
        kind = schema.get("type", "object")
        return _BY_FORMAT.get(schema.get("format", "")) or _BY_TYPE.get(kind, {})

    def _fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        if reference := schema.get("$ref"):
            return self._fits(self._schemas[reference.rsplit("/", 1)[-1]], value)
        if several := schema.get("oneOf"):
            return any(self._fits(one, value) for one in several)
        if "enum" in schema:
            return value in schema["enum"]
        kind = schema.get("type")
        return "format" not in schema and "const" not in schema and isinstance(value, _TYPES.get(kind or "", object))
