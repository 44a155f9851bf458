"""What every storage must hold to, as tests: classes to subclass, one a group of ports, with a fixture `world`.

`tests/unit/adapters/memory` runs them over the memory, `tests/integration/postgres/test_storage_contract.py` over
PostgreSQL. A storage of your own subclasses them likewise (docs/embedding.md).
"""
