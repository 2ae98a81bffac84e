"""From Processes to an Executable, which is plain data.

network, expand     which Processes there are, which model each gets
domains, schedule   who is synchronised, and how steps are granted
turns               the order of actors that reach into each other's Vars
lower               rings, cursors, actor plans
snapshot            the way back
compiler            all of the above in order
"""
