"""Shapes of neonize's events: the fields that the hub reads.

Numbers and names are those of neonize 0.5's Neonize.proto and of WhatsApp's own E2E, Web and HistorySync protocols; a
test compares each with the installed library. Message times are milliseconds, all others seconds.
"""

from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape
from whatsapp_hub.adapters.providers.neonize.native.wire_parts import (
    AUDIO,
    CONTACT,
    CONTACTS,
    CONTEXT,
    DOCUMENT,
    EVENT,
    IMAGE,
    KEY,
    LIVE_LOCATION,
    LOCATION,
    ORDER,
    POLL,
    STICKER,
    VIDEO,
)

_TEXT, _RAW, _INT, _BOOL, _DOUBLE = Kind.TEXT, Kind.RAW, Kind.INT, Kind.BOOL, Kind.DOUBLE

EVENTS = {
    0: "Device",
    2: "PairStatus",
    3: "Connected",
    4: "KeepAliveTimeout",
    5: "KeepAliveRestored",
    6: "LoggedOut",
    7: "StreamReplaced",
    8: "TemporaryBan",
    9: "ConnectFailure",
    10: "ClientOutdated",
    11: "StreamError",
    12: "Disconnected",
    13: "HistorySync",
    17: "Message",
    18: "Receipt",
    19: "ChatPresence",
    20: "Presence",
    21: "JoinedGroup",
    22: "GroupInfoEvent",
    24: "IdentityChange",
    26: "OfflineSyncPreview",
    27: "OfflineSyncCompleted",
    36: "CallOffer",
    42: "CallTerminate",
    44: "UndecryptableMessage",
}
"""Events that the hub subscribes to, by neonize's numbers."""


