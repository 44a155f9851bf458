"""All of the contract. In a module with a fixture `world` (and `other`, another tenant of the same storage):

from tests.contracts.storage.suite import *  # noqa: F403 (all that a storage must hold to)
"""

from tests.contracts.storage import (
    accounts,
    blocks,
    campaigns,
    connections,
    contacts,
    conversations,
    directory,
    fetches,
    files,
    inbox,
    lanes,
    moved_lanes,
    people,
    scheduled,
    sessions,
    templates,
    transactions,
    webhooks,
)


class TestTransactions(transactions.TransactionContract): ...


class TestTenancy(transactions.TenancyContract): ...


class TestDepartments(people.DepartmentContract): ...


class TestUsers(people.UserContract): ...


class TestCompany(accounts.CompanyContract): ...


class TestCredentials(accounts.CredentialContract): ...


class TestCampaigns(campaigns.CampaignContract): ...


class TestTemplates(templates.TemplateContract): ...


class TestContacts(contacts.ContactContract): ...


class TestConversations(conversations.ConversationContract): ...


class TestConversationSearch(conversations.ConversationSearchContract): ...


class TestMessages(conversations.MessageContract): ...


class TestFiles(files.FileContract): ...


class TestProviderBlocks(blocks.ProviderBlockContract): ...


class TestFetches(fetches.FetchContract): ...


class TestNotifications(conversations.NotificationContract): ...


class TestSessions(sessions.SessionContract): ...


class TestSessionHistory(sessions.SessionHistoryContract): ...


class TestIdempotency(sessions.IdempotencyContract): ...


class TestLanes(lanes.LaneContract): ...


class TestMovedLanes(moved_lanes.MovedLaneContract): ...


class TestReceipts(lanes.ReceiptContract): ...


class TestInbox(inbox.InboxContract): ...


class TestWebhooks(webhooks.WebhookContract): ...


class TestDeliveries(webhooks.DeliveryContract): ...


class TestLog(webhooks.LogContract): ...


class TestConnections(connections.ConnectionContract): ...


class TestLeases(connections.LeaseContract): ...


class TestCommands(connections.CommandContract): ...


class TestDirectory(directory.DirectoryContract): ...


class TestPrivacy(directory.PrivacyContract): ...


class TestScheduled(scheduled.ScheduledContract): ...
