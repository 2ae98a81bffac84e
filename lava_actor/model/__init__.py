"""How a Process behaves: ProcessModels, their ports, decorators, protocols.

Its rooms:

    decorator, resources, registry   which class implements which Process, on what
    types, members, declarations     LavaPyType; do model and Process fit
    doubts                           what was perhaps meant otherwise
    model, sub, py/                  base classes of models: hierarchical, stepping, free running
    ports/                           ports as a model sees them
    sync/                            protocols and sync domains
    phases, ref_use, bytecode        what a model class does, read from its code
    native, step_functions, bursts   steps without the interpreter
    cuts                             how a Process may be cut into parts
    harness                          drives one model without a runtime, for tests
"""
