"""What all parts of a running network agree upon, each said once.

    step      the phases of a step, their guards and their order
    words     the words that everybody shares, by name
    values    what a Var's value may be, and what becomes of one that is assigned
    rows      which part of a Process has which rows
    counts    whole numbers that a user gives
    frames    every frame that travels through a pipe: its payload, who sends it

Nothing here starts, waits or sends.
"""
