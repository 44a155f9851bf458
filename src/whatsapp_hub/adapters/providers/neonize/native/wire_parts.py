"""Shapes of the parts of WhatsApp's own message: its key, its context, and each kind of content."""

from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape

_TEXT, _RAW, _INT, _BOOL, _DOUBLE = Kind.TEXT, Kind.RAW, Kind.INT, Kind.BOOL, Kind.DOUBLE

KEY = Shape({1: ("remoteJID", _TEXT), 2: ("fromMe", _BOOL), 3: ("ID", _TEXT), 4: ("participant", _TEXT)})
CONTEXT = Shape(
    {
        1: ("stanzaID", _TEXT),
        2: ("participant", _TEXT),
        4: ("remoteJID", _TEXT),
        15: ("mentionedJID*", _TEXT),
        21: ("forwardingScore", _INT),
        22: ("isForwarded", _BOOL),
    }
)

IMAGE = Shape(
    {
        1: ("URL", _TEXT),
        2: ("mimetype", _TEXT),
        3: ("caption", _TEXT),
        4: ("fileSHA256", _RAW),
        5: ("fileLength", _INT),
        6: ("height", _INT),
        7: ("width", _INT),
        8: ("mediaKey", _RAW),
        9: ("fileEncSHA256", _RAW),
        11: ("directPath", _TEXT),
        17: ("contextInfo", CONTEXT),
        25: ("viewOnce", _BOOL),
    }
)
VIDEO = Shape(
    {
        1: ("URL", _TEXT),
        2: ("mimetype", _TEXT),
        3: ("fileSHA256", _RAW),
        4: ("fileLength", _INT),
        5: ("seconds", _INT),
        6: ("mediaKey", _RAW),
        7: ("caption", _TEXT),
        8: ("gifPlayback", _BOOL),
        9: ("height", _INT),
        10: ("width", _INT),
        11: ("fileEncSHA256", _RAW),
        13: ("directPath", _TEXT),
        17: ("contextInfo", CONTEXT),
        20: ("viewOnce", _BOOL),
    }
)
AUDIO = Shape(
    {
        1: ("URL", _TEXT),
        2: ("mimetype", _TEXT),
        3: ("fileSHA256", _RAW),
        4: ("fileLength", _INT),
        5: ("seconds", _INT),
        6: ("PTT", _BOOL),
        7: ("mediaKey", _RAW),
        8: ("fileEncSHA256", _RAW),
        9: ("directPath", _TEXT),
        17: ("contextInfo", CONTEXT),
        21: ("viewOnce", _BOOL),
    }
)
DOCUMENT = Shape(
    {
        1: ("URL", _TEXT),
        2: ("mimetype", _TEXT),
        3: ("title", _TEXT),
        4: ("fileSHA256", _RAW),
        5: ("fileLength", _INT),
        6: ("pageCount", _INT),
        7: ("mediaKey", _RAW),
        8: ("fileName", _TEXT),
        9: ("fileEncSHA256", _RAW),
        10: ("directPath", _TEXT),
        17: ("contextInfo", CONTEXT),
        20: ("caption", _TEXT),
    }
)
STICKER = Shape(
    {
        1: ("URL", _TEXT),
        2: ("fileSHA256", _RAW),
        3: ("fileEncSHA256", _RAW),
        4: ("mediaKey", _RAW),
        5: ("mimetype", _TEXT),
        6: ("height", _INT),
        7: ("width", _INT),
        8: ("directPath", _TEXT),
        9: ("fileLength", _INT),
        13: ("isAnimated", _BOOL),
        17: ("contextInfo", CONTEXT),
    }
)
LOCATION = Shape(
    {
        1: ("degreesLatitude", _DOUBLE),
        2: ("degreesLongitude", _DOUBLE),
        3: ("name", _TEXT),
        4: ("address", _TEXT),
        5: ("URL", _TEXT),
        6: ("isLive", _BOOL),
        17: ("contextInfo", CONTEXT),
    }
)
LIVE_LOCATION = Shape(
    {
        1: ("degreesLatitude", _DOUBLE),
        2: ("degreesLongitude", _DOUBLE),
        6: ("caption", _TEXT),
        17: ("contextInfo", CONTEXT),
    }
)
CONTACT = Shape({1: ("displayName", _TEXT), 16: ("vcard", _TEXT), 17: ("contextInfo", CONTEXT)})
CONTACTS = Shape({1: ("displayName", _TEXT), 2: ("contacts*", CONTACT), 17: ("contextInfo", CONTEXT)})
POLL = Shape(
    {
        2: ("name", _TEXT),
        3: ("options*", Shape({1: ("optionName", _TEXT)})),
        4: ("selectableOptionsCount", _INT),
        5: ("contextInfo", CONTEXT),
    }
)

ORDER = Shape(
    {
        3: ("itemCount", _INT),
        6: ("message", _TEXT),
        7: ("orderTitle", _TEXT),
        10: ("totalAmount1000", _INT),
        11: ("totalCurrencyCode", _TEXT),
        17: ("contextInfo", CONTEXT),
    }
)
EVENT = Shape(
    {
        1: ("contextInfo", CONTEXT),
        2: ("isCanceled", _BOOL),
        3: ("name", _TEXT),
        4: ("description", _TEXT),
        5: ("location", LOCATION),
        7: ("startTime", _INT),
        8: ("endTime", _INT),
    }
)
