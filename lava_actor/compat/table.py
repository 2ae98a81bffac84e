"""Which Lava module is served by which of ours: plain data.

Every row is ``Lava module: (our modules, names)``; prefixes ``lava.`` and ``lava_actor.`` are left
out. The names are those that programs import from that module; each must resolve (a test walks all
of them). Anything else that our modules show is reachable as well. Where several of our modules are
named, the first that has a name gives it.

`_INNER` lists modules with inner parts of Lava. Their names are stand-ins.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Alias:
    """A Lava module: the modules of ours that serve it, and the names it promises."""

    sources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    inner: bool = False
    """Whether all other names are inner parts of Lava, `lava_names.inner`."""


_PROCESS = {
    "magma.core.process.process": (
        "process.process",
        """AbstractProcess Collection LogConfig ProcessParameters ProcessPostInitCaller
        ProcessServer""",
    ),
    "magma.core.process.variable": ("process.variable", "Var VarServer"),
    "magma.core.process.interfaces": (
        "process.interfaces",
        "AbstractProcessMember IdGeneratorSingleton",
    ),
    "magma.core.process.message_interface_enum": ("process.message_interface_enum", "ActorType"),
    "magma.core.process.connection": ("process.connection", "LearningConnectionProcess"),
    "magma.core.process.neuron": ("process.neuron", "LearningNeuronProcess"),
    "magma.core.process.ports.ports": (
        "process.ports.ports",
        """InPort OutPort RefPort VarPort ImplicitVarPort AbstractPort AbstractIOPort AbstractRVPort
        AbstractSrcPort AbstractDstPort AbstractVirtualPort ReshapePort TransposePort ConcatPort
        create_port_id to_list is_disjoint""",
    ),
    "magma.core.process.ports.exceptions": (
        "process.ports.exceptions",
        """ReshapeError DuplicateConnectionError ConcatShapeError ConcatIndexError
        TransposeShapeError TransposeIndexError VarNotSharableError""",
    ),
    "magma.core.process.ports.reduce_ops": (
        "process.ports.reduce_ops",
        "AbstractReduceOp ReduceSum",
    ),
    "magma.core.process.ports.connection_config": (
        "process.ports.connection_config",
        "ConnectionConfig SpikeIOInterface SpikeIOPort SpikeIOMode",
    ),
}

_MODEL = {
    "magma.core.decorator": ("model.decorator", "implements requires tag"),
    "magma.core.resources": (
        "model.resources",
        """AbstractResource AbstractComputeResource CPU HostCPU GPU ECPU LMT PB NeuroCore
        Loihi1NeuroCore Loihi2NeuroCore AbstractPeripheralResource DVS HardDrive HeadNodeHardDrive
        AbstractNode GenericNode HeadNode Loihi1System KapohoBay Nahuku Pohoiki Loihi2System
        OheoGulch KapohoPoint Unalaska""",
    ),
    "magma.core.run_conditions": (
        "runtime.run_conditions",
        "AbstractRunCondition RunSteps RunContinuous",
    ),
    "magma.core.run_configs": (
        "compiler.run_configs",
        """RunConfig AbstractLoihiRunCfg AbstractLoihiSimRunCfg AbstractLoihiHWRunCfg Loihi1SimCfg
        Loihi2SimCfg Loihi1HwCfg Loihi2HwCfg EMBEDDED_ALLOCATION_ORDER""",
    ),
    "magma.core.callback_fx": (
        "compat.lava_names.callback_fx",
        "CallbackFx NxSdkCallbackFx IterableCallBack",
    ),
    "magma.core.sync.protocol": ("model.sync.protocol", "AbstractSyncProtocol"),
    "magma.core.sync.domain": ("model.sync.domain", "SyncDomain"),
    "magma.core.sync.protocols.loihi_protocol": (
        "model.sync.loihi_protocol compat.lava_names.runtime_service",
        "LoihiProtocol Phase Proc_Function_With_Guard",
    ),
    "magma.core.sync.protocols.async_protocol": (
        "model.sync.async_protocol compat.lava_names.runtime_service",
        "AsyncProtocol",
    ),
    "magma.core.model.model": ("model.model", "AbstractProcessModel"),
    "magma.core.model.precision": ("compat.lava_names.precision", "Precision"),
    "magma.core.model.interfaces": ("model.ports.base", "AbstractPortImplementation"),
    "magma.core.model.spike_type": ("compat.lava_names.spike_type", "SpikeType"),
    "magma.core.model.sub.model": ("model.sub", "AbstractSubProcessModel"),
    "magma.core.model.py.model": (
        "model.py.loihi model.py.async_ model.py.convert model.py.base",
        """AbstractPyProcessModel PyLoihiProcessModel PyAsyncProcessModel
        PyLoihiModelToPyAsyncModel""",
    ),
    "magma.core.model.py.ports": (
        """model.ports.base model.ports.in_port model.ports.out_port model.ports.ref_port
        model.ports.var_port compat.lava_names.by_hand compat.lava_names.transformers""",
        """PyInPort PyInPortVectorDense PyInPortVectorSparse PyInPortScalarDense
        PyInPortScalarSparse PyOutPort PyOutPortVectorDense PyOutPortVectorSparse
        PyOutPortScalarDense PyOutPortScalarSparse PyRefPort PyRefPortVectorDense
        PyRefPortVectorSparse PyRefPortScalarDense PyRefPortScalarSparse PyVarPort
        PyVarPortVectorDense PyVarPortVectorSparse PyVarPortScalarDense PyVarPortScalarSparse
        AbstractPyPort AbstractPyIOPort AbstractTransformer IdentityTransformer
        VirtualPortTransformer VarPortCmd RefVarTypeMapping""",
    ),
    "magma.core.model.py.type": ("model.types", "LavaPyType"),
    "magma.core.model.py.neuron": (
        "learning.neuron_models",
        "LearningNeuronModel LearningNeuronModelFixed LearningNeuronModelFloat",
    ),
    "magma.core.model.py.connection": (
        "learning.connection_models",
        """AbstractLearningConnection PyLearningConnection LearningConnectionModelBitApproximate
        LearningConnectionModelFloat NUM_DEPENDENCIES NUM_X_TRACES NUM_Y_TRACES""",
    ),
}

_LEARNING = {
    "magma.core.learning.learning_rule": (
        "learning.learning_rule",
        "LoihiLearningRule Loihi2FLearningRule Loihi3FLearningRule",
    ),
    "magma.core.learning.constants": (
        "learning.constants",
        """W_EPOCH_TIME W_WEIGHTS_U W_WEIGHTS_S W_TAG_1_U W_TAG_2_U W_TAG_1_S W_TAG_2_S W_TRACE
        W_TRACE_FRACTIONAL_PART W_CONST W_S_MANT W_ACCUMULATOR_U W_ACCUMULATOR_S W_SYN_VAR_U
        W_SYN_VAR_S FACTOR_TO_WIDTH_DICT DEP_TO_IDX_DICT GradedSpikeCfg""",
    ),
    "magma.core.learning.string_symbols": (
        "learning.string_symbols",
        """X0 Y0 U X1 X2 Y1 Y2 Y3 W D T C DW DD DT SPIKE_DEPENDENCIES DEPENDENCIES PRE_TRACES
        POST_TRACES TRACES SYNAPTIC_VARIABLES FACTOR_STATE_VARS LEARNING_RULE_TARGETS
        SYNAPTIC_VARIABLE_VAR_MAPPING""",
    ),
    "magma.core.learning.symbolic_equation": (
        "learning.symbolic_equation",
        """SymbolicEquation Symbol SymbolList Operator Addition Subtraction Multiplication FactorSym
        Dependency X0 Y0 Uk Variable Expression BracketExpression SgnExpression Literal""",
    ),
    "magma.core.learning.product_series": (
        "learning.product_series",
        "Factor Product ProductSeries",
    ),
    "magma.core.learning.learning_rule_applier": (
        "learning.learning_rule_applier",
        "AbstractLearningRuleApplier LearningRuleApplierFloat LearningRuleApplierBitApprox",
    ),
    "magma.core.learning.random": (
        "learning.random",
        "AbstractRandomGenerator TraceRandom ConnVarRandom",
    ),
    "magma.core.learning.utils": (
        "learning.utils",
        "stochastic_round apply_mask float_to_literal",
    ),
}

_COMPILER = {
    "magma.compiler.compiler": ("compiler.compiler", "Compiler"),
    "magma.compiler.executable": ("compiler.executable", "Executable"),
    "magma.compiler.exceptions": (
        "compiler.exceptions",
        "NoProcessModelFound ProcessAlreadyCompiled",
    ),
    "magma.compiler.node": ("compat.lava_names.node", "Node NodeConfig"),
    "magma.compiler.channels.pypychannel": (
        "channels.csp",
        "PyPyChannel CspSendPort CspRecvPort CspSelector",
    ),
    "magma.compiler.channels.interfaces": (
        "channels.interfaces",
        "AbstractCspPort AbstractCspSendPort AbstractCspRecvPort Channel ChannelType",
    ),
    "magma.compiler.channels.watchdog": (
        "compat.lava_names.watchdog",
        "WatchdogManagerBuilder NoOPWatchdogManager",
    ),
    "magma.compiler.subcompilers.constants": (
        "compiler.run_configs",
        "EMBEDDED_ALLOCATION_ORDER",
    ),
}

_RUNTIME = {
    "magma.runtime.runtime": ("runtime.runtime", "Runtime"),
    "magma.runtime.mgmt_token_enums": (
        "compat.lava_names.mgmt_token_enums",
        "enum_to_np enum_equal MGMT_COMMAND MGMT_RESPONSE",
    ),
    "magma.runtime.message_infrastructure.multiprocessing": (
        "compat.lava_names.message_infrastructure",
        "MultiProcessing SystemProcess",
    ),
    "magma.runtime.message_infrastructure.shared_memory_manager": (
        "compat.lava_names.shared_memory_manager",
        "SharedMemoryManager",
    ),
    "magma.runtime.message_infrastructure.factory": (
        "compat.lava_names.message_infrastructure",
        "MessageInfrastructureFactory",
    ),
    "magma.runtime.runtime_services.runtime_service": (
        "compat.lava_names.runtime_service",
        "PyRuntimeService LoihiPyRuntimeService AsyncPyRuntimeService",
    ),
    "magma.runtime.runtime_services.enums": (
        "compat.lava_names.runtime_service",
        "LoihiVersion LoihiPhase",
    ),
}

_LIBRARY = {
    "proc": ("proc", ""),
    "proc.lif.process": (
        "proc.lif.process",
        "AbstractLIF LIF LIFReset LIFRefractory TernaryLIF LearningLIF",
    ),
    "proc.lif.models": (
        "proc.lif.models",
        """AbstractPyLifModelFloat AbstractPyLifModelFixed PyLifModelFloat PyLifModelBitAcc
        PyLifResetModelFloat PyLifResetModelBitAcc PyLifRefractoryModelFloat PyTernLifModelFloat
        PyTernLifModelFixed PyLearningLifModelFloat PyLearningLIFModelFixed""",
    ),
    "proc.dense.process": ("proc.dense.process", "Dense LearningDense DelayDense"),
    "proc.dense.models": (
        "proc.dense.models",
        """AbstractPyDenseModelFloat AbstractPyDenseModelBitAcc PyDenseModelFloat PyDenseModelBitAcc
        PyLearningDenseModelFloat PyLearningDenseModelBitApproximate AbstractPyDelayDenseModel
        PyDelayDenseModelFloat PyDelayDenseModelBitAcc""",
    ),
    "proc.sparse.process": ("proc.sparse.process", "Sparse LearningSparse DelaySparse"),
    "proc.sparse.models": (
        "proc.sparse.models",
        """AbstractPySparseModelFloat AbstractPySparseModelBitAcc
        PySparseModelFloat PySparseModelBitAcc PyLearningSparseModelFloat
        PyLearningSparseModelBitApproximate AbstractPyDelaySparseModel PyDelaySparseModelFloat
        PyDelaySparseModelBitAcc""",
    ),
    "proc.learning_rules.stdp_learning_rule": (
        "proc.learning_rules.stdp_learning_rule",
        "STDPLoihi",
    ),
    "proc.learning_rules.r_stdp_learning_rule": (
        "proc.learning_rules.r_stdp_learning_rule",
        "RewardModulatedSTDP",
    ),
    "proc.io.source": ("proc.io.source", "RingBuffer PySendModelFloat PySendModelFixed"),
    "proc.io.sink": (
        "proc.io.sink",
        "RingBuffer Read PyReceiveModelFloat PyReceiveModelFixed PyReadFixed PyReadFloat",
    ),
    "proc.io.injector": (
        "proc.io.injector",
        "Injector PyLoihiInjectorModel PyLoihiInjectorModelAsync",
    ),
    "proc.io.extractor": (
        "proc.io.extractor",
        """Extractor VarWire PyLoihiExtractorModel PyLoihiExtractorModelAsync
        PyLoihiVarWireModel""",
    ),
    "proc.io.utils": (
        "proc.io.utils",
        """SendFull ReceiveEmpty ReceiveNotEmpty ChannelConfig validate_shape validate_buffer_size
        validate_channel_config send_full_blocking send_full_non_blocking_drop
        receive_empty_blocking receive_empty_non_blocking_zeros receive_not_empty_fifo
        receive_not_empty_accumulate""",
    ),
    "proc.io.dataloader": (
        "proc.io.dataloader",
        """AbstractDataloader SpikeDataloader StateDataloader AbstractPyDataloaderModel
        AbstractPySpikeDataloaderModel AbstractPyStateDataloaderModel PySpikeModelFixed
        PySpikeModelFloat PyStateModelFixed PyStateModelFloat""",
    ),
    "proc.io.encoder": (
        "proc.io.encoder",
        """DeltaEncoder Compression PyDeltaEncoderModelDense PyDeltaEncoderModelSparse
        decode_encode_delta_sparse_8""",
    ),
    "proc.io.reset": ("proc.io.reset", "Reset AbstractPyReset PyResetFixed PyResetFloat"),
    "proc.monitor.process": ("proc.monitor.process", "Monitor"),
    "proc.monitor.models": ("proc.monitor.models", "PyMonitorModel"),
    "proc.conv.process": ("proc.conv.process", "Conv"),
    "proc.conv.models": ("proc.conv.models", "PyConvModelFloat PyConvModelFixed"),
    "proc.conv.utils": (
        "proc.conv.utils",
        """make_tuple signed_clamp output_shape conv conv_scipy TensorOrder TORCH_IS_AVAILABLE
        conv_to_sparse""",
    ),
    "proc.sdn.process": ("proc.sdn.process", "ActivationMode Sigma Delta SigmaDelta"),
    "proc.sdn.models": (
        "proc.sdn.models",
        """AbstractSigmaModel AbstractDeltaModel AbstractSigmaDeltaModel PySigmaModelFloat
        PySigmaModelFixed PyDeltaModelFloat PyDeltaModelFixed PySigmaDeltaModelFloat
        PySigmaDeltaModelFixed PySigmaDeltaModelFixedCorrected ReLU""",
    ),
    "proc.rf.process": ("proc.rf.process", "RF"),
    "proc.rf.models": ("proc.rf.models", "PyRFModelFloat PyRFModelFixed"),
    "proc.rf_iz.process": ("proc.rf_iz.process", "RF_IZ"),
    "proc.rf_iz.models": ("proc.rf_iz.models", "PyRF_IZModelFloat PyRF_IZModelFixed"),
    "proc.atrlif.process": ("proc.atrlif.process", "ATRLIF"),
    "proc.atrlif.models": ("proc.atrlif.models", "PyATRLIFModelFloat PyATRLIFModelFixed"),
    "proc.graded.process": (
        "proc.graded.process",
        "GradedVec GradedReluVec NormVecDelay InvSqrt loihi2round",
    ),
    "proc.graded.models": (
        "proc.graded.models",
        """AbstractGradedVecModel PyGradedVecModelFixed PyGradedReluVecModelFixed NormVecDelayModel
        InvSqrtModelFloat
        InvSqrtModelFP inv_sqrt make_fpinv_table clz""",
    ),
    "proc.prodneuron.process": ("proc.prodneuron.process", "ProdNeuron"),
    "proc.prodneuron.models": ("proc.prodneuron.models", "PyProdNeuronModelFixed"),
    "proc.spiker.process": ("proc.spiker.process", "Spiker Spiker32bit"),
    "proc.spiker.models": ("proc.spiker.models", "SpikerModel"),
    "proc.receiver.process": ("proc.receiver.process", "Receiver Receiver32Bit"),
    "proc.receiver.models": ("proc.receiver.models", "ReceiverModel"),
    "proc.bit_check.process": ("proc.bit_check.process", "BitCheck"),
    "proc.bit_check.models": (
        "proc.bit_check.models",
        "AbstractBitCheckModel LoihiBitCheckModel",
    ),
    "proc.resfire.process": ("proc.resfire.process", "RFZero"),
    "proc.resfire.models": ("proc.resfire.models", "PyRFZeroModelFixed"),
    "proc.conv_in_time.process": ("proc.conv_in_time.process", "ConvInTime"),
    "proc.conv_in_time.models": (
        "proc.conv_in_time.models",
        "PyConvInTimeFloat PyConvInTimeFixed",
    ),
    "proc.clp.id_broadcast.process": ("proc.clp.id_broadcast.process", "IdBroadcast"),
    "proc.clp.id_broadcast.models": ("proc.clp.id_broadcast.models", "PyIdBroadcastModel"),
    "proc.clp.novelty_detector.process": ("proc.clp.novelty_detector.process", "NoveltyDetector"),
    "proc.clp.novelty_detector.models": (
        "proc.clp.novelty_detector.models",
        "PyNoveltyDetectorModel",
    ),
    "proc.clp.nsm.process": ("proc.clp.nsm.process", "Readout Allocator"),
    "proc.clp.nsm.models": ("proc.clp.nsm.models", "PyReadoutModel PyAllocatorModel"),
    "proc.clp.prototype_lif.process": ("proc.clp.prototype_lif.process", "PrototypeLIF"),
    "proc.clp.prototype_lif.models": ("proc.clp.prototype_lif.models", "PrototypeLIFBitAcc"),
    "proc.s4d.process": ("proc.s4d.process", "S4d SigmaS4dDelta SigmaS4dDeltaLayer"),
    "proc.s4d.models": (
        "proc.s4d.models",
        """AbstractS4dModel S4dModel AbstractSigmaS4dDeltaModel PySigmaS4dDeltaModelFloat
        SubSigmaS4dDeltaLayerModel""",
    ),
}

_NETWORKS = {
    "networks.network": (
        "networks.network",
        "Network NetworkList AlgebraicVector AlgebraicMatrix",
    ),
    "networks.gradedvecnetwork": (
        "networks.gradedvecnetwork",
        """InputVec OutputVec GradedVec GradedDense GradedSparse ProductVec LIFVec NormalizeNet""",
    ),
    "networks.resfire": ("networks.resfire", "ResFireVec"),
    "frameworks.loihi2": (
        """networks.gradedvecnetwork networks.resfire runtime.run_conditions
        compiler.run_configs""",
        """InputVec OutputVec GradedVec GradedDense GradedSparse ProductVec LIFVec NormalizeNet
        ResFireVec RunSteps RunContinuous Loihi2SimCfg Loihi2HwCfg""",
    ),
}

_UTILS = {
    "utils.serialization": ("utils.serialization", "save load SerializationObject"),
    "utils.sparse": ("utils.sparse", "find"),
    "utils.weightutils": (
        "utils.weightutils",
        """SignMode OptimizedWeights determine_sign_mode clip_weights truncate_weights
        optimize_weight_bits""",
    ),
    "utils.plots": ("utils.plots", "raster_plot"),
    "utils.profiler": ("compat.lava_names.profiler", "Profiler"),
    "utils.system": ("compat.lava_names.system", "Loihi2"),
    "utils.dataloader.mnist": ("utils.dataloader.mnist", "MnistDataset"),
    "utils.loihi": (
        "utils.loihi",
        "ChipGeneration host is_installed use_slurm_host use_ethernet_host",
    ),
    "utils.slurm": (
        "utils.slurm",
        """is_available enable disable set_board set_partition partition get_partitions get_boards
        get_partition_info get_board_info PartitionInfo BoardInfo try_run_command""",
    ),
}


_INNER = {
    "magma.compiler.builders.channel_builder": "ChannelBuilderMp RuntimeChannelBuilderMp",
    "magma.compiler.builders.interfaces": "AbstractProcessBuilder AbstractChannelBuilder",
    "magma.compiler.builders.py_builder": "PyProcessBuilder",
    "magma.compiler.builders.runtimeservice_builder": "RuntimeServiceBuilder",
    "magma.compiler.channel_map": "ChannelMap Payload PortPair",
    "magma.compiler.compiler_graphs": "ProcGroupDiGraphs",
    "magma.compiler.compiler_utils": "split_proc_builders_by_type",
    "magma.compiler.mappable_interface": "Mappable",
    "magma.compiler.mapper": "Mapper",
    "magma.compiler.subcompilers.address": "NcLogicalAddress NcVirtualAddress",
    "magma.compiler.subcompilers.channel_builders_factory": "ChannelBuildersFactory",
    "magma.compiler.subcompilers.channel_map_updater": "ChannelMapUpdater",
    "magma.compiler.subcompilers.exceptions": "",
    "magma.compiler.subcompilers.interfaces": "AbstractSubCompiler SubCompiler",
    "magma.compiler.subcompilers.py.pyproc_compiler": "PyProcCompiler",
    "magma.compiler.utils": "VarInitializer PortInitializer VarPortInitializer",
    "magma.compiler.var_model": "AbstractVarModel PyVarModel LoihiVarModel CVarModel NcVarModel",
    "magma.runtime.message_infrastructure.message_infrastructure_interface": (
        "MessageInfrastructureInterface"
    ),
    "magma.runtime.message_infrastructure.nx": "NxPyCompiler",
    "magma.runtime.runtime_services.channel_broker.channel_broker": "AbstractChannelBroker",
    "magma.runtime.runtime_services.interfaces": "AbstractRuntimeService",
}


def _build() -> dict[str, Alias]:
    table = {
        f"lava.{path}": Alias(names=tuple(names.split()), inner=True)
        for path, names in _INNER.items()
    }
    graphs = table["lava.magma.compiler.compiler_graphs"]
    table["lava.magma.compiler.compiler_graphs"] = Alias(
        ("lava_actor.compat.lava_names.compiler_graphs",), ("find_processes", *graphs.names), True
    )
    for rows in (
        _PROCESS, _MODEL, _LEARNING, _COMPILER, _RUNTIME, _LIBRARY, _NETWORKS, _UTILS,
    ):  # fmt: skip
        for path, (sources, names) in rows.items():
            ours = tuple(f"lava_actor.{source}" for source in sources.split())
            table[f"lava.{path}"] = Alias(ours, tuple(names.split()))
    for path in list(table):  # the packages above them
        while path := path.rpartition(".")[0]:
            table.setdefault(path, Alias())
    return dict(sorted(table.items()))


TABLE: dict[str, Alias] = _build()
"""Alias by full Lava path, packages included."""

PACKAGES: frozenset[str] = frozenset(path.rpartition(".")[0] for path in TABLE) - {""}
"""Paths of the table that have others below them."""
