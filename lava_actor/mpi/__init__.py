"""Networks over several machines, by MPI: ``mpiexec -n 4 python -m lava_actor.mpi program.py``.

    place      which rank each actor lives on
    crossing   messages on their way from a ring on one rank to the same ring on another
    tunnel     frames between the user's interpreter and a service elsewhere
    guard      who speaks when a rank dies, and lets the program be told before the launcher acts
    machine    which ranks see each other's processes and share cores
    deaths     who has died, of the ranks on one machine
    courier    the one thread of a rank that speaks MPI
    host       a rank's services: started for the user's interpreter, heard and told for it
    border     what rank 0 carries for a network: frames, messages, questions
    standstill deadlocks over several ranks
    crew       what a Runtime starts when there are ranks
    __main__   the command

Every rank has an arena of the same plan, so rings, parties and cursors have the same numbers
everywhere. A ring whose reader is elsewhere has the courier for a reader, and on the other side for
its writer. Everything else that a network does is a frame between the user's interpreter and a
service; frames to a service on another rank go through the courier.

The first rank runs the user's program; the others serve it.
"""
