"""From Processes to an Executable, which is plain data.

network, expand     which Processes there are, which model each gets
run_configs         what the user says about that
domains, schedule   who is synchronised, and how steps are granted
taps, turns         RefPorts that only read; the order of actors that reach into each other's Vars
lower               rings, cursors, actor plans
placement/, parts   which Processes are cut into parts, and what a part is
hosts               which actors live in the user's interpreter
snapshot            the way back
compiler            all of the above in order
executable          what comes of it
storage, drawing/   an Executable as bytes, a network as a picture
"""
