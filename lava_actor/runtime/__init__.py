"""Running a network: the user's handle, services, actors, supervision.

runtime         the handle: run, pause, wait, stop, Var access
run_conditions  how long a network runs

user/       in the user's interpreter: what the methods of a Process do (session), what a runtime
starts and puts away (supervision), what comes back to it (listener)
start/      the launcher and its program, processes, and what travels to them
service/    one per sync domain: starts, grants steps (lease), watches (deadlock)
actor/      one model: build, stepping or free loop, requests, access to Vars of others (remote)
reports/    what actors print and raise, and the one exception that comes of it
"""
