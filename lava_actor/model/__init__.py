"""How a Process behaves: ProcessModels, their ports, decorators, protocols.

Its rooms:

    decorator, resources, registry   which class implements which Process, on what
    types, declarations              LavaPyType; do model and Process fit
    model, sub, py/                  base classes of models: hierarchical, stepping, free running
    ports/                           ports as a model sees them
    sync/                            protocols and sync domains
    phases                           what a model class overrides, read from its code
    harness                          drives one model without a runtime, for tests
"""
