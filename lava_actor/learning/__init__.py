"""Learning rules, traces and their arithmetic, after the learning engine of Loihi.

From the text of a rule to the change of a synapse::

    symbolic_equation            text -> tokens that know their place in it
    syntax_tree, grammar         tokens -> products; errors point at the offending term
    products, product_series     the products of one target: plain data
    learning_rule                up to three targets, time constants, impulses, epoch, seed

    spikes                       booking spikes as they arrive
    traces                       decay and impulses of spike traces
    learning_rule_applier        products -> new values of a synaptic variable
    limits                       what a synaptic variable can hold
    patterns, dense_, sparse_    which synapses can change, in dense and sparse matrices
    synapses                     their variables, read and written group by group
    update                       the change of all synaptic variables at the end of an epoch
    native                       the same in native loops, from a rule as a table
    random                       the seeded streams that fixed-point rounding draws from

    connection_models            what the model of a learning connection derives from
      connection_base, _float, _fixed; rule_vars: rules that are set from outside
    neuron_models                what the model of a three-factor neuron derives from
"""