JID = Shape(
    {
        1: ("user", _TEXT),
        2: ("rawAgent", _INT),
        3: ("device", _INT),
        4: ("integrator", _INT),
        5: ("server", _TEXT),
        6: ("isEmpty", _BOOL),
    }
)
SOURCE = Shape(
    {
        1: ("chat", JID),
        2: ("sender", JID),
        3: ("isFromMe", _BOOL),
        4: ("isGroup", _BOOL),
        6: ("senderAlt", JID),
        7: ("recipientAlt", JID),
        8: ("broadcastListOwner", JID),
    }
)
INFO = Shape(
    {
        1: ("messageSource", SOURCE),
        2: ("ID", _TEXT),
        3: ("serverID", _INT),
        4: ("type", _TEXT),
        5: ("pushname", _TEXT),
        6: ("timestamp", _INT),
        7: ("category", _TEXT),
        10: ("edit", _TEXT),
    }
)
MESSAGE = Shape(
    {
        1: ("conversation", _TEXT),
        2: ("senderKeyDistributionMessage", Shape({})),
        3: ("imageMessage", IMAGE),
        4: ("contactMessage", CONTACT),
        5: ("locationMessage", LOCATION),
        6: (
            "extendedTextMessage",
            Shape({1: ("text", _TEXT), 2: ("matchedText", _TEXT), 17: ("contextInfo", CONTEXT)}),
        ),
        7: ("documentMessage", DOCUMENT),
        8: ("audioMessage", AUDIO),
        9: ("videoMessage", VIDEO),
        13: ("contactsArrayMessage", CONTACTS),
        15: ("fastRatchetKeySenderKeyDistributionMessage", Shape({})),
        18: ("liveLocationMessage", LIVE_LOCATION),
        26: ("stickerMessage", STICKER),
        29: (
            "templateButtonReplyMessage",
            Shape({1: ("selectedID", _TEXT), 2: ("selectedDisplayText", _TEXT), 3: ("contextInfo", CONTEXT)}),
        ),
        35: ("messageContextInfo", Shape({3: ("messageSecret", _RAW)})),
        39: (
            "listResponseMessage",
            Shape(
                {
                    1: ("title", _TEXT),
                    3: ("singleSelectReply", Shape({1: ("selectedRowID", _TEXT)})),
                    4: ("contextInfo", CONTEXT),
                }
            ),
        ),
        43: (
            "buttonsResponseMessage",
            Shape({1: ("selectedButtonID", _TEXT), 2: ("selectedDisplayText", _TEXT), 3: ("contextInfo", CONTEXT)}),
        ),
        46: ("reactionMessage", Shape({1: ("key", KEY), 2: ("text", _TEXT), 4: ("senderTimestampMS", _INT)})),
        48: (
            "interactiveResponseMessage",
            Shape(
                {
                    1: ("body", Shape({1: ("text", _TEXT)})),
                    2: ("nativeFlowResponseMessage", Shape({1: ("name", _TEXT), 2: ("paramsJSON", _TEXT)})),
                    15: ("contextInfo", CONTEXT),
                }
            ),
        ),
        38: ("orderMessage", ORDER),
        49: ("pollCreationMessage", POLL),
        50: ("pollUpdateMessage", Shape({1: ("pollCreationMessageKey", KEY), 4: ("senderTimestampMS", _INT)})),
        60: ("pollCreationMessageV2", POLL),
        64: ("pollCreationMessageV3", POLL),
        66: ("ptvMessage", VIDEO),
        75: ("eventMessage", EVENT),
        76: ("encEventResponseMessage", Shape({1: ("eventCreationMessageKey", KEY)})),
        111: ("pollCreationMessageV5", POLL),
        119: ("pollCreationMessageV6", POLL),
    },
    others={
        10: "call",
        14: "highlyStructuredMessage",
        16: "sendPaymentMessage",
        22: "requestPaymentMessage",
        25: "templateMessage",
        28: "groupInviteMessage",
        30: "productMessage",
        36: "listMessage",
        41: "invoiceMessage",
        42: "buttonsMessage",
        44: "paymentInviteMessage",
        45: "interactiveMessage",
        51: "keepInChatMessage",
        54: "requestPhoneNumberMessage",
        56: "encReactionMessage",
        63: "pinInChatMessage",
        69: "callLogMesssage",
        71: "encCommentMessage",
        77: "commentMessage",
        80: "placeholderMessage",
        82: "secretEncryptedMessage",
        83: "albumMessage",
        86: "stickerPackMessage",
        88: "pollResultSnapshotMessage",
    },
)
_WRAPPED = Shape({1: ("message", MESSAGE)})
PROTOCOL = Shape({1: ("key", KEY), 2: ("type", _INT), 14: ("editedMessage", MESSAGE), 15: ("timestampMS", _INT)})
MESSAGE.extend(
    {
        12: ("protocolMessage", PROTOCOL),
        31: ("deviceSentMessage", Shape({1: ("destinationJID", _TEXT), 2: ("message", MESSAGE)})),
        37: ("viewOnceMessage", _WRAPPED),
        40: ("ephemeralMessage", _WRAPPED),
        53: ("documentWithCaptionMessage", _WRAPPED),
        55: ("viewOnceMessageV2", _WRAPPED),
        58: ("editedMessage", _WRAPPED),
        59: ("viewOnceMessageV2Extension", _WRAPPED),
        62: ("groupMentionedMessage", _WRAPPED),
        67: ("botInvokeMessage", _WRAPPED),
        74: ("lottieStickerMessage", _WRAPPED),
        91: ("associatedChildMessage", _WRAPPED),
        93: ("pollCreationMessageV4", _WRAPPED),
        118: ("spoilerMessage", _WRAPPED),
    }
)
CONTEXT.extend({3: ("quotedMessage", MESSAGE)})

WEB_MESSAGE = Shape(
    {
        1: ("key", KEY),
        2: ("message", MESSAGE),
        3: ("messageTimestamp", _INT),
        4: ("status", _INT),
        5: ("participant", _TEXT),
        19: ("pushName", _TEXT),
        24: ("messageStubType", _INT),
    }
)
HISTORY = Shape(
    {
        1: ("syncType", _INT),
        2: (
            "conversations*",
            Shape(
                {
                    1: ("ID", _TEXT),
                    2: ("messages*", Shape({1: ("message", _RAW)})),
                    13: ("name", _TEXT),
                    39: ("pnJID", _TEXT),
                    42: ("lidJID", _TEXT),
                }
            ),
        ),
        15: ("phoneNumberToLidMappings*", Shape({1: ("pnJID", _TEXT), 2: ("lidJID", _TEXT)})),
    }
)
PAIRED, ON_DEMAND = 2, 6
"""The status of a PairStatus; the type of a history that was requested."""

_GROUP_NAME = Shape({1: ("name", _TEXT)})
_GROUP_INFO = Shape({1: ("JID", JID), 4: ("groupName", _GROUP_NAME)})
_CALL = Shape({1: ("from", JID), 2: ("timestamp", _INT), 3: ("callCreator", JID), 5: ("callID", _TEXT)})

