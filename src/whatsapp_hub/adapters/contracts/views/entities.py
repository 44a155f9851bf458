"""Entities in the form of contract F: camelCase, ids as text, times RFC 3339 in UTC with Z.

Pure and shared: the log, the API, sockets, webhooks and the console all say the same. Values are plain JSON values, so
that any encoder takes them. Password hashes and settings are never shown.
"""

from datetime import UTC, datetime
from uuid import UUID

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.bot import Bot, BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.service.service_level import USUAL
from whatsapp_hub.domain.sessions.session import Session

Shown = dict[str, object]


def time(at: datetime | None) -> str | None:
    if at is None:
        return None
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.isoformat()[:-6]}Z"


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def message(message: Message) -> Shown:
    content = message.content
    return {
        "id": str(message.id),
        "whatsappMessageId": message.whatsapp_message_id,
        "sessionId": str(message.session_id),
        "conversationId": str(message.conversation_id),
        "contactId": str(message.contact_id),
        "senderId": _id(message.sender_id),
        "direction": message.direction.value,
        "type": content.type.value,
        "content": content.text,
        "mediaUrl": content.media_url,
        "status": message.status.value,
        "outcome": None if message.outcome is None else message.outcome.value,
        "error": None if message.error is None else failure(message.error),
        "isBot": message.is_bot,
        "timestamp": time(message.timestamp),
        "createdAt": time(message.created_at),
    }


def failure(failure: Failure) -> Shown:
    """Show why a message is FAILED, or why its outcome is unknown."""
    return {
        "code": failure.code,
        "title": failure.title,
        "detail": failure.detail,
        "retryable": failure.retryable,
    }


def conversation(conversation: Conversation) -> Shown:
    return {
        "id": str(conversation.id),
        "companyId": str(conversation.tenant_id),
        "sessionId": str(conversation.session_id),
        "contactId": str(conversation.contact_id),
        "customerPhone": conversation.customer_phone,
        "customerName": conversation.customer_name,
        "status": conversation.status.value,
        "flowState": conversation.flow_state.value,
        "departmentId": _id(conversation.department_id),
        "assignedUserId": _id(conversation.assigned_user_id),
        "timeoutAt": time(conversation.timeout_at),
        "routedAt": time(conversation.routed_at),
        "assignedAt": time(conversation.assigned_at),
        "greetingSentAt": time(conversation.greeting_sent_at),
        "lastDepartmentId": _id(conversation.last_department_id),
        "lastAttendantId": _id(conversation.last_attendant_id),
        "routingReason": conversation.routing_reason,
        "bot": None if conversation.bot_part is BotPart.NONE else conversation.bot_part.value,
        "unreadCount": conversation.unread_count,
        "firstResponseDueAt": time(conversation.targets.first_response.due_at),
        "resolutionDueAt": time(conversation.targets.resolution.due_at),
        "breaches": [target.value for target in conversation.targets.breaches],
        "rating": conversation.rating.value,
        "priority": conversation.priority.name,
        "labels": list(conversation.labels),
        "metadata": {"chatId": conversation.chat, "profile": {"name": conversation.profile_name}},
        "createdAt": time(conversation.created_at),
        "updatedAt": time(conversation.updated_at),
    }


def contact(contact: Contact) -> Shown:
    return {
        "id": str(contact.id),
        "phoneNumber": contact.phone_number,
        "name": contact.name,
        "profilePic": contact.profile_pic,
        "isGroup": contact.is_group,
        "identities": [{"kind": i.kind.value, "value": i.value} for i in contact.identities],
        "createdAt": time(contact.created_at),
    }


def bot(bot: Bot) -> Shown:
    return {
        "webhookId": str(bot.webhook_id),
        "url": bot.url,
        "departmentId": _id(bot.department_id),
        "answerWithinMinutes": bot.answer_within_minutes,
    }


