"""A process that lives on without doing its work is ended: played by real processes and in real seconds."""

import asyncio
import json
import signal
import sys
import textwrap

from whatsapp_hub.main.roles.watchdog import EXIT_GAVE_UP, EXIT_STANDS, EXIT_WILL_NOT_END

STUBBORN = """
async def stubborn():
    while True:
        try:
            await beats()
        except asyncio.CancelledError:
            pass

"""


async def played(body: str) -> asyncio.subprocess.Process:
    """A process that plays a role whose coroutine is `run`, watched as the hub's are."""
    script = textwrap.dedent(
        """
        import asyncio
        from whatsapp_hub.application.pulse import PULSE
        from whatsapp_hub.main.roles import watchdog
        from whatsapp_hub.main.roles.run import until_told_to_stop
        watchdog.LOOK_EVERY_S = 0.05

        async def beats():
            while True:
                PULSE.beat("good", within_s=0.5)
                await asyncio.sleep(0.02)

        {body}

        async def started():
            print("up", flush=True)  # signals are handled by now
            await run()

        watchdog.WATCHDOG.watch("test")
        asyncio.run(until_told_to_stop(started(), 0.5))
        """
    ).format(body=textwrap.dedent(body))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=pipe, stderr=pipe)
    assert process.stdout
    assert await process.stdout.readline() == b"up\n"
    return process


async def end_of(process: asyncio.subprocess.Process) -> tuple[int | None, list[dict[str, object]]]:
    async with asyncio.timeout(20):
        _, err = await process.communicate()
    lines = [line for line in err.decode().splitlines() if line.startswith("{")]
    return process.returncode, [json.loads(line) for line in lines]


async def test_a_process_whose_loop_stands_is_ended_and_says_which() -> None:
    process = await played(
        """
async def run():
    PULSE.beat("bad", within_s=0.2)
    await beats()
"""
    )
    code, said = await end_of(process)
    assert code == EXIT_STANDS
    assert [(line["event"], "bad" in line, "good" in line) for line in said] == [("watchdog.stands", True, False)]


async def test_a_process_whose_event_loop_is_blocked_is_ended_too() -> None:
    process = await played(
        """
async def run():
    PULSE.beat("bad", within_s=0.2)
    import time
    time.sleep(60)
"""
    )
    assert (await end_of(process))[0] == EXIT_STANDS


async def test_a_process_that_swallows_its_cancellation_is_ended() -> None:
    process = await played(
        STUBBORN
        + """
async def run():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stubborn())
"""
    )
    process.send_signal(signal.SIGTERM)
    assert (await end_of(process))[0] == EXIT_WILL_NOT_END


async def test_a_loop_that_dies_beside_one_that_swallows_ends_the_process() -> None:
    """What was seen: an error nobody knew, and a listener that swallowed the cancellation that followed."""
    process = await played(
        STUBBORN
        + """
async def dies():
    await asyncio.sleep(0.1)
    raise ValueError("nobody knows it")

async def run():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watchdog.lasting("stubborn", stubborn(), 0.5))
        tasks.create_task(watchdog.lasting("dies", dies(), 0.5))
"""
    )
    assert (await end_of(process))[0] == EXIT_WILL_NOT_END


async def test_a_process_whose_loop_died_does_not_end_as_one_that_was_told_to_stop() -> None:
    """It stops cleanly, and whoever started it must still start it again."""
    process = await played(
        """
async def dies():
    await asyncio.sleep(0.1)
    raise ValueError("nobody knows it")

async def run():
    task = asyncio.create_task(watchdog.lasting("dies", dies(), 0.5))
    await beats()
"""
    )
    assert (await end_of(process))[0] == EXIT_GAVE_UP


async def test_a_process_that_was_stopped_for_long_goes_on() -> None:
    process = await played(
        """
async def run():
    await beats()
"""
    )
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(1.5)
    process.send_signal(signal.SIGCONT)
    await asyncio.sleep(0.5)
    assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    assert (await end_of(process))[0] == 0


async def test_a_second_signal_does_not_cut_off_what_the_first_is_putting_away() -> None:
    """One Ctrl-C comes twice where a parent passes it on too (`make dev`), or where somebody is impatient."""
    process = await played(
        """
        async def run():
            try:
                await asyncio.Event().wait()
            finally:
                print("stopping", flush=True)
                await asyncio.sleep(0.3)
                print("put away", flush=True)
        """
    )
    assert process.stdout
    process.send_signal(signal.SIGINT)
    assert await process.stdout.readline() == b"stopping\n"
    process.send_signal(signal.SIGINT)
    assert await process.stdout.readline() == b"put away\n"
    assert await end_of(process) == (0, [])
