"""Identifiers: UUIDs (version 7 where the hub makes them), distinct by type."""

from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
UserId = NewType("UserId", UUID)
SignInId = NewType("SignInId", UUID)
OidcLinkId = NewType("OidcLinkId", UUID)
SessionId = NewType("SessionId", UUID)
ContactId = NewType("ContactId", UUID)
ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", UUID)
DepartmentId = NewType("DepartmentId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
NoteId = NewType("NoteId", UUID)
MediaId = NewType("MediaId", UUID)
QuickReplyId = NewType("QuickReplyId", UUID)
RuleId = NewType("RuleId", UUID)
TemplateId = NewType("TemplateId", UUID)
NotificationId = NewType("NotificationId", UUID)
WebhookId = NewType("WebhookId", UUID)
ErasureId = NewType("ErasureId", UUID)
ExportId = NewType("ExportId", UUID)
CampaignId = NewType("CampaignId", UUID)
