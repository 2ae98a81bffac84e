"""Running a network: the user's handle, services, actors, supervision.

In the user's interpreter

    session     what `compile`, `run`, `reset` of a Process do
    runtime     the handle: run, pause, wait, stop, Var access
    crew        what a runtime starts and puts away; listener: what comes back from it
    travel      how models get to their actors
    launcher    the clean interpreter everything is forked from

Outside of it

    launcher_main   the launcher's program, which rehearses what actors do (rehearsal)
    service         one per sync domain: starts, grants steps (lease), watches (watch)
    hosts           actors as processes (forking) or as threads
    actor           one model: build, stepping or free loop, requests, turns, remote
    shared_values   parameters that are initial values too: kept once

Between them

    plan, words, status     plain data
    output, failures        what actors print, log and raise
"""