SHAPES = {
    "Device": Shape({1: ("JID", JID), 2: ("LID", JID), 5: ("pushName", _TEXT)}),
    "PairStatus": Shape({1: ("ID", JID), 3: ("platform", _TEXT), 4: ("status", _INT), 5: ("error", _TEXT)}),
    "Connected": Shape({1: ("status", _BOOL)}),
    "KeepAliveTimeout": Shape({1: ("errorCount", _INT), 2: ("lastSuccess", _INT)}),
    "KeepAliveRestored": Shape({}),
    "LoggedOut": Shape({1: ("onConnect", _BOOL), 2: ("reason", _INT)}),
    "StreamReplaced": Shape({}),
    "TemporaryBan": Shape({1: ("code", _INT), 2: ("expire", _INT)}),
    "ConnectFailure": Shape({1: ("reason", _INT), 2: ("message", _TEXT)}),
    "ClientOutdated": Shape({}),
    "StreamError": Shape({1: ("code", _TEXT)}),
    "Disconnected": Shape({1: ("status", _BOOL)}),
    "HistorySync": Shape({1: ("data", HISTORY)}),
    "Message": Shape({1: ("info", INFO), 2: ("message", MESSAGE), 9: ("isEdit", _BOOL)}),
    "Receipt": Shape(
        {1: ("messageSource", SOURCE), 2: ("messageIDs*", _TEXT), 3: ("timestamp", _INT), 4: ("type", _INT)}
    ),
    "ChatPresence": Shape({1: ("messageSource", SOURCE), 2: ("state", _INT), 3: ("media", _INT)}),
    "Presence": Shape({1: ("from", JID), 2: ("unavailable", _BOOL), 3: ("lastSeen", _INT)}),
    "JoinedGroup": Shape({1: ("reason", _TEXT), 2: ("type", _TEXT), 4: ("groupInfo", _GROUP_INFO)}),
    "GroupInfoEvent": Shape({1: ("JID", JID), 4: ("timestamp", _INT), 5: ("name", _GROUP_NAME)}),
    "IdentityChange": Shape({1: ("JID", JID), 2: ("timestamp", _INT)}),
    "OfflineSyncPreview": Shape({1: ("total", _INT), 3: ("message", _INT)}),
    "OfflineSyncCompleted": Shape({1: ("count", _INT)}),
    "CallOffer": Shape({1: ("basicCallMeta", _CALL)}),
    "CallTerminate": Shape({1: ("basicCallMeta", _CALL), 2: ("reason", _TEXT)}),
    "UndecryptableMessage": Shape({1: ("info", INFO), 2: ("isUnavailable", _BOOL)}),
}

ANSWERS = {
    "GetGroupInfo": Shape({1: ("groupInfo", _GROUP_INFO), 2: ("error", _TEXT)}),
    "UpdateBlocklist": Shape({2: ("error", _TEXT)}),
    "SendMessage": Shape({1: ("error", _TEXT), 2: ("response", Shape({1: ("timestamp", _INT), 2: ("ID", _TEXT)}))}),
    "Upload": Shape(
        {
            1: (
                "response",
                Shape(
                    {
                        1: ("URL", _TEXT),
                        2: ("directPath", _TEXT),
                        4: ("mediaKey", _RAW),
                        5: ("fileEncSHA256", _RAW),
                        6: ("fileSHA256", _RAW),
                        7: ("fileLength", _INT),
                    }
                ),
            ),
            2: ("error", _TEXT),
        }
    ),
    "IsOnWhatsApp": Shape(
        {1: ("response*", Shape({1: ("query", _TEXT), 2: ("JID", JID), 3: ("isIn", _BOOL)})), 2: ("error", _TEXT)}
    ),
    "PairPhone": Shape({1: ("code", _TEXT), 2: ("error", _TEXT)}),
}
"""Return values of neonize's functions."""

PAIR_PHONE = Shape(
    {
        1: ("phone", _TEXT),
        2: ("showPushNotification", _BOOL),
        3: ("clientType", _INT),
        4: ("clientDisplayName", _TEXT),
    }
)
DEVICE_PROPS = Shape({1: ("os", _TEXT), 3: ("platformType", _INT), 4: ("requireFullSync", _BOOL)})
