"""Rules are searched for counter-examples; a slow machine is not one."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, max_examples=50)
settings.load_profile("domain")