def session(session: Session) -> Shown:
    return {
        "id": str(session.id),
        "sessionId": session.key,
        "name": session.name,
        "phoneNumber": session.phone_number,
        "provider": session.provider,
        "agentId": session.agent_id,
        "userId": _id(session.user_id),
        "departmentId": _id(session.department_id),
        "routing": session.routing.value,
        "status": session.status.value,
        "statusReason": session.status_reason,
        "isActive": session.is_active,
        "qrCode": session.qr_code,
        "webhookUrl": session.webhook_url,
        "bot": bot(session.bot) if session.bot else None,
        "createdAt": time(session.created_at),
        "updatedAt": time(session.updated_at),
    }


def user(user: User) -> Shown:
    return {
        "id": str(user.id),
        "companyId": str(user.tenant_id),
        "email": user.email,
        "name": user.name,
        "role": user.role.value,
        "onlineStatus": user.online_status.value,
        "isActive": user.is_active,
        "departmentId": _id(user.department_id),
        "maxConversations": user.max_conversations,
        "skills": list(user.skills),
        "lastHeartbeat": time(user.last_heartbeat),
        "createdAt": time(user.created_at),
    }


def department(department: Department) -> Shown:
    return {
        "id": str(department.id),
        "companyId": str(department.tenant_id),
        "name": department.name,
        "slug": department.slug,
        "color": department.color,
        "isRoot": department.is_root,
        "responseTimeoutMinutes": department.response_timeout_minutes,
        "maxAgents": department.max_agents,
        "maxConversations": department.max_conversations,
        "lastAgentFirst": department.last_agent_first,
        "prefersSkills": department.prefers_skills,
        "hours": department.hours.shown() if department.hours else None,
        **department.level.shown(),
        "createdAt": time(department.created_at),
    }


def quick_reply(reply: QuickReply) -> Shown:
    return {
        "id": str(reply.id),
        "shortcut": reply.shortcut,
        "content": reply.content,
        "createdAt": time(reply.created_at),
        "updatedAt": time(reply.updated_at),
    }


def rule(rule: Rule) -> Shown:
    if_, then = rule.conditions, rule.actions
    return {
        "id": str(rule.id),
        "place": rule.place,
        "name": rule.name,
        "conditions": {
            "sessionId": _id(if_.session_id),
            "words": list(if_.words),
            "outsideHours": if_.outside_hours,
        },
        "actions": {
            "labels": list(then.labels),
            "priority": None if then.priority is None else then.priority.name,
            "departmentId": _id(then.department_id),
        },
        "createdAt": time(rule.created_at),
        "updatedAt": time(rule.updated_at),
    }


def assignment(assignment: Assignment) -> Shown:
    return {
        "conversationId": str(assignment.conversation_id),
        "userId": str(assignment.user_id),
        "assignedAt": time(assignment.assigned_at),
        "unassignedAt": time(assignment.unassigned_at),
        "reason": assignment.reason,
    }


def note(note: Note) -> Shown:
    return {
        "id": str(note.id),
        "conversationId": str(note.conversation_id),
        "userId": _id(note.user_id),
        "content": note.content,
        "createdAt": time(note.created_at),
    }


def notification(notification: Notification) -> Shown:
    return {
        "id": str(notification.id),
        "userId": _id(notification.user_id),
        "kind": notification.kind.value,
        "conversationId": str(notification.conversation_id),
        "createdAt": time(notification.created_at),
        "readAt": time(notification.read_at),
    }


def company(tenant: Tenant) -> Shown:
    """Show what every user may know of the company. `timezone` is that of its hours, null where it has none."""
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "language": tenant.language.value,
        "country": tenant.country,
        "timezone": tenant.hours.timezone if tenant.hours else None,
    }


def tenant(tenant: Tenant) -> Shown:
    return {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "placement": tenant.placement.value,
        "language": tenant.language.value,
        "country": tenant.country,
        "greetingMessage": tenant.greeting,
        "texts": dict(tenant.texts),
        "hours": tenant.hours.shown() if tenant.hours else None,
        **tenant.level.over(USUAL).shown(),
        "quotas": {quota.value: tenant.quota(quota) for quota in Quota},
        "retention": tenant.retention.shown(),
        "secondFactorRequired": tenant.second_factor_required,
        "createdAt": time(tenant.created_at),
    }
