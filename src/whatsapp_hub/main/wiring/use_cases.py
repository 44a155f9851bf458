"""Use cases on the storage."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

from dishka import Provider, Scope, provide, provide_all

from whatsapp_hub.adapters.providers.sandbox.inbound import customer_wrote
from whatsapp_hub.adapters.redis.wakes import Wakes
from whatsapp_hub.application.accounts.api_keys import CreateApiKey, ListApiKeys, RevokeApiKey
from whatsapp_hub.application.accounts.company import UpdateCompany
from whatsapp_hub.application.accounts.default_session import SetCredentials
from whatsapp_hub.application.accounts.departments import CreateDepartment, DeleteDepartment, UpdateDepartment
from whatsapp_hub.application.accounts.move_tenants import MoveTenant
from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.accounts.operators import ListUsers, ResetSecondFactor, SetPassword, SignOutUser
from whatsapp_hub.application.accounts.preferences import KeepPreferences, ReadPreferences
from whatsapp_hub.application.accounts.quick_replies import (
    CreateQuickReply,
    DeleteQuickReply,
    FillQuickReply,
    UpdateQuickReply,
)
from whatsapp_hub.application.accounts.remove_tenants import DeleteTenant, RemoveTenants
from whatsapp_hub.application.accounts.rules import CreateRule, DeleteRule, ListRules, UpdateRule
from whatsapp_hub.application.accounts.tenants import CreateOperator, CreateTenant, EnsureAdmin
from whatsapp_hub.application.accounts.users import RegisterUser, UpdateUser
from whatsapp_hub.application.authentication.admit_administrator import AdmitAdministrator
from whatsapp_hub.application.authentication.password_reset import (
    OfferPasswordReset,
    ReadPasswordReset,
    ResetPassword,
)
from whatsapp_hub.application.authentication.sign_ins import EndSignIn, EndSignIns, ListSignIns, OpenSignIn
from whatsapp_hub.application.campaigns.fill_campaigns import FillCampaigns
from whatsapp_hub.application.campaigns.manage_campaigns import (
    CancelCampaign,
    CreateCampaign,
    DeleteCampaign,
    MatchAudience,
    PauseCampaign,
    ResumeCampaign,
    StartCampaign,
)
from whatsapp_hub.application.campaigns.opt_out import OptContactOut
from whatsapp_hub.application.campaigns.show_campaigns import (
    CountCampaigns,
    ListCampaigns,
    ListRecipients,
    ShowCampaign,
)
from whatsapp_hub.application.connecting.connection_records import RecordConnections, TendConnections
from whatsapp_hub.application.contacts.edit_contact import BlockContact, EditContact
from whatsapp_hub.application.contacts.exchange_contacts import ImportContacts
from whatsapp_hub.application.contacts.join_contacts import MergeContacts, SplitContact
from whatsapp_hub.application.contacts.tell_blocks import ListProviderBlocks, TellBlocks
from whatsapp_hub.application.handling.ask_for_conversation import AskForConversation
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.handling.classify_conversation import ClassifyConversation, RenameCustomer
from whatsapp_hub.application.handling.close_conversation import (
    ArchiveConversation,
    ReopenConversation,
    ResolveConversation,
)
from whatsapp_hub.application.handling.hand_off_conversation import HandOffConversation
from whatsapp_hub.application.handling.mark_read import MarkConversationRead, MarkConversationUnread
from whatsapp_hub.application.handling.notes import AddNote, ChangeNote, DeleteNote
from whatsapp_hub.application.handling.read_notifications import ReadNotifications
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.handling.show_typing import ShowTyping
from whatsapp_hub.application.handling.snooze_conversation import SnoozeConversation, WakeSnoozed
from whatsapp_hub.application.handling.take_thread import TakeThread
from whatsapp_hub.application.handling.transfer_conversation import TransferConversation, UnassignConversation
from whatsapp_hub.application.maintenance.recount_media import RecountMedia
from whatsapp_hub.application.maintenance.trim import Trim, TrimNotifications
from whatsapp_hub.application.maintenance.trim_messages import TrimMessages
from whatsapp_hub.application.media.collect_files import CollectFiles
from whatsapp_hub.application.media.fetch_media import FetchBounds, FetchMedia
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.media.move_old_files import MoveOldFiles
from whatsapp_hub.application.media.open_link import OpenLink
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.media.send_media import SendMedia
from whatsapp_hub.application.moving.move_session import ForeseeMove, MoveSession
from whatsapp_hub.application.moving.plan_move import MakePlannedMoves, PlanMove
from whatsapp_hub.application.ports.edge.clock import Clock, NewId, RetentionClock
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.inspection import InspectsFiles
from whatsapp_hub.application.ports.edge.numbering import NumberingPlans
from whatsapp_hub.application.ports.edge.realtime import ShowsCustomerTyping
from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.commands import Commands
from whatsapp_hub.application.ports.queues.inbox import InboxAppender
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.presence.set_presence import ExpirePresence, Heartbeat, SetPresence
from whatsapp_hub.application.privacy.erase_contact import EraseContact, EraseContacts, ShowErasures
from whatsapp_hub.application.privacy.export_contact import ExportContact, OpenExport
from whatsapp_hub.application.privacy.keep_retention import KeepRetention
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.receiving.accept_webhook import AcceptWebhook, AnswerHandshake, WebhookCounts
from whatsapp_hub.application.receiving.poll_silent import PollSilent
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.receiving.warn_unassigned import WarnUnassigned
from whatsapp_hub.application.receiving.write_as_customer import CustomerWrote, ReadPhone, WriteAsCustomer
from whatsapp_hub.application.routing.check_deadlines import CheckDeadlines
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.application.routing.redirect_overdue import RedirectOverdue
from whatsapp_hub.application.routing.redistribute import RedistributeAll, RedistributeConversations
from whatsapp_hub.application.routing.resolve_quiet import ResolveQuiet
from whatsapp_hub.application.routing.serve_queue import ServeAllQueues, ServeFreed, ServeQueue
from whatsapp_hub.application.security.seal_addresses import SealAddresses
from whatsapp_hub.application.sending.complete_sends import SettleStale
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.application.sending.schedule_message import CancelScheduled, ListScheduled, ScheduleMessage
from whatsapp_hub.application.sending.send_again import SendAgain
from whatsapp_hub.application.sending.send_message import SendMessage, StartConversation
from whatsapp_hub.application.sending.send_scheduled import SendScheduled
from whatsapp_hub.application.sending.settle_message import FailMessage, RetryMessage
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.bind_bot import BindBot, UnbindBot
from whatsapp_hub.application.sessions.close_idle import CloseIdleSessions, IdleLimit
from whatsapp_hub.application.sessions.close_sessions import UnlinkSession
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.holder_commands import AskHolder, LogOut, RequestPairingCode
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, DeleteSession, UpdateSession
from whatsapp_hub.application.sessions.pair_sessions import FollowPairing, TendPairings
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit, StopSession
from whatsapp_hub.application.sessions.session_history import ReadSessionHistory, WriteHistory
from whatsapp_hub.application.sessions.take_up_environment import TakeUpEnvironment
from whatsapp_hub.application.templates.fetch_templates import SyncStale, SyncTemplates
from whatsapp_hub.application.templates.manage_templates import CreateTemplate, DeleteTemplate, PreviewTemplate
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.messaging.capabilities import MB
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.storing import pacing_of


class UseCases(Provider):
    """Every use case, by its dependencies."""

    scope = Scope.APP

    everyone = provide_all(
        *(RegisterUser, UpdateUser, CreateDepartment, UpdateDepartment, DeleteDepartment),
        *(CreateApiKey, ListApiKeys, RevokeApiKey, ListSignIns, EndSignIn, EndSignIns),
        *(CreateOperator, ListUsers, ResetSecondFactor, SetPassword, SignOutUser, EnsureAdmin, SetPresence, Heartbeat),
        *(OpenSignIn, AdmitAdministrator, ReadPreferences, KeepPreferences),
        *(CreateSession, CreateStartedSession, UpdateSession, DeleteSession, InitSession, StopSession),
        *(ForeseeMove, MoveSession, PlanMove, MakePlannedMoves),
        *(BindBot, UnbindBot, CloseIdleSessions, ReadSessionHistory, WriteHistory),
        *(UnlinkSession, DeleteTenant, RemoveTenants, MoveTenant),
        *(ExportContact, OpenExport, EraseContact, EraseContacts, ShowErasures, KeepRetention),
        *(AskHolder, RequestPairingCode, LogOut, TendConnections, RecordConnections, FollowPairing),
        *(OpenRound, ScheduleMessage, ListScheduled, CancelScheduled, SendScheduled),
        *(ReadNumber, SendMessage, StartConversation, SendAgain, RetryMessage, FailMessage, SettleStale),
        *(AskForConversation, AssignConversation, UnassignConversation, TransferConversation, MarkConversationRead),
        *(MarkConversationUnread, SnoozeConversation, WakeSnoozed, ShowTyping, TakeThread),
        *(CreateCampaign, MatchAudience, StartCampaign, PauseCampaign, ResumeCampaign, CancelCampaign, DeleteCampaign),
        *(ListCampaigns, ShowCampaign, ListRecipients, CountCampaigns, OptContactOut),
        *(ListProviderBlocks, TellBlocks, EditContact, BlockContact, MergeContacts, SplitContact, ImportContacts),
        *(RenameCustomer, ClassifyConversation, HandOffConversation),
        *(ResolveConversation, ArchiveConversation, ReopenConversation, ReadNotifications),
        *(AddNote, ChangeNote, DeleteNote),
        *(NewPasswords, OfferPasswordReset, ReadPasswordReset, ResetPassword),
        *(CreateQuickReply, UpdateQuickReply, DeleteQuickReply, FillQuickReply, UpdateCompany, SetCredentials),
        *(ListRules, CreateRule, UpdateRule, DeleteRule),
        *(SyncTemplates, SyncStale, CreateTemplate, DeleteTemplate, PreviewTemplate),
        *(ServeQueue, ServeFreed, ServeAllQueues, RedirectOverdue, ExpireFlows, CheckDeadlines),
        ResolveQuiet,
        *(RedistributeConversations, RedistributeAll, ExpirePresence),
        SealAddresses,
        *(KeepFile, ReadFile, SendMedia, CollectFiles, MoveOldFiles),
        *(AnswerHandshake, WriteAsCustomer, ReadPhone, Trim, TrimNotifications, RecountMedia),
    )

    @provide
    def create_tenant(self, storage: Storage, clock: Clock, new_id: NewId, settings: Settings) -> CreateTenant:
        return CreateTenant(storage, clock, new_id, Placement(settings.tenant_placement))

    @provide
    def poll_silent(self, storage: Storage, providers: Providers, settings: Settings) -> PollSilent:
        return PollSilent(storage, providers, settings.waha_polling_interval_ms / 1000)

    @provide
    def advance(self, clock: Clock, settings: Settings) -> AdvanceConnection:
        return AdvanceConnection(clock, settings.reconnect_policy, random.random)

    @provide
    def media_links(self, box: SecretBox, clock: Clock, settings: Settings) -> MediaLinks:
        return MediaLinks(box, clock, settings.public_url)

    @provide
    def open_link(self, links: MediaLinks, storage: Storage) -> OpenLink:
        return OpenLink(links, storage)

    @provide
    def idle_limit(self, settings: Settings) -> IdleLimit:
        return IdleLimit(settings.idle)

    @provide
    def reconnect_policy(self, settings: Settings) -> ReconnectPolicy:
        return settings.reconnect_policy

    @provide
    def limit(self, settings: Settings) -> SessionLimit:
        return SessionLimit(settings.sessions_per_connector)

    @provide
    def trim_messages(self, storage: Storage, long_past: RetentionClock, settings: Settings) -> TrimMessages:
        days = settings.messages_retention_days
        return TrimMessages(storage, long_past, timedelta(days=days) if days else None)

    @provide
    def take_up_environment(
        self,
        storage: Storage,
        providers: Providers,
        box: SecretBox,
        create: CreateStartedSession,
        start: InitSession,
        stop: StopSession,
        clock: Clock,
        settings: Settings,
    ) -> TakeUpEnvironment:
        environment = settings.environment
        return TakeUpEnvironment(storage, providers, clock, box, create, start, stop, environment)

    @provide
    def counts(self) -> WebhookCounts:
        return WebhookCounts()

    @provide
    def receive_events(
        self,
        storage: Storage,
        providers: Providers,
        clock: Clock,
        new_id: NewId,
        advance: AdvanceConnection,
        show: ShowCustomer,
        show_agents: ShowsCustomerTyping,
        plans: NumberingPlans,
    ) -> ReceiveEvents:
        return ReceiveEvents(storage, providers, clock, new_id, advance, show, show_agents, plans.country)

    @provide
    def accept_webhook(
        self,
        providers: Providers,
        directory: Directory,
        inbox: InboxAppender,
        counts: WebhookCounts,
        warn: WarnUnassigned,
    ) -> AcceptWebhook:
        return AcceptWebhook(providers, directory, inbox, counts, warn)

    @provide
    async def show_customer(
        self, providers: Providers, commands: Commands, new_id: NewId, storage: Storage
    ) -> AsyncIterator[ShowCustomer]:
        show = ShowCustomer(providers, commands, new_id, storage)
        yield show
        await show.aclose()

    @provide
    async def warn_unassigned(self, storage: Storage, clock: Clock) -> AsyncIterator[WarnUnassigned]:
        warn = WarnUnassigned(storage, clock)
        yield warn
        await warn.aclose()

    @provide
    async def tend_pairings(
        self, storage: Storage, providers: Providers, clock: Clock, follow: FollowPairing
    ) -> AsyncIterator[TendPairings]:
        tend = TendPairings(storage, providers, clock, follow)
        yield tend
        await tend.aclose()

    @provide
    async def fetch_media(
        self,
        storage: Storage,
        providers: Providers,
        files: FileStore,
        keep_file: KeepFile,
        inspect: InspectsFiles,
        clock: Clock,
        settings: Settings,
        wakes: Wakes,
    ) -> AsyncIterator[FetchMedia]:
        bounds, freed = FetchBounds(settings.media_max_megabytes * MB), partial(wakes.ring, Work.MEDIA)
        fetch = FetchMedia(storage, providers, files, keep_file, inspect, clock, bounds, freed)
        yield fetch
        await fetch.aclose()

    @provide
    def wrote(self) -> CustomerWrote:
        return customer_wrote

    @provide
    def fill_campaigns(
        self,
        storage: Storage,
        providers: Providers,
        clock: Clock,
        new_id: NewId,
        open_round: OpenRound,
        settings: Settings,
    ) -> FillCampaigns:
        pacing = {kind: pacing_of(plugin.capabilities, settings) for kind, plugin in providers.plugins.items()}
        return FillCampaigns(storage, providers, clock, new_id, open_round, pacing)

    @provide
    async def drain_lanes(
        self,
        storage: Storage,
        providers: Providers,
        clock: Clock,
        new_id: NewId,
        settings: Settings,
        read_file: ReadFile,
        wakes: Wakes,
        links: MediaLinks,
    ) -> AsyncIterator[DrainLanes]:
        pacing = {
            kind: pacing_of(plugin.capabilities, settings)
            for kind, plugin in providers.plugins.items()
            if not plugin.capabilities.holds_socket
        }
        drain = DrainLanes(storage, providers, clock, new_id, pacing, read_file, partial(wakes.ring, Work.LANES))
        drain.links = links if settings.hub_public_url else None
        yield drain
        await drain.aclose()
