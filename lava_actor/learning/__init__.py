"""Learning rules, traces and their arithmetic, after the learning engine of Loihi.

From the text of a rule to the change of a synapse::

    symbolic_equation   text -> tokens that know their place in it
    grammar             tokens -> products, with errors that point at the offending term
    product_series      the products of one target: plain data
    learning_rule       three targets, time constants, impulses, epoch length, seed

    spikes              booking spikes as they arrive, the same for both engines
    traces              decay and impulses of spike traces, floating and fixed point
    learning_rule_applier   products -> new values of a synaptic variable
    limits              what a synaptic variable can hold
    synapses            which synapses a rule can change, in dense and sparse matrices
    random              the seeded streams that fixed-point rounding draws from

    connection_models   what a learning connection's ProcessModel derives from
    neuron_models       what a three-factor neuron's ProcessModel derives from
"""
