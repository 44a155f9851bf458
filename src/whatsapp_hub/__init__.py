"""WhatsApp hub: connect numbers, route customers to people, lose nothing.

`whatsapp_hub.domain` and `whatsapp_hub.application` need nothing but the standard library and can be
embedded in any service; the adapters and `whatsapp_hub.main` need the extra `server`.
"""
