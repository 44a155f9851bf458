"""How many connections a process may hold."""

import resource

from whatsapp_hub.main.roles.run import allow_descriptors


def test_a_process_uses_all_descriptors_that_it_may_have() -> None:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before), most))
    try:
        allow_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
