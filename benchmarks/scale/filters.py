"""Every filter of the list of conversations, alone and in common combinations."""

from __future__ import annotations

from benchmarks.scale.company import DEPARTMENTS, Company, names
from whatsapp_hub.application.reading.conversation_filter import ConversationFilter, Order
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.domain.conversations.conversation import LIVE, ConversationStatus
from whatsapp_hub.domain.ids import DepartmentId, SessionId, UserId

ALL = Sight(everything=True)
BUSY, QUIET = 0, 15
"""Ranks of departments, agents and sessions."""


def filters(company: Company) -> dict[str, tuple[Sight, ConversationFilter]]:
    live, closed = LIVE, frozenset({ConversationStatus.RESOLVED})
    department, quiet = DepartmentId(company.department(BUSY)), DepartmentId(company.department(QUIET))
    user, session = UserId(company.agent(BUSY)), SessionId(company.session(BUSY))
    colleague = UserId(company.agent(DEPARTMENTS))  # of the same department
    own = Sight(colleague, department)
    lists = {
        "none": (ALL, ConversationFilter()),
        "status live": (ALL, ConversationFilter(live)),
        "status resolved": (ALL, ConversationFilter(closed)),
        "department": (ALL, ConversationFilter(department_id=department)),
        "quiet department": (ALL, ConversationFilter(department_id=quiet)),
        "department, live": (ALL, ConversationFilter(live, department_id=department)),
        "department, resolved": (ALL, ConversationFilter(closed, department_id=department)),
        "user": (ALL, ConversationFilter(assigned_user_id=user)),
        "user, live": (ALL, ConversationFilter(live, assigned_user_id=user)),
        "user, resolved": (ALL, ConversationFilter(closed, assigned_user_id=user)),
        "session": (ALL, ConversationFilter(session_id=session)),
        "session, live": (ALL, ConversationFilter(live, session_id=session)),
        "department and session": (ALL, ConversationFilter(department_id=department, session_id=session)),
        "department and user": (ALL, ConversationFilter(department_id=department, assigned_user_id=user)),
        "user and session": (ALL, ConversationFilter(assigned_user_id=user, session_id=session)),
        "an agent's": (own, ConversationFilter()),
        "an agent's, live": (own, ConversationFilter(live)),
        "an agent's, session": (own, ConversationFilter(session_id=session)),
        "longest waiting": (ALL, ConversationFilter(order=Order.WAITING)),
        "next due": (ALL, ConversationFilter(order=Order.DUE)),
        "most urgent": (ALL, ConversationFilter(order=Order.PRIORITY)),
        "unassigned, live": (ALL, ConversationFilter(live, unassigned=True)),
        "an agent's, longest waiting": (own, ConversationFilter(order=Order.WAITING)),
    }
    return lists | _searches(company, own)


def _searches(company: Company, own: Sight) -> dict[str, tuple[Sight, ConversationFilter]]:
    given, family = names()
    asked = {
        "frequent name": given[0],
        "name": given[3],
        "names": f"{given[40]} {family[60]}",
        "half a number": "9 9123",
        "number": "91234567",
        "no such name": "Zzyzx",
    }
    found = {f"search, {name}": (ALL, ConversationFilter(search=text)) for name, text in asked.items()}
    department = DepartmentId(company.department(BUSY))
    return found | {
        "search, department": (ALL, ConversationFilter(department_id=department, search=given[3])),
        "search, an agent's": (own, ConversationFilter(search=given[3])),
    }
