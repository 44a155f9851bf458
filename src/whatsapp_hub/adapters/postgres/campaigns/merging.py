"""What merging two contacts does to their places in campaigns: $1 is the contact that stays, $2 the other. Where both
have one in a campaign, that of the message which came further stays, as in `domain/campaigns/recipient.py`."""

from whatsapp_hub.domain.campaigns.recipient import FURTHEST

_RANK = f"array_position(ARRAY{[state.value for state in FURTHEST]}, {{}}.state)"
MERGE_RECIPIENTS = (
    f"""DELETE FROM hub.campaign_recipients r USING hub.campaign_recipients o
        WHERE r.contact_id = $2 AND o.campaign_id = r.campaign_id AND o.contact_id = $1
          AND {_RANK.format("r")} <= {_RANK.format("o")}""",
    f"""DELETE FROM hub.campaign_recipients r USING hub.campaign_recipients o
        WHERE r.contact_id = $1 AND o.campaign_id = r.campaign_id AND o.contact_id = $2
          AND {_RANK.format("r")} < {_RANK.format("o")}""",
    "UPDATE hub.campaign_recipients SET contact_id = $1 WHERE contact_id = $2",
)
