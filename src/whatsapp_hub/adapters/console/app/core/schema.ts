// Made by `make console-types` from the OpenAPI document. Never edited.
export interface ActionsBody {
  labels?: string[];
  priority?: "LOW" | "NORMAL" | "HIGH" | "URGENT" | null;
  departmentId?: string | null;
}
export interface ActionsView {
  labels: string[];
  priority: "LOW" | "NORMAL" | "HIGH" | "URGENT" | null;
  departmentId: string | null;
}
export interface AgentConnections {
  agentId: string;
  sessions: ConnectionView[];
}
export interface AgentSession {
  sessionId: string;
  agentId: string;
  status: string;
  qrCode: string | null;
  reason?: string;
}
export interface AgentState {
  sessionId: string;
  status: string;
  phoneNumber: string | null;
  lastSeenAt: string | null;
  reason?: string;
}
export interface AgentStatus {
  agentId: string;
  sessions: AgentState[];
}
export interface AgentView {
  userId: string;
  name: string;
  onlineStatus: OnlineStatus;
  assigned: number;
  resolved: number;
  messagesSent: number;
  avgFirstResponseTime: number | null;
  medianFirstResponseTime: number | null;
  avgFirstResponseTimeOpenHours: number | null;
  medianFirstResponseTimeOpenHours: number | null;
  ratings: RatingFigures;
}
export type AlertKind = "reconnect_storm" | "linked_twice" | "reachout_timelock" | "banned" | "account_disabled" | "account_restricted" | "account_changed" | "account_alert" | "sending_stopped" | "number_quality" | "number_name" | "user_preference" | "move_failed" | "template";
export interface ApiKeyBody {
  name: string;
  scopes?: string[] | null;
  expiresAt?: string | null;
}
export interface ApiKeyView {
  id: string;
  companyId: string;
  name: string;
  hint: string;
  scopes: string[] | null;
  createdBy: string;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
}
export interface AskBody {
  sessionId: string;
  to: string;
}
export interface AssignBody {
  userId?: string | null;
}
export interface AssignmentView {
  conversationId: string;
  userId: string;
  assignedAt: string;
  unassignedAt: string | null;
  reason: string;
}
export interface AttemptRecord {
  at?: string;
  error?: string | null;
  status?: number | null;
  tookMs?: number | null;
}
export interface AttemptView {
  delivered: boolean;
  status: number | null;
  error: string | null;
  tookMs: number;
}
export interface AudienceBody {
  contactIds?: string[] | null;
  labels?: string[];
  fields?: Record<string, string>;
  everybody?: boolean;
}
export interface AudienceCountView {
  matched: number;
  receive: number;
  optedOut: number;
  blocked: number;
  groups: number;
}
export interface AudienceRequest {
  audience: AudienceBody;
}
export interface AudienceView {
  named: number;
  labels: string[];
  fields: Record<string, string>;
  everybody: boolean;
}
export interface AudioContent {
  mediaId?: string | null;
  url?: string | null;
  caption?: string;
  fileName?: string | null;
  voice?: boolean;
  kind: "audio";
}
export interface AudioData {
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  seconds: number | null;
  voice: boolean;
  viewOnce: boolean;
  kind: "audio";
}
export interface AuditView {
  id: string;
  createdAt: string;
  caller: string;
  userId: string | null;
  email: string | null;
  ipAddress: string | null;
  action: string;
  change: string;
  entity: string;
  entityId: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
export type AuthMethod = "password" | "link" | "oidc";
export interface AuthorView {
  name: string | null;
  phone: string | null;
  identity: string | null;
}
export interface BotBody {
  url: string;
  departmentId?: string | null;
  answerWithinMinutes?: number;
}
export type BotPart = "none" | "talking" | "handed_over";
export interface BotView {
  webhookId: string;
  url: string;
  departmentId: string | null;
  answerWithinMinutes: number;
  secret?: string;
}
export interface BrowserSignedIn {
  user: UserView;
  secondFactorEnrolment?: boolean;
}
export interface BulkArchive {
  ids: string[];
  action: "archive";
}
export interface BulkAssign {
  userId?: string | null;
  ids: string[];
  action: "assign";
}
export interface BulkClassify {
  priority?: "LOW" | "NORMAL" | "HIGH" | "URGENT" | null;
  addLabels?: string[];
  removeLabels?: string[];
  ids: string[];
  action: "classify";
}
export interface BulkRead {
  ids: string[];
  action: "read";
}
export interface BulkResolve {
  reason?: string | null;
  note?: string | null;
  ids: string[];
  action: "resolve";
}
export interface BulkResult {
  id: string;
  problem: ProblemView | null;
}
export interface BulkSnooze {
  until: string | null;
  ids: string[];
  action: "snooze";
}
export interface BulkUnread {
  ids: string[];
  action: "unread";
}
export interface ButtonContent {
  id: string;
  title: string;
}
export interface ButtonView {
  id: string;
  title: string;
}
export interface ButtonsContent {
  text: string;
  buttons: ButtonContent[];
  kind: "buttons";
}
export interface ButtonsData {
  buttons: ButtonView[];
  kind: "buttons";
}
export interface CallData {
  state: CallState;
  video: boolean;
  seconds: number | null;
  kind: "call";
}
export type CallState = "ringing" | "failed" | "missed" | "rejected" | "accepted";
export interface CampaignBody {
  name: string;
  sessionId: string;
  template: CampaignTemplateBody;
  audience: AudienceBody;
  startAt?: string | null;
  dailyLimit?: number | null;
}
export interface CampaignCancelledEvent {
  id: string;
  type: "campaign.cancelled";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignData;
}
export interface CampaignCompletedEvent {
  id: string;
  type: "campaign.completed";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignData;
}
export interface CampaignCosts {
  billable: number;
  free: number;
}
export interface CampaignCounts {
  recipients: number;
  waiting: number;
  queued: number;
  unknown: number;
  sent: number;
  delivered: number;
  read: number;
  answered: number;
  failed: number;
  skipped: number;
  reasons: Record<string, number>;
  costs: CampaignCosts;
}
export interface CampaignCreatedEvent {
  id: string;
  type: "campaign.created";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignData;
}
export interface CampaignData {
  campaign: CampaignView;
}
export interface CampaignDeletedEvent {
  id: string;
  type: "campaign.deleted";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignData;
}
export interface CampaignPausedData {
  campaign: CampaignView;
  reason: Pause;
  detail?: string;
}
export interface CampaignPausedEvent {
  id: string;
  type: "campaign.paused";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignPausedData;
}
export interface CampaignResumedEvent {
  id: string;
  type: "campaign.resumed";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignData;
}
export interface CampaignStartedEvent {
  id: string;
  type: "campaign.started";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: CampaignData;
}
export type CampaignStatus = "DRAFT" | "SCHEDULED" | "RUNNING" | "PAUSED" | "COMPLETED" | "CANCELLED";
export interface CampaignTemplateBody {
  name: string;
  language: string;
  components?: (Record<string, unknown>)[];
}
export interface CampaignView {
  id: string;
  sessionId: string;
  name: string;
  status: CampaignStatus;
  template: WordingView;
  audience: AudienceView;
  dailyLimit: number | null;
  createdAt: string;
  createdBy: string | null;
  startsAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  pauseReason: Pause | null;
  pauseDetail: string | null;
}
export interface CapabilitiesView {
  provider: string;
  sends: MessageType[];
  features: Feature[];
  textLimit: number;
  sessionRate: RateView | null;
  chatRate: RateView | null;
  replyWindowHours: number | null;
  holdsSocket: boolean;
  promises: string[];
}
export interface Card {
  name: string;
  phones?: CardPhone[];
}
export interface CardPhone {
  phone: string;
}
export interface CardView {
  name: string | null;
  phones: string[];
  emails: string[];
  organization: string | null;
}
export interface ClientCode {
  sessionId: string;
  qrCode: string;
  position?: number;
}
export interface ClientMessage {
  id: string;
  whatsappMessageId: string | null;
  sessionId: string;
  conversationId: string;
  contactId: string;
  senderId: string | null;
  direction: string;
  type: string;
  content: string | null;
  mediaUrl: string | null;
  status: string;
  outcome: Outcome | null;
  error: FailureView | null;
  isBot: boolean;
  timestamp: string;
  createdAt: string;
  messageId: string;
  from: string;
}
export interface ClientMessageStatus {
  sessionId: string;
  messageId: string;
  status: string;
  position: number;
  error?: FailureView;
}
export interface ClientReceived {
  sessionId: string;
  message: ClientMessage;
  position: number;
}
export interface ClientSendBody {
  to: string;
  message: string;
  sendAt?: string | null;
  sessionId: string;
}
export interface ClientSession {
  sessionId: string;
  clientId: string;
  status: string;
  qrCode: string | null;
  statusReason?: string;
}
export interface ClientStatus {
  sessionId: string;
  status: string;
  statusReason?: string;
  position?: number;
}
export interface CodeView {
  sessionId: string;
  qr: string | null;
  qrCode: string | null;
  expiresAt: string | null;
}
export interface CompanyPatch {
  firstResponseTargetMinutes?: number | null;
  resolutionTargetMinutes?: number | null;
  targetWarningPercent?: number | null;
  asksRating?: boolean | null;
  resolveQuietAfterHours?: number | null;
  name?: string | null;
  language?: Language | null;
  greetingMessage?: string | null;
  texts?: Record<string, string> | null;
  hours?: HoursBody | null;
  country?: string | null;
  retention?: RetentionPatch;
  secondFactorRequired?: boolean | null;
  oidcRequired?: boolean | null;
  resolveReasons?: string[] | null;
  resolveReasonRequired?: boolean | null;
  agentNameBeforeTexts?: boolean | null;
  phoneNumberId?: string | null;
  accessToken?: string | null;
}
export interface CompanyView {
  id: string;
  name: string;
  language: Language;
  country: string | null;
  timezone: string | null;
  resolveReasons: string[];
  resolveReasonRequired: boolean;
  agentNameBeforeTexts: boolean;
}
export interface ConditionsBody {
  sessionId?: string | null;
  words?: string[];
  outsideHours?: boolean | null;
}
export interface ConditionsView {
  sessionId: string | null;
  words: string[];
  outsideHours: boolean | null;
}
export interface ConfirmBody {
  confirm: string;
}
export interface Confirmation {
  confirm: string;
}
export interface ConfirmationCode {
  code: string;
}
export interface ConnectionView {
  sessionId: string;
  provider: string;
  status: SessionStatus;
  statusReason: string | null;
  isActive: boolean;
  leaseOwner: string | null;
  leaseAgeSeconds: number | null;
  retries: number;
  lastConnect: HappeningView | null;
  lastDisconnect: HappeningView | null;
  laneDepth: number;
  lastEvent: HappeningView | null;
  lastError: HappeningView | null;
}
export interface ContactData {
  contact: ContactView;
}
export interface ContactDetail {
  id: string;
  phoneNumber: string | null;
  name: string | null;
  profilePic: string | null;
  isGroup: boolean;
  identities: IdentityView[];
  createdAt: string;
  profileName: string | null;
  labels: string[];
  fields: Record<string, string>;
  blockedAt: string | null;
  username: string | null;
  optedOut: OptOutView | null;
  providerBlocks: ProviderBlockView[];
}
export interface ContactErasedData {
  contactId: string;
  conversationIds: string[];
}
export interface ContactErasedEvent {
  id: string;
  type: "contact.erased";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ContactErasedData;
}
export interface ContactMergedData {
  contact: ContactView;
  mergedContactId: string;
}
export interface ContactMergedEvent {
  id: string;
  type: "contact.merged";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ContactMergedData;
}
export interface ContactPatch {
  name?: string | null;
  labels?: string[] | null;
  addLabels?: string[];
  removeLabels?: string[];
  fields?: Record<string, string | null>;
}
export interface ContactUpdatedEvent {
  id: string;
  type: "contact.updated";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ContactData;
}
export interface ContactView {
  id: string;
  phoneNumber: string | null;
  name: string | null;
  profilePic: string | null;
  isGroup: boolean;
  identities: IdentityView[];
  createdAt: string;
  profileName: string | null;
  labels: string[];
  fields: Record<string, string>;
  blockedAt: string | null;
  username: string | null;
  optedOut: OptOutView | null;
}
export interface ContactsContent {
  cards: Card[];
  kind: "contacts";
}
export interface ContactsData {
  cards: CardView[];
  kind: "contacts";
}
export interface ContentBody {
  conversationId: string;
  content: TextContent | ImageContent | VideoContent | AudioContent | DocumentContent | StickerContent | LocationContent | ContactsContent | ReactionContent | EditContent | RevokeContent | ButtonsContent | ListContent | TemplateContent | PollContent;
  replyTo?: string | null;
  sendAt?: string | null;
}
export interface ConversationArchivedEvent {
  id: string;
  type: "conversation.archived";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationReasonData;
}
export interface ConversationAssignedData {
  conversation: ConversationView;
  reason: string;
  fromUserId?: string;
}
export interface ConversationAssignedEvent {
  id: string;
  type: "conversation.assigned";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationAssignedData;
}
export interface ConversationCounts {
  open: number;
  assigned: number;
  resolved: number;
  archived: number;
}
export interface ConversationData {
  conversation: ConversationView;
}
export interface ConversationDetail {
  id: string;
  companyId: string;
  sessionId: string;
  contactId: string;
  customerPhone: string | null;
  customerName: string | null;
  status: ConversationStatus;
  flowState: FlowState;
  departmentId: string | null;
  assignedUserId: string | null;
  timeoutAt: string | null;
  routedAt: string | null;
  assignedAt: string | null;
  greetingSentAt: string | null;
  lastDepartmentId: string | null;
  lastAttendantId: string | null;
  routingReason: string | null;
  routingReasonParts: ReasonView[];
  bot: BotPart | null;
  unreadCount: number;
  firstResponseDueAt: string | null;
  resolutionDueAt: string | null;
  breaches: Target[];
  rating: number | null;
  resolveReason: string | null;
  snoozedUntil: string | null;
  priority: "LOW" | "NORMAL" | "HIGH" | "URGENT";
  labels: string[];
  metadata: ConversationMetadata;
  lastMessage?: LastMessageView | null;
  lastMessageAt: string | null;
  waitingSince: string | null;
  windowClosesAt: string | null;
  threadHolder: string | null;
  resolvedAt: string | null;
  noteCount?: number;
  createdAt: string;
  updatedAt: string;
  contact: ContactView;
  messages: MessageView[];
  nextCursor: string | null;
  notes?: NoteView[];
  scheduled?: MessageView[];
}
export interface ConversationHandedOverData {
  conversation: ConversationView;
  reason: string;
  note?: string;
}
export interface ConversationHandedOverEvent {
  id: string;
  type: "conversation.handed_over";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationHandedOverData;
}
export interface ConversationMetadata {
  chatId: string;
  profile: ProfileView;
}
export interface ConversationOpenedEvent {
  id: string;
  type: "conversation.opened";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationData;
}
export interface ConversationPatch {
  priority?: "LOW" | "NORMAL" | "HIGH" | "URGENT" | null;
  labels?: string[] | null;
}
export interface ConversationQueuedEvent {
  id: string;
  type: "conversation.queued";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationReasonData;
}
export interface ConversationRatedData {
  conversation: ConversationView;
  rating: number;
}
export interface ConversationRatedEvent {
  id: string;
  type: "conversation.rated";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationRatedData;
}
export interface ConversationReadData {
  conversation: ConversationView;
  userId: string | null;
}
export interface ConversationReadEvent {
  id: string;
  type: "conversation.read";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationReadData;
}
export interface ConversationReasonData {
  conversation: ConversationView;
  reason: string;
}
export interface ConversationReopenedEvent {
  id: string;
  type: "conversation.reopened";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationReasonData;
}
export interface ConversationResolvedData {
  conversation: ConversationView;
  reason?: string;
}
export interface ConversationResolvedEvent {
  id: string;
  type: "conversation.resolved";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationResolvedData;
}
export type ConversationStatus = "OPEN" | "ASSIGNED" | "RESOLVED" | "ARCHIVED";
export interface ConversationTargetBreachedEvent {
  id: string;
  type: "conversation.target_breached";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationTargetData;
}
export interface ConversationTargetData {
  conversation: ConversationView;
  target: Target;
  dueAt: string | null;
}
export interface ConversationTargetWarnedEvent {
  id: string;
  type: "conversation.target_warned";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationTargetData;
}
export interface ConversationTransferredData {
  conversation: ConversationView;
  reason: string;
  fromUserId: string | null;
  fromDepartmentId: string | null;
  toDepartmentId: string;
}
export interface ConversationTransferredEvent {
  id: string;
  type: "conversation.transferred";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationTransferredData;
}
export interface ConversationUnassignedData {
  conversation: ConversationView;
  reason: string;
  fromUserId: string | null;
}
export interface ConversationUnassignedEvent {
  id: string;
  type: "conversation.unassigned";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationUnassignedData;
}
export interface ConversationUpdatedData {
  conversation: ConversationView;
  changed: string[];
}
export interface ConversationUpdatedEvent {
  id: string;
  type: "conversation.updated";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ConversationUpdatedData;
}
export interface ConversationView {
  id: string;
  companyId: string;
  sessionId: string;
  contactId: string;
  customerPhone: string | null;
  customerName: string | null;
  status: ConversationStatus;
  flowState: FlowState;
  departmentId: string | null;
  assignedUserId: string | null;
  timeoutAt: string | null;
  routedAt: string | null;
  assignedAt: string | null;
  greetingSentAt: string | null;
  lastDepartmentId: string | null;
  lastAttendantId: string | null;
  routingReason: string | null;
  routingReasonParts: ReasonView[];
  bot: BotPart | null;
  unreadCount: number;
  firstResponseDueAt: string | null;
  resolutionDueAt: string | null;
  breaches: Target[];
  rating: number | null;
  resolveReason: string | null;
  snoozedUntil: string | null;
  priority: "LOW" | "NORMAL" | "HIGH" | "URGENT";
  labels: string[];
  metadata: ConversationMetadata;
  lastMessage?: LastMessageView | null;
  lastMessageAt: string | null;
  waitingSince: string | null;
  windowClosesAt: string | null;
  threadHolder: string | null;
  resolvedAt: string | null;
  noteCount?: number;
  createdAt: string;
  updatedAt: string;
}
export type CopyFormat = "html" | "json";
export interface CostView {
  sessionId: string;
  category: string;
  type: string | null;
  billable: boolean;
  country: string | null;
  messages: number;
}
export interface CostsView {
  messages: number;
  billable: number;
  items: CostView[];
}
export interface CountedCampaign {
  campaign: CampaignView;
  counts: CampaignCounts;
}
export interface CreatedCampaign {
  campaign: CampaignView;
  audience: AudienceCountView;
}
export interface Credentials {
  email: string;
  password: string;
  code?: string | null;
}
export interface CustomerBody {
  from: string;
  text: string;
  name?: string | null;
}
export interface DashboardView {
  conversations: ConversationCounts;
  messages: MessageCounts;
  avgFirstResponseTime: number | null;
  medianFirstResponseTime: number | null;
  avgFirstResponseTimeOpenHours: number | null;
  medianFirstResponseTimeOpenHours: number | null;
  targets: TargetsKept;
  ratings: RatingFigures;
  resolutions: ResolutionFigures[];
}
export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";
export interface DeliveryView {
  id: number;
  webhookId: string;
  messageId: string;
  position: number;
  type: string;
  state: DeliveryState;
  tries: number;
  nextAttemptAt: string | null;
  createdAt: string;
  finishedAt: string | null;
  error: string | null;
  attempts: AttemptRecord[];
}
export type Density = "comfortable" | "compact";
export interface DepartmentBody {
  firstResponseTargetMinutes?: number | null;
  resolutionTargetMinutes?: number | null;
  targetWarningPercent?: number | null;
  asksRating?: boolean | null;
  resolveQuietAfterHours?: number | null;
  name: string;
  slug: string;
  color?: string | null;
  isRoot?: boolean | null;
  responseTimeoutMinutes?: number | null;
  maxAgents?: number | null;
  lastAgentFirst?: boolean | null;
  prefersSkills?: boolean | null;
  maxConversations?: number | null;
  hours?: HoursBody | null;
}
export interface DepartmentPatch {
  firstResponseTargetMinutes?: number | null;
  resolutionTargetMinutes?: number | null;
  targetWarningPercent?: number | null;
  asksRating?: boolean | null;
  resolveQuietAfterHours?: number | null;
  name?: string | null;
  slug?: string | null;
  color?: string | null;
  isRoot?: boolean | null;
  responseTimeoutMinutes?: number | null;
  maxAgents?: number | null;
  lastAgentFirst?: boolean | null;
  prefersSkills?: boolean | null;
  maxConversations?: number | null;
  hours?: HoursBody | null;
}
export interface DepartmentView {
  id: string;
  companyId: string;
  name: string;
  slug: string;
  color: string;
  isRoot: boolean;
  responseTimeoutMinutes: number;
  maxAgents: number;
  maxConversations: number | null;
  lastAgentFirst: boolean;
  prefersSkills: boolean;
  hours: HoursView | null;
  firstResponseTargetMinutes: number | null;
  resolutionTargetMinutes: number | null;
  targetWarningPercent: number | null;
  asksRating: boolean | null;
  resolveQuietAfterHours: number | null;
  createdAt: string;
}
export interface DestinationBody {
  provider: string;
  settings?: Record<string, unknown>;
  proxy?: string | null;
}
export type Direction = "INBOUND" | "OUTBOUND";
export interface DocumentContent {
  mediaId?: string | null;
  url?: string | null;
  caption?: string;
  fileName?: string | null;
  kind: "document";
}
export interface DocumentData {
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  pages: number | null;
  kind: "document";
}
export interface EditContent {
  messageId: string;
  text: string;
  kind: "edit";
}
export interface EditData {
  messageId: string;
  kind: "edit";
}
export type ErasedData = Record<string, unknown>;
export interface ErasedView {
  table: string;
  way: string;
  rows: number;
}
export interface ErasureView {
  id: string;
  contactId: string;
  state: "running" | "finished";
  caller: string;
  userId: string | null;
  begunAt: string;
  finishedAt: string | null;
  erased: ErasedView[];
}
export interface EventAnswerData {
  answer: string;
  messageId: string;
  kind: "event_answer";
}
export interface EventData {
  name: string | null;
  startsAt: string | null;
  endsAt: string | null;
  place: string | null;
  canceled: boolean;
  answers: VoteView[];
  kind: "event";
}
export interface EventErasedEvent {
  id: string;
  type: "event.erased";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: ErasedData;
}
export type EventView = SessionCreatedEvent | SessionStartedEvent | SessionQrEvent | SessionConnectedEvent | SessionDisconnectedEvent | SessionErrorEvent | SessionAuthCorruptedEvent | SessionDeletedEvent | SessionMovedEvent | SessionAlertEvent | MessageReceivedEvent | MessageQueuedEvent | MessageSentEvent | MessageDeliveredEvent | MessageReadEvent | MessageFailedEvent | MessageOutcomeUnknownEvent | MessageEditedEvent | MessageRevokedEvent | MessageReactionEvent | MessageUpdatedEvent | ConversationOpenedEvent | ConversationHandedOverEvent | ConversationQueuedEvent | ConversationAssignedEvent | ConversationTransferredEvent | ConversationUnassignedEvent | ConversationResolvedEvent | ConversationArchivedEvent | ConversationReopenedEvent | ConversationTargetWarnedEvent | ConversationTargetBreachedEvent | ConversationRatedEvent | ConversationReadEvent | ConversationUpdatedEvent | NoteAddedEvent | NoteEditedEvent | NoteDeletedEvent | ContactUpdatedEvent | ContactMergedEvent | ContactErasedEvent | EventErasedEvent | CampaignCreatedEvent | CampaignStartedEvent | CampaignPausedEvent | CampaignResumedEvent | CampaignCompletedEvent | CampaignCancelledEvent | CampaignDeletedEvent | UserPresenceEvent | NotificationCreatedEvent;
export interface ExportView {
  id: string;
  contactId: string;
  file: string;
  createdAt: string;
  expiresAt: string;
}
export interface FailureView {
  code: string;
  title: string;
  detail: string | null;
  retryable: boolean;
}
export type Feature = "qr_code" | "pairing_code" | "webhooks" | "templates" | "typing" | "mark_read" | "reply" | "download" | "edit" | "revoke" | "groups" | "history" | "polling" | "threads" | "block" | "bsuid";
export interface FillBody {
  conversationId: string;
}
export interface FilledReply {
  content: string;
}
export interface FlawView {
  pointer: string;
  detail: string;
}
export type FlowState = "GREETING" | "DEPARTMENT_SELECTED" | "ASSIGNED" | "AWAITING_ROUTING_CONFIRMATION" | "TIMEOUT_REDIRECT" | "RESOLVED";
export interface HandOverBody {
  departmentId?: string | null;
  note?: string | null;
}
export interface HappeningView {
  type: string | null;
  at: string;
  reason: string | null;
  position: number | null;
}
export interface HealthView {
  status: "ok" | "degraded" | "unavailable";
  version: string;
  dependencies: Record<string, string>;
}
export type HistoryKind = "status" | "dialled" | "dial_failed" | "lost" | "taken_over" | "store_failed" | "undecryptable" | "not_stored" | "moved" | "lost_messages";
export interface HoursBody {
  timezone?: string;
  week: WeekView;
  holidays?: string[];
}
export interface HoursView {
  timezone: string;
  week: WeekView;
  holidays: string[];
}
export interface IdentityBody {
  kind: IdentityKind;
  value: string;
}
export type IdentityKind = "phone" | "lid" | "bsuid" | "chat";
export interface IdentityView {
  kind: IdentityKind;
  value: string;
}
export interface ImageContent {
  mediaId?: string | null;
  url?: string | null;
  caption?: string;
  fileName?: string | null;
  kind: "image";
}
export interface ImageData {
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  width: number | null;
  height: number | null;
  viewOnce: boolean;
  kind: "image";
}
export interface ImportView {
  created: number;
  updated: number;
  unchanged: number;
}
export interface InboxDepth {
  pending: number;
  quarantined: number;
  unassigned: number;
}
export type InboxView = "mine" | "waiting" | "unassigned" | "department" | "bot" | "all" | "snoozed" | "resolved";
export interface InitBody {
  sessionId?: string | null;
  provider?: string | null;
}
export interface Instance {
  id: string;
  user_id: string | null;
  instance_name: string;
  phone_number: string | null;
  connection_status: string;
  status_reason: string | null;
  webhook_url: string | null;
  created_at: string;
}
export interface InstanceBody {
  user_id: string;
  instance_name: string;
  webhook_url?: string | null;
  provider?: string | null;
}
export interface InstanceCode {
  qr_code: string | null;
  expires_at: string | null;
}
export interface InstanceEvent {
  event: "message";
  instance_id: string;
  instance_name: string;
  message: InstanceMessage;
}
export interface InstanceMessage {
  id: string;
  from: string;
  push_name: string | null;
  type: string;
  text: string | null;
  media_url: string | null;
  timestamp: string;
  from_me: boolean;
  is_group: boolean;
}
export interface InstanceSendBody {
  number: string;
  message: string;
  send_at?: string | null;
}
export interface LabelView {
  label: string;
  count: number;
}
export interface LanesDepth {
  due: number;
}
export type Language = "pt-BR" | "en" | "es";
export interface LastMessageView {
  id: string;
  type: MessageType;
  preview: string;
  direction: Direction;
  at: string;
  status: MessageStatus;
}
export interface LifeCode {
  sessionId: string;
  qr: string | null;
  qrCode: string | null;
}
export interface LifeDisconnected {
  sessionId: string;
  position?: number;
  reason: string | null;
}
export interface LifeMessage {
  sessionId: string;
  position?: number;
  from: string;
  message: string | null;
}
export interface LifeNotice {
  sessionId: string;
  position?: number;
}
export interface LifeQr {
  sessionId: string;
  position?: number;
  qr: string;
}
export interface LifeSession {
  id: string;
  sessionId: string;
  status: string;
  reason?: string;
}
export interface LinkBody {
  token: string;
}
export interface LinkView {
  url: string;
  expiresAt: string;
}
export interface ListContent {
  text: string;
  button: string;
  sections: SectionContent[];
  kind: "list";
}
export interface ListData {
  button: string;
  sections: SectionView[];
  kind: "list";
}
export interface ListedClientMessage {
  id: string;
  whatsappMessageId: string | null;
  sessionId: string;
  conversationId: string;
  contactId: string;
  senderId: string | null;
  direction: string;
  type: string;
  content: string | null;
  mediaUrl: string | null;
  status: string;
  outcome: Outcome | null;
  error: FailureView | null;
  isBot: boolean;
  timestamp: string;
  createdAt: string;
  messageId: string;
  from: string | null;
  to: string | null;
  contact: ContactView;
}
export interface ListedClientSession {
  id: string;
  sessionId: string;
  name: string;
  phoneNumber: string | null;
  provider: string;
  agentId: string;
  userId: string | null;
  departmentId: string | null;
  routing: Routing;
  status: string;
  statusReason: string | null;
  statusReasonCode: string | null;
  statusReasonValues: Record<string, string>;
  isActive: boolean;
  qrCode: string | null;
  webhookUrl: string | null;
  bot: BotView | null;
  createdAt: string;
  updatedAt: string;
  clientId: string;
}
export interface ListedRule {
  id: string;
  place: number;
  name: string;
  conditions: ConditionsView;
  actions: ActionsView;
  createdAt: string;
  updatedAt: string;
  isBroken: boolean;
}
export interface LocationContent {
  latitude: number;
  longitude: number;
  name?: string | null;
  address?: string | null;
  kind: "location";
}
export interface LocationData {
  latitude: number | null;
  longitude: number | null;
  name: string | null;
  address: string | null;
  url: string | null;
  live: boolean;
  kind: "location";
}
export type LossCode = "kinds" | "features" | "groups" | "window" | "windows_shut" | "queued_unsent" | "queued_doubtful" | "queued_quotes" | "earlier_messages" | "uploads" | "files" | "history" | "link" | "unlinked" | "webhook";
export interface LossView {
  code: LossCode;
  detail: string;
  count: number | null;
  names: string[];
}
export interface MediaForm {
  conversationId: string;
  file: string;
  caption?: string | null;
  replyTo?: string | null;
  voice?: boolean;
  sendAt?: string | null;
}
export type MediaState = "PENDING" | "READY" | "FAILED" | "TOO_LARGE" | "EXPIRED" | "REFUSED";
export interface MediaView {
  id: string | null;
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  width: number | null;
  height: number | null;
  seconds: number | null;
  voice: boolean;
  state: MediaState;
  error: string | null;
  url: string | null;
  thumbnailUrl: string | null;
  waveform: number[] | null;
}
export interface MergeBody {
  contactId: string;
}
export interface MessageChangedData {
  change?: MessageView;
  message?: MessageView;
  chat?: string;
  author?: string;
  from?: string;
  pushName?: string | null;
  isGroup?: boolean;
}
export interface MessageCounts {
  today: number;
  total: number;
  inbound: number;
  outbound: number;
}
export interface MessageData {
  message: MessageView;
  chat: string;
  author?: string;
}
export interface MessageDeliveredEvent {
  id: string;
  type: "message.delivered";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageData;
}
export interface MessageEditedEvent {
  id: string;
  type: "message.edited";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageChangedData;
}
export interface MessageFailedEvent {
  id: string;
  type: "message.failed";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageData;
}
export interface MessageOutcomeUnknownEvent {
  id: string;
  type: "message.outcome_unknown";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageData;
}
export interface MessagePage {
  messages: MessageView[];
  nextCursor?: string;
  hasNewer?: boolean;
}
export interface MessageQueuedEvent {
  id: string;
  type: "message.queued";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageData;
}
export interface MessageReactionEvent {
  id: string;
  type: "message.reaction";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageChangedData;
}
export interface MessageReadEvent {
  id: string;
  type: "message.read";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageData;
}
export interface MessageReceivedData {
  message: MessageView;
  chat: string;
  author?: string;
  from: string;
  pushName: string | null;
  isGroup: boolean;
  handledBy?: "bot";
}
export interface MessageReceivedEvent {
  id: string;
  type: "message.received";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageReceivedData;
}
export interface MessageRevokedEvent {
  id: string;
  type: "message.revoked";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageChangedData;
}
export interface MessageSentData {
  message: MessageView;
  chat: string;
  author?: string;
  from?: string;
  pushName?: string | null;
  isGroup?: boolean;
}
export interface MessageSentEvent {
  id: string;
  type: "message.sent";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageSentData;
}
export type MessageStatus = "PENDING" | "SENT" | "DELIVERED" | "READ" | "FAILED";
export type MessageType = "TEXT" | "IMAGE" | "DOCUMENT" | "AUDIO" | "VIDEO" | "STICKER" | "LOCATION" | "CONTACTS" | "REACTION" | "INTERACTIVE" | "TEMPLATE" | "SYSTEM" | "POLL" | "ORDER" | "EVENT" | "CALL" | "UNSUPPORTED";
export interface MessageUpdatedEvent {
  id: string;
  type: "message.updated";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: MessageChangedData;
}
export interface MessageView {
  id: string;
  whatsappMessageId: string | null;
  sessionId: string;
  conversationId: string;
  contactId: string;
  senderId: string | null;
  direction: Direction;
  type: MessageType;
  content: string | null;
  mediaUrl: string | null;
  status: MessageStatus;
  outcome: Outcome | null;
  error: FailureView | null;
  isBot: boolean;
  timestamp: string;
  createdAt: string;
  replyTo: ReplyToView | null;
  author: AuthorView | null;
  reactions: ReactionView[];
  editedAt: string | null;
  revokedAt: string | null;
  forwarded: boolean;
  referral: ReferralView | null;
  data: TextData | ImageData | VideoData | AudioData | DocumentData | StickerData | LocationData | ContactsData | ReactionData | ButtonsData | ListData | ReplyData | TemplateData | PollData | VoteData | OrderData | EventData | EventAnswerData | CallData | EditData | RevokeData | SystemData | UnsupportedData;
  seq: number | null;
  media: MediaView | null;
  sendAt?: string;
}
export interface MethodsView {
  password: boolean;
  oidc: OidcMethod | null;
}
export interface NameBody {
  name: string;
}
export interface NewApiKey {
  id: string;
  companyId: string;
  name: string;
  hint: string;
  scopes: string[] | null;
  createdBy: string;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
  key: string;
}
export interface NewInstance {
  id: string;
  instance_name: string;
  qr_code: string | null;
  connection_status: string;
  status_reason: string | null;
  webhook_secret: string | null;
}
export interface NewSecondFactor {
  secret: string;
  uri: string;
  qrCode: string;
}
export interface NoteAddedEvent {
  id: string;
  type: "note.added";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: NoteData;
}
export interface NoteBody {
  content: string;
  mentions?: string[];
}
export interface NoteData {
  note: NoteView;
}
export interface NoteDeletedData {
  noteId: string;
}
export interface NoteDeletedEvent {
  id: string;
  type: "note.deleted";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: NoteDeletedData;
}
export interface NoteEditedEvent {
  id: string;
  type: "note.edited";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: NoteData;
}
export interface NotePatch {
  content?: string | null;
  mentions?: string[] | null;
}
export interface NoteView {
  id: string;
  conversationId: string;
  userId: string | null;
  content: string;
  createdAt: string;
  mentions: string[];
  editedAt: string | null;
}
export interface NotificationCreatedEvent {
  id: string;
  type: "notification.created";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: NotificationData;
}
export interface NotificationData {
  message?: MessageView;
  conversation?: ConversationView;
  id?: string;
  kind?: string;
  userId?: string;
  role?: "ADMIN";
  target?: Target;
  dueAt?: string | null;
  noteId?: string;
  session?: string;
  sessions?: number;
  error?: string;
  detail?: string;
}
export type NotificationKind = "conversation.assigned" | "conversation.unrouted" | "conversation.timed_out" | "conversation.snooze_ended" | "conversation.requested" | "note.mentioned" | "message.scheduled_failed" | "conversation.target_warned" | "conversation.target_breached";
export interface NotificationView {
  id: string;
  userId: string | null;
  kind: NotificationKind;
  conversationId: string;
  createdAt: string;
  readAt: string | null;
}
export interface NotificationsRead {
  read: number;
}
export interface OidcMethod {
  label: string;
  url: string;
}
export interface OnceCode {
  code: string;
  verifier?: string | null;
}
export type OnlineStatus = "ONLINE" | "BUSY" | "OFFLINE";
export interface OpenBody {
  sessionId: string;
  provider?: string | null;
}
export type OptOutReason = "word" | "provider" | "hand";
export interface OptOutView {
  at: string;
  reason: OptOutReason;
  detail: string | null;
}
export type Order = "newest" | "waiting" | "due" | "priority";
export interface OrderData {
  catalog: string | null;
  lines: OrderLineView[];
  kind: "order";
}
export interface OrderLineView {
  product: string;
  quantity: number;
  price: number | null;
  currency: string | null;
}
export type Outcome = "unknown";
export interface OwnCompany {
  id: string;
  slug: string;
  name: string;
  placement: Placement;
  language: Language;
  country: string | null;
  greetingMessage: string | null;
  texts: Record<string, string>;
  hours: HoursView | null;
  firstResponseTargetMinutes: number | null;
  resolutionTargetMinutes: number | null;
  targetWarningPercent: number | null;
  asksRating: boolean | null;
  resolveQuietAfterHours: number | null;
  resolveReasons: string[];
  resolveReasonRequired: boolean;
  agentNameBeforeTexts: boolean;
  quotas: QuotasView;
  retention: RetentionView;
  secondFactorRequired: boolean;
  oidcRequired: boolean;
  createdAt: string;
  phoneNumberId: string | null;
}
export interface OwnPassword {
  currentPassword: string;
  newPassword: string;
}
export interface OwnUser {
  id: string;
  companyId: string;
  email: string;
  name: string;
  role: Role;
  onlineStatus: OnlineStatus;
  isActive: boolean;
  departmentId: string | null;
  maxConversations: number | null;
  skills: string[];
  lastHeartbeat: string | null;
  createdAt: string;
  company: CompanyView;
  may: string[];
  version: string;
  secondFactor: boolean;
}
export interface PairingCode {
  pairingCode: string;
}
export interface ParameterFlaw {
  pointer: string;
  detail: string;
}
export interface PasswordBody {
  password: string;
}
export interface PasswordLink {
  token: string;
  link: string;
  expiresAt: string;
}
export type Pause = "hand" | "number_quality" | "account_restricted" | "sending_stopped" | "template_paused" | "template_quality" | "no_templates";
export interface PhoneBody {
  phoneNumber: string;
}
export interface PhoneMessage {
  id: string;
  text: string;
  direction: Direction;
  at: string;
}
export interface PingView {
  id: string;
  type: string;
  position: null;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: Record<string, string>;
}
export interface PlaceView {
  part: string;
  name: string;
  kind: string;
  button: number | null;
  card: number | null;
  example: string | null;
}
export type Placement = "pooled" | "dedicated";
export interface PlannedMoveView {
  provider: string | null;
  losses: LossView[];
}
export interface PollContent {
  question: string;
  options: string[];
  several?: boolean;
  kind: "poll";
}
export interface PollData {
  question: string;
  options: string[];
  several: boolean;
  votes: VoteView[];
  kind: "poll";
}
export interface PreferencesBody {
  views?: SavedViewBody[];
  language?: Language | null;
  theme?: Theme | null;
  density?: Density | null;
  enterSends?: boolean | null;
  sound?: boolean | null;
  shortcuts?: boolean | null;
}
export interface PrepareBody {
  sessionId: string;
  phoneNumber?: string | null;
  provider?: string | null;
}
export interface PresenceData {
  user: UserView;
}
export interface PreviewBody {
  components?: (Record<string, unknown>)[];
}
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: ({ pointer: string; detail: string })[];
  department?: string | null;
  user?: string | null;
  closedAt?: string;
  templates?: ({ name: string; language: string })[];
}
export interface ProblemView {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: FlawView[];
  department?: string | null;
  user?: string | null;
  closedAt?: string;
  templates?: TemplateName[];
}
export interface ProfileView {
  name: string | null;
}
export interface ProofBody {
  password: string;
  code: string;
}
export interface ProviderBlockView {
  sessionId: string;
  blocked: boolean;
  error: string | null;
  isGivenUp: boolean;
}
export interface ProviderBody {
  provider: string;
  settings?: Record<string, unknown>;
  proxy?: string | null;
  dryRun?: boolean;
}
export type ProviderUpdate = Record<string, unknown>;
export interface Queues {
  inbox: InboxDepth;
  outbox: number;
  lanes: LanesDepth;
  webhooks: WebhooksDepth;
}
export interface QuickReplyBody {
  shortcut: string;
  content: string;
}
export interface QuickReplyPatch {
  shortcut?: string | null;
  content?: string | null;
}
export interface QuickReplyView {
  id: string;
  shortcut: string;
  content: string;
  createdAt: string;
  updatedAt: string;
}
export interface QuotasView {
  users: number;
  departments: number;
  quickReplies: number;
  apiKeys: number;
  sessions: number;
  webhooks: number;
  campaigns: number;
  campaignRecipients: number;
  mediaMegabytes: number;
}
export interface RangeBody {
  after: number;
  upto?: number | null;
}
export interface RateView {
  intervalSeconds: number;
  burst: number;
}
export interface RatingFigures {
  average: number | null;
  count: number;
}
export interface RawMessageView {
  id: string;
  whatsappMessageId: string | null;
  raw: unknown;
}
export interface ReactionContent {
  messageId: string;
  emoji?: string;
  kind: "reaction";
}
export interface ReactionData {
  emoji: string;
  messageId: string;
  kind: "reaction";
}
export interface ReactionView {
  emoji: string;
  by: AuthorView | null;
  at: string;
}
export interface ReasonView {
  code: string;
  values: Record<string, string | number | string[] | null>;
}
export type RecipientState = "WAITING" | "QUEUED" | "UNKNOWN" | "SENT" | "DELIVERED" | "READ" | "FAILED" | "SKIPPED";
export interface RecipientView {
  contactId: string;
  state: RecipientState;
  reason: string | null;
  detail: string | null;
  messageId: string | null;
  queuedAt: string | null;
  answeredAt: string | null;
  isBillable: boolean | null;
}
export interface RecoveryCodes {
  recoveryCodes: string[];
}
export interface ReferralView {
  sourceType: string | null;
  sourceId: string | null;
  sourceUrl: string | null;
  headline: string | null;
  body: string | null;
  mediaType: string | null;
  imageUrl: string | null;
  videoUrl: string | null;
  thumbnailUrl: string | null;
  clickId: string | null;
}
export interface RegisteredUser {
  user: UserView;
}
export interface Registration {
  email: string;
  password: string;
  name: string;
  role?: Role;
  companyId?: string | null;
}
export interface ReplayedRange {
  replayed: number;
  upto: number;
}
export interface ReplyData {
  to: string;
  id: string;
  payload: Record<string, unknown> | null;
  kind: "reply";
}
export interface ReplyToView {
  id: string | null;
  whatsappMessageId: string;
  type: MessageType | null;
  preview: string | null;
}
export interface ResetBody {
  token: string;
  password: string;
}
export interface ResolutionFigures {
  reason: string | null;
  count: number;
}
export interface ResolveBody {
  reason?: string | null;
  note?: string | null;
}
export interface RetentionPatch {
  conversationsDays?: number | null;
  messagesDays?: number | null;
  mediaDays?: number | null;
  eventsDays?: number | null;
  auditDays?: number | null;
  updatesDays?: number | null;
}
export interface RetentionView {
  conversationsDays: number | null;
  messagesDays: number | null;
  mediaDays: number | null;
  eventsDays: number | null;
  auditDays: number | null;
  updatesDays: number | null;
}
export interface RevokeContent {
  messageId: string;
  kind: "revoke";
}
export interface RevokeData {
  messageId: string;
  kind: "revoke";
}
export type Role = "MASTER" | "ADMIN" | "AGENT";
export type Routing = "none" | "departments";
export interface RowContent {
  id: string;
  title: string;
  description?: string;
}
export interface RowView {
  id: string;
  title: string;
  description: string | null;
}
export interface RuleBody {
  name: string;
  actions: ActionsBody;
  conditions?: ConditionsBody;
  place?: number | null;
}
export interface RulePatch {
  name?: string | null;
  actions?: ActionsBody | null;
  conditions?: ConditionsBody | null;
  place?: number | null;
}
export interface RunningProcess {
  role: string;
  process: string;
  version: string;
  startedAt: string;
  lastSeenAt: string;
}
export interface SavedViewBody {
  name: string;
  query: string;
}
export interface SecondFactorView {
  enabled: boolean;
  enabledAt: string | null;
  recoveryCodesLeft: number;
  required: boolean;
}
export interface SecretBody {
  secret?: string | null;
}
export interface SectionContent {
  rows: RowContent[];
  title?: string;
}
export interface SectionView {
  title: string | null;
  rows: RowView[];
}
export interface SendBody {
  conversationId: string;
  content: string;
  replyTo?: string | null;
  sendAt?: string | null;
}
export interface SentByInstance {
  id: string;
  status: string;
  reason?: string;
  error?: FailureView;
}
export interface SentMessage {
  messageId: string;
  status: string;
  reason?: string;
  error?: FailureView;
}
export interface SessionAlertData {
  session: SessionView;
  kind: AlertKind;
  severity: Severity;
  detail: string;
}
export interface SessionAlertEvent {
  id: string;
  type: "session.alert";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionAlertData;
}
export interface SessionAuthCorruptedEvent {
  id: string;
  type: "session.auth_corrupted";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionReasonData;
}
export interface SessionBody {
  name: string;
  provider: string;
  settings?: Record<string, unknown>;
  proxy?: string | null;
  sessionId?: string | null;
  agentId?: string | null;
  userId?: string | null;
  departmentId?: string | null;
  routing?: Routing | null;
  webhookUrl?: string | null;
  webhookFormat?: WebhookFormat | null;
  webhookSecret?: string | null;
}
export interface SessionConnectedEvent {
  id: string;
  type: "session.connected";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionStateData;
}
export interface SessionCreatedEvent {
  id: string;
  type: "session.created";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionData;
}
export interface SessionData {
  session: SessionView;
}
export interface SessionDeletedEvent {
  id: string;
  type: "session.deleted";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionData;
}
export interface SessionDetail {
  id: string;
  sessionId: string;
  name: string;
  phoneNumber: string | null;
  provider: string;
  agentId: string;
  userId: string | null;
  departmentId: string | null;
  routing: Routing;
  status: SessionStatus;
  statusReason: string | null;
  statusReasonCode: string | null;
  statusReasonValues: Record<string, string>;
  isActive: boolean;
  qrCode: string | null;
  webhookUrl: string | null;
  bot: BotView | null;
  createdAt: string;
  updatedAt: string;
  warnings?: SettingWarning[];
  settings?: Record<string, unknown> | null;
}
export interface SessionDisconnectedEvent {
  id: string;
  type: "session.disconnected";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionStateData;
}
export interface SessionErrorEvent {
  id: string;
  type: "session.error";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionStateData;
}
export interface SessionFault {
  code: string;
  message: string;
  sessionId?: string;
  position?: number;
}
export interface SessionHistoryEntry {
  kind: HistoryKind;
  at: string;
  until: string;
  count: number;
  status: SessionStatus | null;
  reason: string | null;
  reasonCode: string | null;
  reasonValues: Record<string, string>;
}
export interface SessionMoveView {
  dryRun: boolean;
  left: string;
  provider: string;
  waiting: number;
  underWay: number;
  pausedMs: number;
  isSending: boolean;
  webhookPath: string | null;
  losses: LossView[];
  session: SessionDetail;
}
export interface SessionMovedData {
  session: SessionView;
  left: string;
  waiting: number;
  pausedMs: number;
}
export interface SessionMovedEvent {
  id: string;
  type: "session.moved";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionMovedData;
}
export interface SessionPatch {
  name?: string | null;
  settings?: Record<string, unknown> | null;
  proxy?: string | null;
  routing?: Routing | null;
  departmentId?: string | null;
  webhookUrl?: string | null;
  webhookFormat?: WebhookFormat | null;
  agentId?: string | null;
}
export interface SessionQrEvent {
  id: string;
  type: "session.qr";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionStateData;
}
export interface SessionReasonData {
  session: SessionView;
  reason: string | null;
}
export interface SessionStartedEvent {
  id: string;
  type: "session.started";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: SessionStateData;
}
export interface SessionStateData {
  session: SessionView;
  reason: string | null;
  was: SessionStatus;
}
export type SessionStatus = "DISCONNECTED" | "CONNECTING" | "QR_PENDING" | "CONNECTED" | "RECONNECTING" | "LOGGED_OUT" | "BANNED" | "FAILED";
export interface SessionView {
  id: string;
  sessionId: string;
  name: string;
  phoneNumber: string | null;
  provider: string;
  agentId: string;
  userId: string | null;
  departmentId: string | null;
  routing: Routing;
  status: SessionStatus;
  statusReason: string | null;
  statusReasonCode: string | null;
  statusReasonValues: Record<string, string>;
  isActive: boolean;
  qrCode: string | null;
  webhookUrl: string | null;
  bot: BotView | null;
  createdAt: string;
  updatedAt: string;
}
export interface SessionsView {
  active: number;
  authSuccessRate: number | null;
  messagesPerSecond: number;
}
export interface SettingWarning {
  setting: string;
  detail: string;
}
export type Severity = "info" | "warning" | "critical";
export interface SignInView {
  id: string;
  userId: string;
  how: AuthMethod;
  createdAt: string;
  lastSeenAt: string;
  expiresAt: string;
  ipAddress: string | null;
  userAgent: string | null;
  current: boolean;
}
export interface SignedIn {
  user: UserView;
  token: string;
  secondFactorEnrolment?: boolean;
}
export interface SnoozeBody {
  until: string | null;
}
export interface SocketAlert {
  sessionId: string;
  kind: AlertKind;
  severity: Severity;
  detail: string;
  position: number;
}
export interface SocketAssigned {
  conversation: ConversationView;
  reason: string;
  fromUserId?: string;
  position: number;
}
export interface SocketCampaign {
  campaign: CampaignView;
  reason: "created" | "started" | "paused" | "resumed" | "completed" | "cancelled" | "deleted";
  position: number;
}
export interface SocketConnected {
  position: number;
}
export interface SocketContact {
  contact: ContactView;
  mergedId?: string;
  position: number;
}
export interface SocketConversation {
  conversation: ConversationView;
  reason: "opened" | "handed_over" | "unassigned" | "archived" | "reopened" | "updated" | "read" | "rated" | "target_warned" | "target_breached";
  position: number;
}
export interface SocketErasure {
  contactId: string;
  conversationIds: string[];
  position: number;
}
export interface SocketMessage {
  conversationId: string;
  message: MessageView;
  position: number;
}
export interface SocketMessageChange {
  conversationId: string;
  message: MessageView;
  reason: "edited" | "revoked" | "reaction" | "updated";
  position: number;
}
export interface SocketNote {
  conversationId: string;
  note: NoteView;
  position: number;
}
export interface SocketNoteDeleted {
  conversationId: string;
  noteId: string;
  position: number;
}
export interface SocketNotification {
  message?: MessageView;
  conversation?: ConversationView;
  id?: string;
  kind?: string;
  userId?: string;
  role?: "ADMIN";
  target?: Target;
  dueAt?: string | null;
  noteId?: string;
  session?: string;
  sessions?: number;
  error?: string;
  detail?: string;
  position: number;
}
export interface SocketPresence {
  userId: string;
  status: OnlineStatus;
}
export interface SocketQueued {
  conversation: ConversationView;
  reason: string;
  position: number;
}
export interface SocketReset {
  position: number;
}
export interface SocketResolved {
  conversation: ConversationView;
  position: number;
}
export interface SocketSession {
  sessionId: string;
  status: SessionStatus;
  statusReason: string | null;
  position: number;
}
export interface SocketStatus {
  messageId: string;
  conversationId: string;
  status: MessageStatus;
  position: number;
  whatsappMessageId?: string;
  outcome?: "unknown";
  error?: FailureView;
}
export interface SocketTransferred {
  conversation: ConversationView;
  reason: string;
  fromUserId: string | null;
  fromDepartmentId: string | null;
  toDepartmentId: string;
  position: number;
}
export interface SplitBody {
  identities: IdentityBody[];
}
export interface StartBody {
  sessionId: string;
  to: string;
  content?: string | null;
  template?: Template | null;
  sendAt?: string | null;
}
export interface StatusBody {
  status: OnlineStatus;
}
export interface StickerContent {
  mediaId?: string | null;
  url?: string | null;
  caption?: string;
  fileName?: string | null;
  kind: "sticker";
}
export interface StickerData {
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  width: number | null;
  height: number | null;
  animated: boolean;
  kind: "sticker";
}
export interface SyncBody {
  sessionId: string;
}
export interface SyncedView {
  found: number;
  removed: number;
}
export interface SystemData {
  notice: string | null;
  kind: "system";
}
export interface SystemView {
  version: string;
  roles: RunningProcess[];
  queues: Queues;
}
export type Target = "firstResponse" | "resolution";
export interface TargetFigures {
  within: number;
  breached: number;
  share: number | null;
}
export interface TargetsKept {
  firstResponse: TargetFigures;
  resolution: TargetFigures;
}
export interface Template {
  name: string;
  language: string;
  components?: (Record<string, unknown>)[];
}
export interface TemplateBody {
  sessionId: string;
  name: string;
  language: string;
  category: string;
  components: (Record<string, unknown>)[];
  namedPlaces?: boolean;
}
export interface TemplateButtonView {
  type: string;
  text: string;
  url: string | null;
  phone: string | null;
}
export interface TemplateCardView {
  headerKind: string | null;
  body: string;
  buttons: TemplateButtonView[];
}
export interface TemplateContent {
  name: string;
  language: string;
  components?: (Record<string, unknown>)[];
  kind: "template";
}
export interface TemplateData {
  name: string;
  language: string;
  components: unknown[];
  kind: "template";
}
export interface TemplateName {
  name: string;
  language: string;
}
export interface TemplatePreview {
  headerKind: string | null;
  header: string;
  body: string;
  footer: string;
  buttons: TemplateButtonView[];
  cards: TemplateCardView[];
  text: string;
  errors: ParameterFlaw[];
}
export interface TemplateView {
  id: string;
  sessionId: string;
  providerId: string | null;
  name: string;
  language: string;
  category: string | null;
  status: string;
  quality: string | null;
  reason: string | null;
  components: (Record<string, unknown>)[] | null;
  text: string;
  places: PlaceView[];
  syncedAt: string;
}
export interface TenantBody {
  slug: string;
  name: string;
  placement?: Placement | null;
  country?: string | null;
}
export interface TenantHealthView {
  id: string;
  placement: Placement;
  schema: string;
  status: "ok" | "unavailable";
  reason?: string;
  latencyMs?: number;
}
export interface TenantPatch {
  firstResponseTargetMinutes?: number | null;
  resolutionTargetMinutes?: number | null;
  targetWarningPercent?: number | null;
  asksRating?: boolean | null;
  resolveQuietAfterHours?: number | null;
  name?: string | null;
  language?: Language | null;
  greetingMessage?: string | null;
  texts?: Record<string, string> | null;
  hours?: HoursBody | null;
  country?: string | null;
  retention?: RetentionPatch;
  secondFactorRequired?: boolean | null;
  oidcRequired?: boolean | null;
  resolveReasons?: string[] | null;
  resolveReasonRequired?: boolean | null;
  agentNameBeforeTexts?: boolean | null;
  slug?: string | null;
  placement?: Placement | null;
  quotas?: Record<string, number | null> | null;
}
export interface TenantView {
  id: string;
  slug: string;
  name: string;
  placement: Placement;
  language: Language;
  country: string | null;
  greetingMessage: string | null;
  texts: Record<string, string>;
  hours: HoursView | null;
  firstResponseTargetMinutes: number | null;
  resolutionTargetMinutes: number | null;
  targetWarningPercent: number | null;
  asksRating: boolean | null;
  resolveQuietAfterHours: number | null;
  resolveReasons: string[];
  resolveReasonRequired: boolean;
  agentNameBeforeTexts: boolean;
  quotas: QuotasView;
  retention: RetentionView;
  secondFactorRequired: boolean;
  oidcRequired: boolean;
  createdAt: string;
}
export interface TextBody {
  to: string;
  message: string;
  sendAt?: string | null;
}
export interface TextContent {
  text: string;
  kind: "text";
}
export interface TextData {
  link: string | null;
  kind: "text";
}
export type Theme = "system" | "light" | "dark";
export interface TicketView {
  ticket: string;
  expiresIn: number;
}
export interface TransferBody {
  departmentId: string;
  userId?: string | null;
}
export interface UnsupportedData {
  of: string[];
  kind: "unsupported";
}
export interface UserBody {
  email: string;
  password: string;
  name: string;
  role: Role;
  departmentId?: string | null;
  companyId?: string | null;
  maxConversations?: number | null;
}
export interface UserPatch {
  name?: string | null;
  role?: Role | null;
  isActive?: boolean | null;
  skills?: string[] | null;
  departmentId?: string | null;
  maxConversations?: number | null;
}
export interface UserPresenceEvent {
  id: string;
  type: "user.presence";
  position: number;
  occurredAt: string;
  tenantId: string;
  sessionId: string | null;
  data: PresenceData;
}
export interface UserView {
  id: string;
  companyId: string;
  email: string;
  name: string;
  role: Role;
  onlineStatus: OnlineStatus;
  isActive: boolean;
  departmentId: string | null;
  maxConversations: number | null;
  skills: string[];
  lastHeartbeat: string | null;
  createdAt: string;
}
export interface VideoContent {
  mediaId?: string | null;
  url?: string | null;
  caption?: string;
  fileName?: string | null;
  kind: "video";
}
export interface VideoData {
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  seconds: number | null;
  width: number | null;
  height: number | null;
  gif: boolean;
  round: boolean;
  viewOnce: boolean;
  kind: "video";
}
export interface ViewCounts {
  mine: number;
  waiting: number;
  unassigned: number;
  department: number;
  bot: number;
  all: number;
  snoozed: number;
  isComplete: boolean;
}
export interface VoteData {
  options: string[];
  messageId: string;
  secret: boolean;
  kind: "vote";
}
export interface VoteView {
  by: AuthorView | null;
  options: string[];
  at: string;
}
export interface WebhookBody {
  url: string;
  events?: string[];
  sessionId?: string | null;
  secret?: string | null;
  format?: WebhookFormat;
  headers?: Record<string, string>;
}
export type WebhookFormat = "standard" | "flat" | "instance" | "waha";
export interface WebhookPatch {
  url?: string | null;
  events?: string[] | null;
  format?: WebhookFormat | null;
  isActive?: boolean | null;
  headers?: Record<string, string> | null;
}
export interface WebhookWithHealth {
  id: string;
  url: string;
  format: WebhookFormat;
  events: string[];
  headers: string[];
  sessionId: string | null;
  ofSession: boolean;
  ofBot: boolean;
  isActive: boolean;
  endedReason: string | null;
  createdAt: string;
  updatedAt: string;
  cursor: number;
  pending: number;
  receiver: "up" | "down";
  failures: number;
  leftAloneUntil: string | null;
}
export interface WebhookWithSecret {
  id: string;
  url: string;
  format: WebhookFormat;
  events: string[];
  headers: string[];
  sessionId: string | null;
  ofSession: boolean;
  ofBot: boolean;
  isActive: boolean;
  endedReason: string | null;
  createdAt: string;
  updatedAt: string;
  secret: string;
}
export interface WebhooksDepth {
  waiting: number;
  dead: number;
}
export interface WeekView {
  mon?: ([string, string])[];
  tue?: ([string, string])[];
  wed?: ([string, string])[];
  thu?: ([string, string])[];
  fri?: ([string, string])[];
  sat?: ([string, string])[];
  sun?: ([string, string])[];
}
export type Window = "open" | "closing" | "closed";
export interface WordingView {
  name: string;
  language: string;
  components: unknown[];
}
export interface SocketEvents {
  "message-received": SocketMessage;
  "message-sent": SocketMessage;
  "message-status": SocketStatus;
  "message-changed": SocketMessageChange;
  "conversation-queued": SocketQueued;
  "conversation-assigned": SocketAssigned;
  "conversation-transferred": SocketTransferred;
  "conversation-resolved": SocketResolved;
  "conversation-changed": SocketConversation;
  "note-added": SocketNote;
  "note-edited": SocketNote;
  "note-deleted": SocketNoteDeleted;
  "contact-changed": SocketContact;
  "contact-erased": SocketErasure;
  "session-changed": SocketSession;
  "session-alert": SocketAlert;
  "campaign-changed": SocketCampaign;
  "agent-status": SocketPresence;
  notification: SocketNotification;
}
